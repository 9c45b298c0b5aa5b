//! Regressions: against the moments, refits and rounds that they are made of.

use crate::samples::{Samples, assert_close};
use espalier_solve::{Moments, Patches, Precision, Refit, Regression, Solving, ridge, ridge_near};
use espalier_tensor::{Code, Job};

const PLAIN: Solving = Solving { dampings: &[], damping: 1e-3, near: None, intercept: true, rounds: 0 };

fn parts_of(samples: &Samples, low: f32) -> Vec<f32> {
    let bounds = vec![low; samples.outputs];
    samples.y.chunks_exact(samples.outputs).flat_map(|y| y.iter().chain(&bounds).copied()).collect()
}

/// The mean of (max(y, 0) - max(answer, 0))² and of the distance to what looks the same behind the ReLU.
fn rectified(samples: &Samples, refit: &Refit) -> f64 {
    let Samples { inputs, outputs, .. } = *samples;
    let mut sum = 0.0;
    for (x, y) in samples.x.chunks_exact(inputs).zip(samples.y.chunks_exact(outputs)) {
        for (o, &y) in y.iter().enumerate() {
            let weights = &refit.weights[o * inputs..][..inputs];
            let answer = refit.bias[o] + x.iter().zip(weights).map(|(&x, w)| f64::from(x) * w).sum::<f64>();
            let wanted = if y <= 0.0 { answer.min(0.0) } else { f64::from(y) };
            sum += (wanted - answer).powi(2);
        }
    }
    sum / samples.rows() as f64
}

#[test]
fn without_bounds_it_is_the_ridge_of_all_examples() {
    for (rows, inputs, outputs) in [(60, 3, 2), (700, 40, 5)] {
        let samples = Samples::random(rows as u64, rows, inputs, outputs);
        let mut found = Regression::new(inputs, outputs, 1, Precision::Double).expect("a regression");
        for (index, start) in (0..rows).step_by(25).enumerate() {
            let end = rows.min(start + 25);
            let (x, y) =
                (&samples.x[start * inputs..end * inputs], &samples.y[start * outputs..end * outputs]);
            found.add(x.to_vec(), y.to_vec(), None, index % 4 == 3).expect("a batch");
        }
        let all: Vec<usize> = (0..inputs).collect();
        let solved = found.solve(&PLAIN, &Job::new()).expect("a solution");
        let expected = ridge(&samples.moments(), &all, 1e-3, &Job::new()).expect("a refit");
        assert_close(&solved.refit.weights, &expected.weights, 1e-8);
        assert_close(&solved.refit.bias, &expected.bias, 1e-8);
        assert_close(&solved.means, &samples.moments().input_means(), 1e-9);
        let near: Vec<f64> = (0..inputs * outputs).map(|i| i as f64 / 100.0).collect();
        let solving = Solving { near: Some(&near), damping: 0.3, ..PLAIN };
        let solved = found.solve(&solving, &Job::new()).expect("a solution");
        let expected = ridge_near(&samples.moments(), &all, &near, 0.3, true, &Job::new()).expect("a refit");
        assert_close(&solved.refit.weights, &expected.weights, 1e-8);
    }
}

#[test]
fn patches_are_their_rows() {
    let patches = |every| Patches {
        batch: 4,
        channels: 2,
        lengths: vec![9, 7],
        kernel: vec![3, 2],
        strides: vec![1, 2],
        dilations: vec![1, 1],
        pads: vec![(1, 1), (0, 1)],
        every,
    };
    for every in [1, 2] {
        let patches = patches(every);
        let (inputs, outputs) = (patches.inputs(), 3);
        let positions: usize = patches.output_lengths().expect("lengths").iter().product();
        let mut random = fastrand::Rng::with_seed(9);
        let mut values = |count: usize| -> Vec<f32> { (0..count).map(|_| random.f32() - 0.5).collect() };
        let (x, y) = (values(4 * 2 * 63), values(4 * outputs * positions));
        let mut moments = Moments::new(inputs, outputs, Precision::Double).expect("moments");
        moments.add_patches(&x, &y, &patches, &Job::new()).expect("a batch");
        let all: Vec<usize> = (0..inputs).collect();
        let expected = ridge(&moments, &all, 1e-3, &Job::new()).expect("a refit");
        let mut found = Regression::new(inputs, outputs, 1, Precision::Double).expect("a regression");
        found.add(x, y, Some(&patches), false).expect("a batch");
        let solved = found.solve(&PLAIN, &Job::new()).expect("a solution");
        assert_close(&solved.refit.weights, &expected.weights, 1e-9);
    }
}

