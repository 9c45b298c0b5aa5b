use crate::reference;
use crate::samples::{Samples, assert_close, covariances};
use espalier_solve::{Moments, Precision, Refit, ridge, ridge_through_zero};
use espalier_tensor::{Code, Job};

/// W [out, in], and W x of each sample.
fn responses(samples: &Samples, outputs: usize, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let mut random = fastrand::Rng::with_seed(seed);
    // Sums of few products of eighths are exact in f32, so that the targets are those of `respond` to the last digit.
    let weights: Vec<f32> = (0..outputs * samples.inputs).map(|_| random.i32(-8..=8) as f32 / 8.0).collect();
    let rows = samples.x.chunks_exact(samples.inputs);
    let y = rows.flat_map(|x| {
        weights.chunks_exact(samples.inputs).map(|w| x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>())
    });
    (weights.clone(), y.collect())
}

/// Inputs that are small multiples of an eighth.
fn eighths(seed: u64, rows: usize, inputs: usize, shift: f32) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..rows * inputs).map(|_| random.i32(-16..=16) as f32 / 8.0 + shift).collect()
}

#[test]
fn responses_are_added_targets() {
    for (rows, inputs, outputs, shift) in
        [(1, 3, 2, 0.0), (40, 1, 1, 5.0), (700, 90, 70, 3.0), (300, 5, 0, 0.0)]
    {
        let x = eighths(rows as u64, rows, inputs, shift);
        let plain = Samples { inputs, outputs: 0, x, y: Vec::new() };
        let (weights, y) = responses(&plain, outputs, 1);
        let mut found = plain.moments();
        found.respond(&weights, outputs).expect("responses");
        let expected = Samples { outputs, y, x: plain.x.clone(), ..plain }.moments();
        assert_eq!((found.count(), found.outputs()), (expected.count(), outputs));
        let (own, cross) = covariances(&found);
        let (c, r) = covariances(&expected);
        assert_eq!(own, c);
        assert_close(&cross, &r, 1e-9);
        assert_close(&found.input_means(), &expected.input_means(), 1e-12);
        assert_close(&found.output_means(), &expected.output_means(), 1e-9);
        assert_close(&found.output_variances(), &expected.output_variances(), 1e-9);
        if outputs > 0 && rows > inputs {
            let all: Vec<usize> = (0..inputs).collect();
            let refit = ridge(&found, &all, 0.0, &Job::new()).expect("a refit");
            assert_close(&refit.weights, &weights.iter().map(|&w| f64::from(w)).collect::<Vec<_>>(), 1e-6);
            assert_close(&refit.bias, &vec![0.0; outputs], 1e-6);
        }
    }
}

#[test]
fn responses_replace_targets_and_can_be_merged() {
    let x = eighths(3, 60, 6, 1.0);
    let samples = Samples { inputs: 6, outputs: 2, y: vec![7.0; 120], x };
    let (weights, y) = responses(&samples, 3, 2);
    let mut found = samples.moments();
    found.respond(&weights, 3).expect("responses");
    let expected = Samples { inputs: 6, outputs: 3, x: samples.x.clone(), y }.moments();
    assert_close(&covariances(&found).1, &covariances(&expected).1, 1e-9);
    // What was made from parts can still be put together.
    let half = |from: usize, to: usize| {
        let x = samples.x[from * 6..to * 6].to_vec();
        let mut own = Samples { inputs: 6, outputs: 0, x, y: Vec::new() }.moments();
        own.respond(&weights, 3).expect("responses");
        own
    };
    let mut merged = half(0, 25);
    merged.merge(&half(25, 60)).expect("alike");
    assert_close(&covariances(&merged).1, &covariances(&expected).1, 1e-9);
    assert_close(&merged.output_means(), &expected.output_means(), 1e-9);
    assert_close(&merged.output_variances(), &expected.output_variances(), 1e-9);
}

#[test]
fn responses_that_do_not_fit_are_refused_and_change_nothing() {
    let samples = Samples::random(4, 30, 5, 2);
    let mut moments = samples.moments();
    let before = covariances(&moments);
    assert_eq!(moments.respond(&[0.0; 11], 2).unwrap_err().code(), Code::Internal);
    assert_eq!(moments.respond(&[], 1 << 30).unwrap_err().code(), Code::OptionInvalid);
    assert_eq!(covariances(&moments), before);
    assert_eq!(moments.outputs(), 2);
}

