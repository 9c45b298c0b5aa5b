use crate::reference;
use crate::samples::{Samples, assert_close};
use espalier_solve::{Moments, Precision, ridge, ridge_near, ridge_through_zero};
use espalier_tensor::{Code, Job};

#[test]
fn a_refit_is_that_of_the_definition() {
    // Panels of Cholesky are 32 wide at least: sizes below, at and beyond them.
    for (inputs, kept) in [(1, 1), (31, 20), (40, 32), (80, 65), (330, 300)] {
        let samples = Samples::random(inputs as u64, inputs + 200, inputs, 5);
        let (c, r) = reference::covariances(&samples);
        let mut keep: Vec<usize> = (0..inputs).collect();
        fastrand::Rng::with_seed(1).shuffle(&mut keep);
        keep.truncate(kept);
        let part: reference::Matrix = keep.iter().map(|&i| keep.iter().map(|&j| c[i][j]).collect()).collect();
        let expected = reference::weights(&c, &r, &keep, reference::lambda(&part, 1e-3));
        let refit = ridge(&samples.moments(), &keep, 1e-3, &Job::new()).expect("a refit");
        assert_eq!(refit.damping, 1e-3);
        let transposed: Vec<f64> = (0..5).flat_map(|o| expected.iter().map(move |row| row[o])).collect();
        assert_close(&refit.weights, &transposed, 1e-9);
    }
}

#[test]
fn errors_are_those_of_the_samples() {
    let samples = Samples::random(3, 90, 12, 4);
    let held_out = Samples::random(4, 50, 12, 4);
    let keep = [3, 0, 7, 11];
    let refit = ridge(&samples.moments(), &keep, 0.01, &Job::new()).expect("a refit");
    for samples in [samples, held_out] {
        let mut expected = vec![0.0; 4];
        for row in 0..samples.rows() {
            for (o, expected) in expected.iter_mut().enumerate() {
                let x = |i: usize| f64::from(samples.x[row * 12 + i]);
                let sum: f64 = keep.iter().zip(&refit.weights[o * 4..]).map(|(&i, w)| w * x(i)).sum();
                let left = f64::from(samples.y[row * 4 + o]) - sum - refit.bias[o];
                *expected += left * left / samples.rows() as f64;
            }
        }
        assert_close(&refit.errors(&samples.moments(), &keep).expect("errors"), &expected, 1e-12);
    }
}

#[test]
fn what_is_linear_is_found_again() {
    let samples = Samples::random(5, 400, 30, 1);
    let mut random = fastrand::Rng::with_seed(2);
    let weights: Vec<f32> = (0..60).map(|_| random.f32() - 0.5).collect();
    let targets = |row: &[f32], o: usize| -> f32 {
        row.iter().zip(&weights[o * 30..]).map(|(x, w)| x * w).sum::<f32>() + o as f32
    };
    let y = samples.x.chunks_exact(30).flat_map(|row| [targets(row, 0), targets(row, 1)]).collect();
    let samples = Samples { outputs: 2, y, ..samples };
    let all: Vec<usize> = (0..30).collect();
    let refit = ridge(&samples.moments(), &all, 0.0, &Job::new()).expect("a refit");
    let expected: Vec<f64> = weights.iter().map(|&w| f64::from(w)).collect();
    assert_close(&refit.weights, &expected, 1e-5);
    assert_close(&refit.bias, &[0.0, 1.0], 1e-5);
    assert_eq!(refit.damping, 0.0);
}

/// Inputs that repeat each other, say nothing, are all zero, or are more than there are samples: finite, and no worse on
/// the samples than a regular refit on those inputs that are left when the others are taken out.
#[test]
fn singular_covariances_are_lifted() {
    let all: Vec<usize> = (0..20).collect();
    let regular: Vec<usize> = (3..20).collect();
    let changed = Samples::random(6, 100, 20, 3).with(|x| {
        x[0] = x[5];
        x[1] = 7.25;
        x[2] = 0.0;
    });
    let few = Samples::random(7, 9, 20, 3);
    for (samples, regular) in [(&changed, &regular[..]), (&few, &regular[..6])] {
        let moments = samples.moments();
        let refit = ridge(&moments, &all, 0.0, &Job::new()).expect("a refit");
        assert!(refit.damping > 0.0 && refit.damping <= 1e-9, "{}", refit.damping);
        assert!(refit.weights.iter().chain(&refit.bias).all(|v| v.is_finite() && v.abs() < 1e4));
        let errors = refit.errors(&moments, &all).expect("errors");
        let other = ridge(&moments, regular, 0.0, &Job::new()).expect("a refit");
        assert_eq!(other.damping, 0.0);
        let others = other.errors(&moments, regular).expect("errors");
        assert!(errors.iter().zip(&others).all(|(a, b)| *a <= b + 1e-6), "{errors:?} {others:?}");
    }
}

