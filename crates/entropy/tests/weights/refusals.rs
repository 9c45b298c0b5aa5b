//! What is refused, and with which words.

use crate::models::{Tensor, model, model_of};
use espalier_entropy::{Group, Range, Run, Slice, Statistic, statistics};
use espalier_tensor::{Code, Error, Job, Model};

const ENTROPY: Statistic = Statistic::Entropy { bins: 256, miller_madow: false, range: Range::Group };

fn refusal(model: &Model, slice: Slice, statistic: Statistic) -> Error {
    let group = Group { classes: 4, slices: vec![slice] };
    statistics(model, &[group], statistic, &Run::new(&Job::new())).expect_err("a refusal")
}

#[test]
fn the_first_value_that_is_not_finite_is_named() {
    for (dims, bad, place) in [
        (vec![4u64, 3, 40], [250usize, 470], "[2, 0, 10]"),
        (vec![2, 4, 2], [5, 9], "[0, 2, 1]"),
        (vec![4], [3, 3], "[3]"),
        (vec![1500, 4, 100], [599_999, 600_000], "[1499, 3, 99]"),
        (vec![4, 400_000], [70_001, 1_500_000], "[0, 70001]"),
    ] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut tensor = Tensor::random("layer.weight", &dims, 1, 1.0, 0.0);
            for bad in bad {
                if let Some(at) = tensor.values.get_mut(bad) {
                    *at = value;
                }
            }
            let axis = dims.iter().position(|&length| length == 4).unwrap_or(0);
            let model = model(&[tensor]);
            for statistic in [
                ENTROPY,
                Statistic::Mass,
                Statistic::AbsSum,
                Statistic::SquareSum,
                Statistic::Variance,
                Statistic::Distance,
            ] {
                let slice = Slice { tensor: 0, axis, classes: vec![0, 1, 2, 3], scaling: None };
                let error = refusal(&model, slice, statistic);
                assert_eq!(error.code(), Code::NonFinite);
                assert!(error.what().contains(place), "{}", error.what());
                assert_eq!(error.place().tensor.as_deref(), Some("layer.weight"));
            }
        }
    }
}

#[test]
fn what_belongs_to_no_class_may_be_anything() {
    let mut tensor = Tensor::random("w", &[4, 3, 50], 1, 1.0, 0.0);
    tensor.values[170] = f32::NAN; // index 1 of axis 0, 0 of axis 1
    let model = model(&[tensor]);
    for statistic in [ENTROPY, Statistic::AbsSum, Statistic::Variance, Statistic::Distance] {
        for (axis, classes) in [(0, vec![0, -1, 0, 1]), (1, vec![-1, 2, 1])] {
            let group = Group { classes: 3, slices: vec![Slice { tensor: 0, axis, classes, scaling: None }] };
            let found = statistics(&model, &[group], statistic, &Run::new(&Job::new())).expect("statistics");
            assert!(found[0].iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn requests_that_contradict_the_model() {
    let model = model(&[Tensor::random("w", &[4, 2], 1, 1.0, 0.0)]);
    for slice in [
        Slice { tensor: 9, axis: 0, classes: vec![0; 4], scaling: None },
        Slice { tensor: 0, axis: 2, classes: vec![0; 4], scaling: None },
        Slice { tensor: 0, axis: 0, classes: vec![0; 3], scaling: None },
        Slice { tensor: 0, axis: 0, classes: vec![0, 1, 2, 4], scaling: None },
        Slice { tensor: 0, axis: 0, classes: vec![0, 1, 2, -2], scaling: None },
    ] {
        assert_eq!(refusal(&model, slice, ENTROPY).code(), Code::Internal);
    }
    for bins in [0, 1, 65_537] {
        let statistic = Statistic::Entropy { bins, miller_madow: false, range: Range::Group };
        let slice = Slice { tensor: 0, axis: 0, classes: vec![0; 4], scaling: None };
        assert_eq!(refusal(&model, slice, statistic).code(), Code::OptionInvalid);
    }
}

#[test]
fn complex_numbers_have_no_statistics() {
    let model = model_of([("c", vec![4], 14, vec![0; 32])].into_iter());
    let error =
        refusal(&model, Slice { tensor: 0, axis: 0, classes: vec![0; 4], scaling: None }, Statistic::AbsSum);
    assert_eq!(error.code(), Code::ModelUnsupported);
}

#[test]
fn a_cancelled_job_stops() {
    let model = model(&[Tensor::random("w", &[4, 1000], 1, 1.0, 0.0)]);
    let job = Job::new();
    job.cancel();
    let group =
        Group { classes: 4, slices: vec![Slice { tensor: 0, axis: 0, classes: vec![0; 4], scaling: None }] };
    for statistic in [ENTROPY, Statistic::AbsSum] {
        let error = statistics(&model, std::slice::from_ref(&group), statistic, &Run::new(&job));
        assert_eq!(error.expect_err("a refusal").code(), Code::Aborted);
    }
}