/// Normal equations of sums about zero: (Σ x xᵀ / n + λ I) w = Σ x y / n.
fn through_zero(samples: &Samples, keep: &[usize], damping: f64) -> Vec<f64> {
    let (n, rows) = (samples.inputs, samples.rows());
    let x = |row: usize, i: usize| f64::from(samples.x[row * n + i]);
    let y = |row: usize, o: usize| f64::from(samples.y[row * samples.outputs + o]);
    let mean = |of: &dyn Fn(usize) -> f64| (0..rows).map(of).sum::<f64>() / rows as f64;
    let mut left: reference::Matrix =
        keep.iter().map(|&i| keep.iter().map(|&j| mean(&|row| x(row, i) * x(row, j))).collect()).collect();
    let right: reference::Matrix = keep
        .iter()
        .map(|&i| (0..samples.outputs).map(|o| mean(&|row| x(row, i) * y(row, o))).collect())
        .collect();
    let lambda = reference::lambda(&left, damping);
    (0..keep.len()).for_each(|i| left[i][i] += lambda);
    let solved = reference::solve(left, right);
    (0..samples.outputs).flat_map(|o| solved.iter().map(move |row| row[o]).collect::<Vec<_>>()).collect()
}

#[test]
fn a_refit_through_zero_solves_the_normal_equations() {
    for (inputs, keep, damping) in
        [(1, vec![0], 0.0), (12, vec![7, 0, 3], 1e-3), (40, (0..40).rev().collect::<Vec<_>>(), 1e-2)]
    {
        let samples = Samples::random(inputs as u64 + 5, 4 * inputs + 30, inputs, 3);
        let refit = ridge_through_zero(&samples.moments(), &keep, damping, &Job::new()).expect("a refit");
        assert_eq!(refit.damping, damping);
        assert_close(&refit.weights, &through_zero(&samples, &keep, damping), 1e-8);
        assert_eq!(refit.bias, [0.0; 3]);
    }
}

#[test]
fn through_zero_is_best_of_those_without_bias_and_worse_than_with() {
    let samples = Samples::random(9, 200, 8, 2);
    let moments = samples.moments();
    let all: Vec<usize> = (0..8).collect();
    let sum = |refit: &Refit| refit.errors(&moments, &all).expect("errors").iter().sum::<f64>();
    let zero = ridge_through_zero(&moments, &all, 0.0, &Job::new()).expect("a refit");
    let free = ridge(&moments, &all, 0.0, &Job::new()).expect("a refit");
    assert!(sum(&free) < sum(&zero), "{} {}", sum(&free), sum(&zero));
    for at in 0..zero.weights.len() {
        for step in [-1e-3, 1e-3] {
            let mut other = zero.clone();
            other.weights[at] += step;
            assert!(sum(&other) > sum(&zero), "{at}");
        }
    }
    // Nothing to go by.
    let none = ridge_through_zero(&moments, &[], 0.0, &Job::new()).expect("a refit");
    assert_eq!((none.weights.len(), none.bias), (0, vec![0.0; 2]));
    let empty = Moments::new(3, 1, Precision::Double).expect("moments");
    let refused = ridge_through_zero(&empty, &[0], 0.0, &Job::new()).unwrap_err();
    assert_eq!(refused.code(), Code::OptionInvalid);
}

#[test]
fn scaled_targets_are_those_that_were_added_so() {
    let samples = Samples::random(8, 200, 5, 3);
    let factors = [2.0, 0.0, -0.5];
    let y = samples.y.iter().enumerate().map(|(i, y)| y * factors[i % 3] as f32).collect();
    let expected = Samples { inputs: 5, outputs: 3, x: samples.x.clone(), y }.moments();
    let mut found = samples.moments();
    found.scale_targets(&factors).expect("factors");
    assert_close(&covariances(&found).1, &covariances(&expected).1, 1e-9);
    assert_close(&found.output_means(), &expected.output_means(), 1e-9);
    assert_close(&found.output_variances(), &expected.output_variances(), 1e-9);
    assert!(found.scale_targets(&factors[1..]).is_err());
}

#[test]
fn compact_moments_are_those_of_double_precision() {
    for inputs in [3, 40, 300] {
        let samples = Samples::random(inputs as u64, 900, inputs, 4);
        let (found, expected) = (samples.moments_in(Precision::Compact), samples.moments());
        let (own, cross) = covariances(&found);
        let (c, r) = covariances(&expected);
        assert_close(&own, &c, 2e-6);
        assert_close(&cross, &r, 2e-6);
        let mut both = found.clone();
        both.merge(&expected).expect("the same lengths");
        assert_close(&covariances(&both).0, &c, 2e-6);
        let (mut found, mut expected) = (found, expected);
        let weights = Samples::random(1, 6, inputs, 0).x;
        found.respond(&weights, 6).expect("targets");
        expected.respond(&weights, 6).expect("targets");
        assert_close(&covariances(&found).1, &covariances(&expected).1, 2e-6);
    }
}
