use crate::reference;
use crate::samples::{Samples, assert_close, singles};
use espalier_solve::{Moments, Precision, information};
use espalier_tensor::{Code, Job};
use std::f64::consts::{E, PI};

/// ½ log2(2πe v).
fn entropy(variance: f64) -> f64 {
    0.5 * (2.0 * PI * E * variance).log2()
}

#[test]
fn of_single_inputs_it_is_the_diagonal_of_the_inverse() {
    for inputs in [1, 5, 70] {
        let samples = Samples::random(inputs as u64, 300, inputs, 0);
        let (mut c, _) = reference::covariances(&samples);
        let lambda = reference::lambda(&c, 1e-3);
        (0..inputs).for_each(|i| c[i][i] += lambda);
        let identity = (0..inputs).map(|i| (0..inputs).map(|j| f64::from(u8::from(i == j))).collect());
        let inverse = reference::solve(c.clone(), identity.collect());
        let found = information(&samples.moments(), &singles(inputs), 1e-3, &Job::new()).expect("bits");
        let of = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..inputs).map(f).collect() };
        assert_close(&found.entropy, &of(&|i| entropy(c[i][i])), 1e-10);
        assert_close(&found.conditional, &of(&|i| entropy(1.0 / inverse[i][i])), 1e-10);
        assert_close(&found.redundancy, &of(&|i| 0.5 * (c[i][i] * inverse[i][i]).log2()), 1e-10);
        assert_eq!(found.damping, 1e-3);
    }
}

#[test]
fn two_correlated_inputs_share_what_the_closed_form_says() {
    // Four points with variance 1 and correlation 3/5: I = -½ log2(1 - ρ²).
    let (a, b) = (0.8f32.sqrt(), 0.2f32.sqrt());
    let x: Vec<f32> =
        [(a, b), (a, -b), (-a, b), (-a, -b)].into_iter().flat_map(|(p, q)| [p + q, p - q]).collect();
    let mut moments = Moments::new(2, 0, Precision::Double).expect("moments");
    moments.add(&x, &[], &Job::new()).expect("a batch");
    let found = information(&moments, &singles(2), 0.0, &Job::new()).expect("bits");
    let shared = -0.5 * (1.0f64 - 0.36).log2();
    assert_close(&found.redundancy, &[shared, shared], 1e-6);
    assert_close(&found.entropy, &[entropy(1.0); 2], 1e-6);
    assert_close(&found.conditional, &[entropy(1.0) - shared; 2], 1e-6);
}

#[test]
fn parts_add_up() {
    let samples = Samples::random(2, 300, 12, 0);
    let blocks = vec![vec![4, 0, 9], vec![], vec![2], vec![11, 10]];
    let found = information(&samples.moments(), &blocks, 1e-4, &Job::new()).expect("bits");
    for block in 0..blocks.len() {
        let (own, alone) = (found.entropy[block], found.conditional[block]);
        assert!(found.redundancy[block] >= 0.0);
        assert!((own - alone - found.redundancy[block]).abs() < 1e-10);
    }
    assert_eq!((found.entropy[1], found.conditional[1], found.redundancy[1]), (0.0, 0.0, 0.0));
}

#[test]
fn a_copy_knows_nothing_alone_and_a_dead_input_nothing() {
    let samples = Samples::random(3, 200, 6, 0).with(|x| {
        x[1] = x[3];
        x[5] = 0.0;
    });
    let found = information(&samples.moments(), &singles(6), 0.0, &Job::new()).expect("bits");
    assert!(found.damping > 0.0);
    assert!(found.redundancy[1] > 10.0 && found.redundancy[3] > 10.0);
    assert!(found.entropy[5] < -15.0 && found.redundancy[5] < 1e-9);
    let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
    assert!(finite(&found.entropy) && finite(&found.conditional) && finite(&found.redundancy));

    let still = Samples::random(3, 200, 6, 0).with(|x| x.fill(1.0)).moments();
    let found = information(&still, &singles(6), 0.0, &Job::new()).expect("bits");
    assert!(finite(&found.entropy) && finite(&found.conditional) && finite(&found.redundancy));
}

#[test]
fn what_cannot_be_is_refused() {
    let moments = Samples::random(1, 10, 3, 0).moments();
    let code = |blocks: &[Vec<usize>], damping: f64| {
        information(&moments, blocks, damping, &Job::new()).expect_err("refused").code()
    };
    assert_eq!(code(&[vec![0, 1], vec![1]], 0.1), Code::Internal);
    assert_eq!(code(&[vec![3]], 0.1), Code::Internal);
    assert_eq!(code(&[vec![0]], -1.0), Code::OptionInvalid);
}
