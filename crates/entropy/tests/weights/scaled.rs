//! Statistics of quantised tensors are those of what their integers stand for.

use crate::models::model_of;
use espalier_entropy::{Group, Range, Run, ScaledBy, Scaling, Slice, Statistic, statistics};
use espalier_tensor::{Code, Job, Model};

const DIMS: [u64; 3] = [12, 50, 9];

struct Case {
    model: Model,
    by: ScaledBy,
}

/// Tensor 0 is quantised, 1 its scale, 2 its zero point, 3 what it stands for.
fn case(axis: usize, block: Option<u64>) -> Case {
    let mut random = fastrand::Rng::with_seed(axis as u64 + 7 * block.unwrap_or(0));
    let elements = DIMS.iter().product::<u64>();
    let mut places = match block {
        Some(_) => DIMS.to_vec(),
        None => vec![DIMS[axis]],
    };
    if let Some(block) = block {
        places[axis] = DIMS[axis].div_ceil(block);
    }
    let count = places.iter().product::<u64>();
    let integers: Vec<u8> = (0..elements).map(|_| random.u8(..)).collect();
    let scales: Vec<f32> = (0..count).map(|_| 0.01 + random.f32()).collect();
    let points: Vec<u8> = (0..count).map(|_| random.u8(..)).collect();
    let inner: u64 = DIMS[axis + 1..].iter().product();
    let place = |element: u64| {
        let (within, index) = (element % inner, element / inner % DIMS[axis]);
        let row = element / inner / DIMS[axis];
        block.map_or(index, |block| (row * DIMS[axis].div_ceil(block) + index / block) * inner + within)
            as usize
    };
    let real = |element: u64| {
        (f32::from(integers[element as usize]) - f32::from(points[place(element)])) * scales[place(element)]
    };
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let twin: Vec<f32> = (0..elements).map(real).collect();
    let tensors = [
        ("quantised", DIMS.to_vec(), 2, integers.clone()),
        ("scale", places.clone(), 1, bytes(&scales)),
        ("zero point", places, 2, points.clone()),
        ("twin", DIMS.to_vec(), 1, bytes(&twin)),
    ];
    let by = ScaledBy { scale: Some(1), zero_point: Some(2), axis, block };
    Case { model: model_of(tensors.into_iter()), by }
}

fn of(model: &Model, tensor: usize, axis: usize, scaling: Option<Scaling>, what: Statistic) -> Vec<Vec<f64>> {
    let classes = (0..DIMS[axis] as i32).collect();
    let slices = vec![Slice { tensor, axis, classes, scaling }];
    let group = Group { classes: DIMS[axis] as usize, slices };
    statistics(model, &[group], what, &Run::new(&Job::new())).expect("statistics")
}

#[test]
fn statistics_are_of_what_integers_stand_for() {
    let entropy = Statistic::Entropy { bins: 64, miller_madow: false, range: Range::Group };
    for along in 0..3 {
        for block in [None, Some(4), Some(1)] {
            let Case { model, by } = case(along, block);
            let scaling = Scaling::read(&model, 0, by).expect("a scaling");
            for axis in 0..3 {
                for what in [Statistic::Mass, Statistic::AbsSum, Statistic::SquareSum, entropy] {
                    let found = of(&model, 0, axis, Some(scaling.clone()), what);
                    assert_eq!(found, of(&model, 3, axis, None, what), "{along} {block:?} {axis} {what:?}");
                }
            }
        }
    }
}

#[test]
fn scales_that_do_not_fit_are_refused() {
    let Case { model, by } = case(0, None);
    let error = Scaling::read(&model, 0, ScaledBy { axis: 1, ..by }).expect_err("50 indices, 12 scales");
    assert_eq!(error.code(), Code::ModelMalformed);
    let error = Scaling::read(&model, 0, ScaledBy { axis: 3, ..by }).expect_err("no such axis");
    assert_eq!(error.code(), Code::Internal);
}
