use crate::samples::{Samples, assert_close};
use espalier_solve::{Logits, logits, responses};
use espalier_tensor::{Code, Job};

/// E z zᵀ of a few rows, [d, d].
fn about_zero(z: &[f32], dims: usize) -> Vec<f64> {
    let rows = z.len() / dims;
    let product = |i: usize, j: usize| {
        (0..rows).map(|row| f64::from(z[row * dims + i]) * f64::from(z[row * dims + j])).sum::<f64>()
    };
    (0..dims * dims).map(|index| product(index / dims, index % dims) / rows as f64).collect()
}

/// A_r B_rᵀ.
fn product(found: &Logits, dims: usize, rank: usize) -> Vec<f64> {
    let at = |factor: &[f64], row: usize, column: usize| factor[row * dims + column];
    let sum = |i: usize, j: usize| (0..rank).map(|c| at(&found.left, i, c) * at(&found.right, j, c)).sum();
    (0..dims * dims).map(|index| sum(index / dims, index % dims)).collect()
}

/// E (qᵀk - qᵀ P k)² over all pairs of rows.
fn lost(q: &[f32], k: &[f32], p: &[f64], dims: usize) -> f64 {
    let mut sum = 0.0;
    for q in q.chunks_exact(dims) {
        for k in k.chunks_exact(dims) {
            let mut difference = 0.0;
            for i in 0..dims {
                for j in 0..dims {
                    let identity = f64::from(u8::from(i == j));
                    difference += f64::from(q[i]) * (identity - p[i * dims + j]) * f64::from(k[j]);
                }
            }
            sum += difference * difference;
        }
    }
    sum / (q.len() / dims * (k.len() / dims)) as f64
}

#[test]
fn what_is_lost_are_the_strengths_that_left() {
    let dims = 7;
    let (q, k) = (Samples::random(1, 40, dims, 0).x, Samples::random(2, 30, dims, 0).x);
    let moments = [about_zero(&q, dims), about_zero(&k, dims)];
    let found = logits(&moments[0], &moments[1], dims, &Job::new()).expect("factors");
    assert!(found.strengths.is_sorted_by(|a, b| a >= b));
    for rank in 0..=dims {
        let behind: f64 = found.strengths[rank..].iter().map(|s| s * s).sum();
        let lost = lost(&q, &k, &product(&found, dims, rank), dims);
        assert!((lost - behind).abs() < 1e-9 * found.strengths[0].powi(2), "{rank}: {lost} {behind}");
    }
    let identity: Vec<f64> = (0..dims * dims).map(|i| f64::from(u8::from(i % (dims + 1) == 0))).collect();
    assert_close(&product(&found, dims, dims), &identity, 1e-8);
}

#[test]
fn dims_that_one_side_lacks_are_left_out() {
    let dims = 5;
    let mut q = Samples::random(3, 40, dims, 0).x;
    let k = Samples::random(4, 40, dims, 0).x;
    q.chunks_exact_mut(dims).for_each(|row| (row[1], row[4]) = (0.0, row[0] - 2.0 * row[2]));
    let found = logits(&about_zero(&q, dims), &about_zero(&k, dims), dims, &Job::new()).expect("factors");
    assert!(found.strengths[3] < 1e-6 * found.strengths[0]);
    assert!(lost(&q, &k, &product(&found, dims, 3), dims) < 1e-9 * found.strengths[0].powi(2));
    assert!(found.left.iter().chain(&found.right).all(|value| value.is_finite()));

    let still = vec![0.0; dims * dims];
    let none = logits(&still, &about_zero(&k, dims), dims, &Job::new()).expect("factors");
    assert!(none.left.iter().chain(&none.right).chain(&none.strengths).all(|&value| value == 0.0));
}

#[test]
fn each_side_keeps_its_part_of_the_energy() {
    let dims = 4;
    let (q, k) = (Samples::random(5, 40, dims, 0).x, Samples::random(6, 40, dims, 0).x);
    let large: Vec<f32> = q.iter().map(|value| 100.0 * value).collect();
    let (left, right) = (about_zero(&large, dims), about_zero(&k, dims));
    let found = logits(&left, &right, dims, &Job::new()).expect("factors");
    let energy = |moments: &[f64], factor: &[f64]| -> f64 {
        let part = |i: usize, j: usize, c: usize| {
            factor[i * dims + c] * moments[i * dims + j] * factor[j * dims + c]
        };
        (0..dims)
            .flat_map(|i| (0..dims).map(move |j| (i, j)))
            .map(|(i, j)| (0..dims).map(|c| part(i, j, c)).sum::<f64>())
            .sum()
    };
    let trace = |m: &[f64]| (0..dims).map(|i| m[i * (dims + 1)]).sum::<f64>();
    let ratio = energy(&left, &found.left) / energy(&right, &found.right);
    assert!((ratio / (trace(&left) / trace(&right)) - 1.0).abs() < 1e-9);
}

#[test]
fn responses_are_those_of_the_samples() {
    let mut samples = Samples::random(7, 60, 6, 0);
    samples.x.iter_mut().for_each(|value| *value += 2.0);
    let matrix = Samples::random(8, 4, 6, 0).x;
    let moments = samples.moments();
    let (rows, scale, shift) = ([2, 0], [-0.5, 3.0], [1.0, 0.25]);
    let weights: Vec<f32> = rows.iter().flat_map(|&row| matrix[row * 6..][..6].to_vec()).collect();
    let found = responses(&moments, &weights, (&scale, &shift)).expect("responses");
    let z: Vec<[f64; 2]> = samples
        .x
        .chunks_exact(6)
        .map(|x| {
            [0, 1].map(|i| {
                scale[i] * weights[i * 6..][..6].iter().zip(x).map(|(w, x)| f64::from(w * x)).sum::<f64>()
                    + shift[i]
            })
        })
        .collect();
    let mean = |of: &dyn Fn(&[f64; 2]) -> f64| z.iter().map(of).sum::<f64>() / z.len() as f64;
    let means = [mean(&|z| z[0]), mean(&|z| z[1])];
    assert_close(&found.means, &means, 1e-6);
    let covariance: Vec<f64> = [(0, 0), (0, 1), (1, 0), (1, 1)]
        .map(|(i, j)| mean(&|z| (z[i] - means[i]) * (z[j] - means[j])))
        .to_vec();
    assert_close(&found.covariance, &covariance, 1e-5);
}

#[test]
fn what_does_not_fit_is_refused() {
    let code = logits(&[1.0; 4], &[1.0; 9], 2, &Job::new()).expect_err("refused").code();
    assert_eq!(code, Code::Internal);
    let broken = logits(&[f64::NAN; 4], &[1.0; 4], 2, &Job::new());
    assert_eq!(broken.expect_err("refused").code(), Code::Internal);
    let moments = Samples::random(1, 10, 3, 2).moments();
    let ask = |weights: &[f32], shift: &[f64]| responses(&moments, weights, (&[1.0], shift));
    assert_eq!(ask(&[0.0; 3], &[0.0; 2]).expect_err("refused").code(), Code::Internal);
    assert_eq!(ask(&[0.0; 2], &[0.0]).expect_err("refused").code(), Code::Internal);
}
