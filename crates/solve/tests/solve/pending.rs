//! Samples that wait: the same moments as without waiting, however they are cut into batches.

use crate::samples::Samples;
use espalier_solve::{Moments, Patches, Pending, Precision};
use espalier_tensor::{Code, Job};

fn assert_same(found: &Moments, expected: &Moments) {
    assert_eq!(found.count(), expected.count());
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} beside {b}");
    for i in 0..expected.inputs() {
        for j in 0..expected.inputs() {
            close(found.input_covariance(i, j), expected.input_covariance(i, j));
        }
        for j in 0..expected.outputs() {
            close(found.cross_covariance(i, j), expected.cross_covariance(i, j));
        }
    }
}

#[test]
fn batches_of_any_length_give_the_same() {
    let job = &Job::new();
    for batches in [vec![1400], vec![1; 30], vec![3, 600, 511, 1, 512, 40], vec![0, 512, 512], vec![100; 11]]
    {
        let rows = batches.iter().sum();
        let samples = Samples::random(3, rows, 5, 2);
        let mut found = Moments::new(5, 2, Precision::Double).expect("moments");
        let (mut pending, mut at) = (Pending::default(), 0);
        for rows in batches {
            let batch = (&samples.x[at * 5..][..rows * 5], &samples.y[at * 2..][..rows * 2]);
            pending.add(&mut found, batch, None, job).expect("a batch");
            at += rows;
        }
        pending.settle(&mut found, job).expect("a rest");
        pending.settle(&mut found, job).expect("nothing");
        assert_same(&found, &samples.moments());
    }
}

#[test]
fn without_targets_inputs_are_added_alone() {
    let samples = Samples::random(4, 70, 3, 1);
    let mut found = Moments::new(3, 0, Precision::Double).expect("moments");
    let mut pending = Pending::default();
    for rows in samples.x.chunks(3 * 7) {
        pending.add(&mut found, (rows, &[]), None, &Job::new()).expect("a batch");
    }
    pending.settle(&mut found, &Job::new()).expect("a rest");
    assert_eq!(found.count(), 70);
    assert!((found.input_covariance(0, 1) - samples.moments().input_covariance(0, 1)).abs() < 1e-12);
}

#[test]
fn what_does_not_fit_adds_nothing() {
    let job = &Job::new();
    let (mut found, mut pending) =
        (Moments::new(2, 1, Precision::Double).expect("moments"), Pending::default());
    pending.add(&mut found, (&[1.0, 2.0], &[3.0]), None, job).expect("a batch");
    for (x, y, code) in [
        (vec![1.0, f32::NAN], vec![0.0], Code::NonFinite),
        (vec![1.0, 2.0], vec![f32::INFINITY], Code::NonFinite),
        (vec![1.0, 2.0], vec![], Code::Internal),
    ] {
        assert_eq!(pending.add(&mut found, (&x, &y), None, job).expect_err("no batch").code(), code);
    }
    let patches = Patches {
        batch: 1,
        channels: 3,
        lengths: vec![1],
        kernel: vec![1],
        strides: vec![1],
        dilations: vec![1],
        pads: vec![(0, 0)],
        every: 1,
    };
    let wide = pending.add(&mut found, (&[0.0; 3], &[0.0]), Some(&patches), job);
    assert_eq!(wide.expect_err("three inputs").code(), Code::Internal);
    pending.settle(&mut found, job).expect("a rest");
    assert_eq!(found.count(), 1);
}