#[test]
fn what_is_held_out_chooses_the_damping() {
    // Sixty examples that are noise where the held out ones are not: only the largest damping does no harm.
    let (inputs, outputs) = (20, 2);
    let (noise, clean) = (Samples::random(1, 60, inputs, outputs), Samples::random(2, 500, inputs, outputs));
    let mut found = Regression::new(inputs, outputs, 1, Precision::Double).expect("a regression");
    let mut random = fastrand::Rng::with_seed(3);
    let far: Vec<f32> = noise.y.iter().map(|_| 20.0 * (random.f32() - 0.5)).collect();
    found.add(noise.x.clone(), far.clone(), None, false).expect("a batch");
    found.add(clean.x.clone(), clean.y.clone(), None, true).expect("a batch");
    let fits = Samples { inputs, outputs, x: noise.x, y: far }.moments();
    let all: Vec<usize> = (0..inputs).collect();
    let dampings = [1e-6, 1e-2, 1.0, 100.0];
    let error = |damping: f64| -> f64 {
        let refit = ridge(&fits, &all, damping, &Job::new()).expect("a refit");
        refit.errors(&clean.moments(), &all).expect("errors").iter().sum()
    };
    let best = dampings.into_iter().min_by(|&a, &b| error(a).total_cmp(&error(b))).expect("one of four");
    let solved = found.solve(&Solving { dampings: &dampings, ..PLAIN }, &Job::new()).expect("a solution");
    assert_eq!(solved.refit.damping, best);
}

#[test]
fn rounds_bring_the_rectified_error_down_faster_than_plain_ones() {
    for seed in 0..6 {
        let whole = Samples::random(seed, 1500, 16, 4);
        // Half of the inputs have left, so that there is an error.
        let x: Vec<f32> = whole.x.chunks_exact(16).flat_map(|row| row[..8].to_vec()).collect();
        let samples = Samples { inputs: 8, outputs: 4, x, y: whole.y.iter().map(|y| y - 1.0).collect() };
        let mut found = Regression::new(8, 4, 2, Precision::Double).expect("a regression");
        found.add(samples.x.clone(), parts_of(&samples, 0.0), None, false).expect("a batch");
        let error = |rounds: usize| {
            let solving = Solving { damping: 0.0, rounds, ..PLAIN };
            rectified(&samples, &found.solve(&solving, &Job::new()).expect("a solution").refit)
        };
        let errors: Vec<f64> = (0..6).map(error).collect();
        assert!(errors.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-9)), "{seed}: {errors:?}");
        // Without relaxation more of them are needed.
        let (mut moments, all) = (samples.moments(), (0..8).collect::<Vec<_>>());
        let joined = parts_of(&samples, 0.0);
        for _ in 0..3 {
            let refit = ridge(&moments, &all, 0.0, &Job::new()).expect("a refit");
            moments.clear_targets();
            moments.add_clipped((&samples.x, &joined), 2, None, &refit, &Job::new()).expect("a batch");
        }
        let plain = rectified(&samples, &ridge(&moments, &all, 0.0, &Job::new()).expect("a refit"));
        assert!(errors[3] < plain, "{seed}: {errors:?}, {plain} after three");
    }
}

#[test]
fn bounds_that_never_clip_change_nothing() {
    let samples = Samples::random(4, 300, 6, 3);
    let mut bounded = Regression::new(6, 3, 2, Precision::Single).expect("a regression");
    let mut plain = Regression::new(6, 3, 1, Precision::Single).expect("a regression");
    bounded.add(samples.x.clone(), parts_of(&samples, f32::NEG_INFINITY), None, false).expect("a batch");
    plain.add(samples.x.clone(), samples.y.clone(), None, false).expect("a batch");
    let solved = |regression: &Regression| {
        regression.solve(&Solving { rounds: 3, ..PLAIN }, &Job::new()).expect("a solution").refit
    };
    assert_close(&solved(&bounded).weights, &solved(&plain).weights, 1e-5);
}

#[test]
fn what_does_not_fit_is_refused() {
    let code = |result: espalier_tensor::Result<()>| result.map_err(|error| error.code());
    let mut regression = Regression::new(2, 1, 2, Precision::Double).expect("a regression");
    assert_eq!(code(regression.add(vec![1.0; 4], vec![1.0; 3], None, false)), Err(Code::Internal));
    assert_eq!(code(regression.add(vec![1.0, f32::NAN], vec![1.0; 2], None, true)), Err(Code::NonFinite));
    let nothing = regression.solve(&PLAIN, &Job::new()).map(|_| ());
    assert_eq!(code(nothing), Err(Code::OptionInvalid));
    regression.add(vec![1.0; 4], vec![f32::NAN, 0.0, 1.0, 0.0], None, false).expect("a batch");
    assert_eq!(code(regression.solve(&PLAIN, &Job::new()).map(|_| ())), Err(Code::NonFinite));
    assert_eq!(code(Regression::new(2, 1, 4, Precision::Double).map(|_| ())), Err(Code::Internal));
}