#[test]
fn nothing_to_go_by_gives_the_means() {
    let still = Samples::random(8, 10, 3, 2).with(|x| x.fill(1.5));
    let moments = still.moments();
    for keep in [vec![], vec![0, 1, 2]] {
        for damping in [0.0, 1e-3] {
            let refit = ridge(&moments, &keep, damping, &Job::new()).expect("a refit");
            assert_eq!(refit.weights, vec![0.0; keep.len() * 2]);
            assert_close(&refit.bias, &moments.output_means(), 1e-15);
            let errors = refit.errors(&moments, &keep).expect("errors");
            assert_close(&errors, &moments.output_variances(), 1e-15);
        }
    }
}

/// ‖y - Wx - b‖²/n + λ‖W - W₀‖² is least where its gradient is zero, whatever W₀ is.
#[test]
fn weights_that_are_near_leave_no_gradient() {
    let samples = Samples::random(9, 60, 6, 2);
    let keep = [4, 0, 3];
    let near = [0.5, -2.0, 0.25, 1.0, 3.0, -0.75];
    let (c, r) = reference::covariances(&samples);
    let part: reference::Matrix = keep.iter().map(|&i| keep.iter().map(|&j| c[i][j]).collect()).collect();
    for damping in [1e-3, 1.0] {
        let lambda = reference::lambda(&part, damping);
        let refit =
            ridge_near(&samples.moments(), &keep, &near, damping, true, &Job::new()).expect("a refit");
        for output in 0..2 {
            let w = &refit.weights[output * 3..][..3];
            for i in 0..3 {
                let spread: f64 = (0..3).map(|j| part[i][j] * w[j]).sum();
                let gradient = spread - r[keep[i]][output] + lambda * (w[i] - near[output * 3 + i]);
                assert!(gradient.abs() < 1e-10, "{gradient}");
            }
        }
    }
}

#[test]
fn near_weights_stay_where_samples_say_nothing() {
    let samples = Samples::random(10, 40, 5, 2).with(|x| x[2] = 3.0);
    let moments = samples.moments();
    let all = [0, 1, 2, 3, 4];
    let near: Vec<f64> = (0..10).map(|i| f64::from(i) - 4.5).collect();
    for intercept in [true, false] {
        let of =
            |near: &[f64]| ridge_near(&moments, &all, near, 1e-3, intercept, &Job::new()).expect("a refit");
        let refit = of(&near);
        if intercept {
            assert_close(&[refit.weights[2], refit.weights[7]], &[near[2], near[7]], 1e-12);
        }
        let plain = if intercept {
            ridge(&moments, &all, 1e-3, &Job::new())
        } else {
            ridge_through_zero(&moments, &all, 1e-3, &Job::new())
        };
        assert_eq!(of(&[0.0; 10]), plain.expect("a refit"));
    }
    let pulled = ridge_near(&moments, &all, &near, 1e9, true, &Job::new()).expect("a refit");
    assert_close(&pulled.weights, &near, 1e-6);
}

#[test]
fn what_cannot_be_is_refused() {
    let job = Job::new();
    let moments = Samples::random(1, 10, 3, 1).moments();
    let code =
        |keep: &[usize], damping: f64| ridge(&moments, keep, damping, &job).expect_err("refused").code();
    assert_eq!(code(&[3], 0.1), Code::Internal);
    assert_eq!(code(&[1, 1], 0.1), Code::Internal);
    assert_eq!(code(&[1], -0.1), Code::OptionInvalid);
    assert_eq!(code(&[1], f64::NAN), Code::OptionInvalid);
    let empty = Moments::new(3, 1, Precision::Double).expect("moments");
    assert_eq!(ridge(&empty, &[0], 0.1, &job).expect_err("refused").code(), Code::OptionInvalid);
    let refit = ridge(&moments, &[0, 1], 0.1, &job).expect("a refit");
    assert_eq!(refit.errors(&moments, &[0]).expect_err("refused").code(), Code::Internal);
    let near = ridge_near(&moments, &[0, 1], &[0.0], 0.1, true, &job);
    assert_eq!(near.expect_err("refused").code(), Code::Internal);
    job.cancel();
    assert_eq!(code(&[1], 0.1), Code::Aborted);
}
