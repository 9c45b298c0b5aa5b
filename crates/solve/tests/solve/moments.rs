use crate::reference;
use crate::samples::{Samples, assert_close, covariances};
use espalier_solve::{Moments, Patches, Precision, sampled};
use espalier_tensor::{Code, Job};

#[test]
fn covariances_are_those_of_the_definition() {
    for (seed, rows, inputs, outputs) in [(1, 5, 1, 1), (2, 300, 33, 7), (3, 4500, 40, 0), (4, 70, 150, 140)]
    {
        let samples = Samples::random(seed, rows, inputs, outputs);
        let (c, r) = reference::covariances(&samples);
        let (c, r) = (c.concat(), r.concat());
        for (precision, tolerance) in [(Precision::Double, 1e-12), (Precision::Single, 1e-5)] {
            let moments = samples.moments_in(precision);
            assert_eq!(moments.count(), rows as u64);
            let (own, cross) = covariances(&moments);
            assert_close(&own, &c, tolerance);
            assert_close(&cross, &r, tolerance);
        }
    }
}

#[test]
fn a_large_mean_costs_no_digits() {
    let small = Samples::random(1, 500, 8, 3);
    let far = |v: &mut [f32]| v.iter_mut().for_each(|v| *v = (*v * 1024.0).round() / 1024.0 + 4096.0);
    let near = |v: &mut [f32]| v.iter_mut().for_each(|v| *v = (*v * 1024.0).round() / 1024.0);
    let near = small.with(near);
    let (expected, _) = covariances(&near.moments());
    let far = near.with(far);
    let (found, _) = covariances(&far.moments());
    assert_close(&found, &expected, 1e-11);
    let (found, _) = covariances(&far.moments_in(Precision::Single));
    assert_close(&found, &expected, 1e-5);
}

#[test]
fn merging_is_adding() {
    let samples = Samples::random(7, 400, 20, 6);
    let part = |from: usize, to: usize| {
        let mut moments = Moments::new(20, 6, Precision::Double).expect("moments");
        let (x, y) = (&samples.x[from * 20..to * 20], &samples.y[from * 6..to * 6]);
        moments.add(x, y, &Job::new()).expect("a batch");
        moments
    };
    let mut added = Moments::new(20, 6, Precision::Double).expect("moments");
    for (from, to) in [(0, 130), (130, 131), (131, 400)] {
        let (x, y) = (&samples.x[from * 20..to * 20], &samples.y[from * 6..to * 6]);
        added.add(x, y, &Job::new()).expect("a batch");
    }
    let mut merged = Moments::new(20, 6, Precision::Double).expect("moments");
    merged.merge(&part(0, 130)).expect("merged");
    merged.merge(&Moments::new(20, 6, Precision::Double).expect("moments")).expect("merged");
    merged.merge(&part(130, 131)).expect("merged");
    merged.merge(&part(131, 400)).expect("merged");
    let whole = samples.moments();
    for moments in [added, merged] {
        assert_eq!(moments.count(), 400);
        let ((own, cross), (c, r)) = (covariances(&moments), covariances(&whole));
        assert_close(&own, &c, 1e-13);
        assert_close(&cross, &r, 1e-13);
        assert_close(&moments.input_means(), &whole.input_means(), 1e-13);
        assert_close(&moments.output_means(), &whole.output_means(), 1e-13);
        assert_close(&moments.output_variances(), &whole.output_variances(), 1e-13);
        assert_close(&moments.input_variances(), &whole.input_variances(), 1e-13);
    }
}

/// Patches written out the plain way, of a convolution over any number of axes.
pub fn im2col(x: &[f32], p: &Patches) -> Vec<f32> {
    let out = p.output_lengths().expect("lengths");
    let plane: usize = p.lengths.iter().product();
    let at = |mut index: usize, lengths: &[usize]| -> Vec<usize> {
        let mut all: Vec<usize> = Vec::new();
        for &length in lengths.iter().rev() {
            all.insert(0, index % length);
            index /= length;
        }
        all
    };
    let mut rows = Vec::new();
    let (positions, taps) = (out.iter().product::<usize>(), p.kernel.iter().product::<usize>());
    for index in 0..(p.batch * positions).div_ceil(p.every) {
        let position = p.taken(index, p.batch * positions);
        let (image, position) = (position / positions, at(position % positions, &out));
        for channel in 0..p.channels {
            for tap in 0..taps {
                let tap = at(tap, &p.kernel);
                let mut place = Some(0);
                for d in 0..tap.len() {
                    let index = position[d] * p.strides[d] + tap[d] * p.dilations[d];
                    let index = index as isize - p.pads[d].0 as isize;
                    let inside = index >= 0 && (index as usize) < p.lengths[d];
                    place = place.filter(|_| inside).map(|place| place * p.lengths[d] + index as usize);
                }
                rows.push(place.map_or(0.0, |place| x[(image * p.channels + channel) * plane + place]));
            }
        }
    }
    rows
}

#[test]
fn patches_are_rows_of_im2col() {
    let geometry =
        |lengths: &[usize], kernel: &[usize], stride: usize, dilation: usize, pad: (usize, usize)| Patches {
            batch: 3,
            channels: 4,
            lengths: lengths.to_vec(),
            kernel: kernel.to_vec(),
            strides: vec![stride; kernel.len()],
            dilations: vec![dilation; kernel.len()],
            pads: vec![pad; kernel.len()],
            every: 1,
        };
    let mut random = fastrand::Rng::with_seed(9);
    let all = [
        geometry(&[9], &[3], 2, 1, (1, 1)),
        geometry(&[7, 5], &[1, 1], 1, 1, (0, 0)),
        geometry(&[7, 8], &[3, 3], 1, 1, (1, 1)),
        geometry(&[7, 8], &[3, 2], 2, 2, (0, 3)),
        geometry(&[3, 4, 5], &[2, 3, 1], 1, 1, (1, 0)),
        Patches { every: 5, ..geometry(&[7, 8], &[3, 3], 1, 1, (1, 1)) },
        // All of a patch may lie beyond the edges.
        geometry(&[2, 2], &[2, 2], 1, 1, (3, 3)),
    ];
    for patches in all {
        let outputs = 3;
        let positions: usize = patches.output_lengths().expect("lengths").iter().product();
        let plane: usize = patches.lengths.iter().product();
        let mut values = |count: usize| -> Vec<f32> { (0..count).map(|_| random.f32()).collect() };
        let (x, y) = (values(3 * 4 * plane), values(3 * outputs * positions));
        let mut found = Moments::new(patches.inputs(), outputs, Precision::Double).expect("moments");
        found.add_patches(&x, &y, &patches, &Job::new()).expect("a batch");

        let rows = im2col(&x, &patches);
        assert_eq!(sampled(&x, &patches).expect("rows"), rows);
        assert_eq!(sampled(&x[1..], &patches).expect_err("refused").code(), Code::Internal);
        let targets: Vec<f32> = (0..(3 * positions).div_ceil(patches.every))
            .map(|index| patches.taken(index, 3 * positions))
            .flat_map(|at| {
                (0..outputs).map(move |o| (at / positions * outputs + o) * positions + at % positions)
            })
            .map(|place| y[place])
            .collect();
        let mut expected = Moments::new(patches.inputs(), outputs, Precision::Double).expect("moments");
        expected.add(&rows, &targets, &Job::new()).expect("a batch");
        assert_eq!(found.count(), expected.count());
        assert_eq!(covariances(&found), covariances(&expected), "{patches:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused_and_adds_nothing() {
    let job = &Job::new();
    let mut moments = Moments::new(2, 1, Precision::Double).expect("moments");
    let mut code = |x: &[f32], y: &[f32]| moments.add(x, y, job).expect_err("refused").code();
    assert_eq!(code(&[1.0, 2.0, 3.0], &[1.0]), Code::Internal);
    assert_eq!(code(&[1.0, 2.0], &[1.0, 2.0]), Code::Internal);
    assert_eq!(code(&[1.0, f32::NAN], &[1.0]), Code::NonFinite);
    assert_eq!(code(&[1.0, 2.0], &[f32::INFINITY]), Code::NonFinite);
    let mut long = vec![0.0; 100_000];
    long[70_001] = f32::NAN;
    let error = moments.add(&long, &[0.0; 50_000], job).expect_err("refused");
    assert_eq!(error.what(), "an input of the calibration is NaN at 70001 of its batch");
    assert_eq!(moments.count(), 0);

    let patches = Patches {
        batch: 1,
        channels: 2,
        lengths: vec![3],
        kernel: vec![1],
        strides: vec![1],
        dilations: vec![1],
        pads: vec![(0, 0)],
        every: 1,
    };
    let mut code = |patches: Patches| {
        moments.add_patches(&[0.0; 6], &[0.0; 3], &patches, job).map_err(|error| error.code())
    };
    assert_eq!(code(Patches { kernel: vec![2], ..patches.clone() }), Err(Code::Internal));
    assert_eq!(code(Patches { strides: vec![0], ..patches.clone() }), Err(Code::Internal));
    assert_eq!(code(Patches { strides: vec![2], ..patches.clone() }), Err(Code::Internal));
    assert_eq!(code(Patches { dilations: vec![], ..patches.clone() }), Err(Code::Internal));
    assert_eq!(
        code(Patches { channels: 1, kernel: vec![2], lengths: vec![1], ..patches.clone() }),
        Err(Code::Internal)
    );
    assert_eq!(code(Patches { batch: usize::MAX, ..patches.clone() }), Err(Code::Internal));
    assert_eq!(code(Patches { every: 0, ..patches.clone() }), Err(Code::Internal));
    assert_eq!(code(patches), Ok(()));

    let other = Moments::new(2, 2, Precision::Double).expect("moments");
    assert_eq!(moments.merge(&other).expect_err("refused").code(), Code::Internal);
    assert_eq!(Moments::new(1 << 20, 1, Precision::Double).expect_err("refused").code(), Code::OptionInvalid);
    job.cancel();
    assert_eq!(moments.add(&[0.0; 2], &[0.0], job).expect_err("stopped").code(), Code::Aborted);
}

/// One of each `every`, and of a map whose width they divide not always the same columns.
#[test]
fn positions_are_spread() {
    for (every, width, height) in [(1, 8, 8), (2, 32, 32), (8, 8, 8), (7, 56, 56), (64, 64, 40)] {
        let patches = Patches {
            batch: 4,
            channels: 1,
            lengths: vec![height, width],
            kernel: vec![1, 1],
            strides: vec![1, 1],
            dilations: vec![1, 1],
            pads: vec![(0, 0); 2],
            every,
        };
        let positions = 4 * width * height;
        let count = positions.div_ceil(every);
        let taken: Vec<usize> = (0..count).map(|index| patches.taken(index, positions)).collect();
        assert!(taken.iter().enumerate().all(|(index, at)| at / every == index && *at < positions));
        let mut columns = vec![0; width];
        taken.iter().for_each(|at| columns[at % width] += 1);
        let (fewest, most) = (columns.iter().min().expect("one"), columns.iter().max().expect("one"));
        let mean = count as f64 / width as f64;
        assert!(f64::from(*fewest) > 0.5 * mean - 2.0 && f64::from(*most) < 1.5 * mean + 2.0, "{columns:?}");
    }
}
