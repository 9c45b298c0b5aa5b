//! Groups of a convolution: against moments of each group by itself.

use crate::samples::{Samples, assert_close};
use espalier_solve::{GroupedMoments, Moments, Patches, Precision, Refit, ridge};
use espalier_tensor::{Code, Job};

const GROUPS: usize = 3;
const OUTPUTS: usize = 2;

/// x [2, 3·2, 5, 4], with padding on one side and strides.
fn patches(channels: usize) -> Patches {
    Patches {
        batch: 2,
        channels,
        lengths: vec![5, 4],
        kernel: vec![3, 2],
        strides: vec![1, 2],
        dilations: vec![1, 1],
        pads: vec![(1, 1), (0, 1)],
        every: 1,
    }
}

/// Some channels of [n, channels, plane].
fn some(values: &[f32], channels: usize, plane: usize, range: std::ops::Range<usize>) -> Vec<f32> {
    values
        .chunks_exact(channels * plane)
        .flat_map(|image| image[range.start * plane..range.end * plane].to_vec())
        .collect()
}

fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| random.f32() * 2.0 - 0.7).collect()
}

struct Given {
    x: Vec<f32>,
    y: Vec<f32>,
    plane: usize,
}

impl Given {
    fn random(parts: usize) -> Given {
        let plane = patches(1).output_lengths().expect("lengths").iter().product();
        Given { x: values(1, 2 * 6 * 20), y: values(2, 2 * parts * GROUPS * OUTPUTS * plane), plane }
    }

    fn all(&self) -> GroupedMoments {
        let mut all = GroupedMoments::new(GROUPS, 12, OUTPUTS).expect("moments");
        all.add(&self.x, &self.y, &patches(6), &Job::new()).expect("a batch");
        all
    }

    fn of(&self, group: usize) -> Moments {
        let mut own = Moments::new(12, OUTPUTS, Precision::Double).expect("moments");
        let x = some(&self.x, 6, 20, 2 * group..2 * group + 2);
        let y = some(&self.y, GROUPS * OUTPUTS, self.plane, OUTPUTS * group..OUTPUTS * (group + 1));
        own.add_patches(&x, &y, &patches(2), &Job::new()).expect("a batch");
        own
    }
}

const ALL: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[test]
fn groups_know_nothing_of_each_other() {
    let given = Given::random(1);
    let all = given.all();
    let zeros = vec![0.0; GROUPS * OUTPUTS * 12];
    let refit = all.ridge(&zeros, &[0.0, 1e-3, 0.1], true, &Job::new()).expect("a refit");
    let errors = all.errors(&refit).expect("errors");
    for (group, damping) in [0.0, 1e-3, 0.1].into_iter().enumerate() {
        let own = given.of(group);
        let wanted = ridge(&own, &ALL, damping, &Job::new()).expect("a refit");
        assert_close(&refit.weights[group * 24..][..24], &wanted.weights, 1e-9);
        assert_close(&refit.bias[group * OUTPUTS..][..OUTPUTS], &wanted.bias, 1e-9);
        assert_close(
            &errors[group * OUTPUTS..][..OUTPUTS],
            &wanted.errors(&own, &ALL).expect("errors"),
            1e-9,
        );
        assert_close(&all.input_means()[group * 12..][..12], &own.input_means(), 1e-12);
    }
}

#[test]
fn bounded_targets_are_those_of_each_group() {
    let (given, bounds) = (Given::random(1), Given::random(2));
    let mut all = given.all();
    let zeros = vec![0.0; GROUPS * OUTPUTS * 12];
    let before = all.ridge(&zeros, &[1e-2; GROUPS], true, &Job::new()).expect("a refit");
    all.clear_targets();
    all.add_clipped((&bounds.x, &bounds.y), 2, &patches(6), &before, &Job::new()).expect("a batch");
    let after = all.ridge(&zeros, &[1e-2; GROUPS], true, &Job::new()).expect("a refit");
    for group in 0..GROUPS {
        let mut own = given.of(group);
        let refit = Refit {
            weights: before.weights[group * 24..][..24].to_vec(),
            bias: before.bias[group * OUTPUTS..][..OUTPUTS].to_vec(),
            damping: 0.0,
        };
        let x = some(&bounds.x, 6, 20, 2 * group..2 * group + 2);
        let part = |part: usize| part * GROUPS * OUTPUTS + OUTPUTS * group;
        let y: Vec<f32> = bounds
            .y
            .chunks_exact(2 * GROUPS * OUTPUTS * bounds.plane)
            .flat_map(|image| {
                let range = |part: usize| part * bounds.plane..(part + OUTPUTS) * bounds.plane;
                [&image[range(part(0))], &image[range(part(1))]].concat()
            })
            .collect();
        own.clear_targets();
        own.add_clipped((&x, &y), 2, Some(&patches(2)), &refit, &Job::new()).expect("a batch");
        let wanted = ridge(&own, &ALL, 1e-2, &Job::new()).expect("a refit");
        assert_close(&after.weights[group * 24..][..24], &wanted.weights, 1e-9);
    }
}

#[test]
fn merged_is_as_if_added() {
    let given = Given::random(1);
    let [mut twice, mut once, other] = [given.all(), given.all(), given.all()];
    twice.add(&given.x, &given.y, &patches(6), &Job::new()).expect("a batch");
    once.merge(&other).expect("moments");
    assert_eq!((once.count(), twice.count()), (40, 40));
    let zeros = vec![0.0; GROUPS * OUTPUTS * 12];
    let [a, b] =
        [&once, &twice].map(|all| all.ridge(&zeros, &[1e-3; GROUPS], true, &Job::new()).expect("one"));
    assert_close(&a.weights, &b.weights, 1e-9);
    assert!(once.merge(&GroupedMoments::new(2, 12, OUTPUTS).expect("moments")).is_err());
}

fn lanes(x: &[f32], y: &[f32]) -> GroupedMoments {
    let mut all = GroupedMoments::new(2, 1, 1).expect("moments");
    let patches = Patches {
        batch: x.len() / 2,
        channels: 2,
        lengths: vec![1],
        kernel: vec![1],
        strides: vec![1],
        dilations: vec![1],
        pads: vec![(0, 0)],
        every: 1,
    };
    all.add(x, y, &patches, &Job::new()).expect("a batch");
    all
}

#[test]
fn what_does_not_vary_keeps_its_weight() {
    // The first lane is doubled and shifted; the second is always 3.
    let all = lanes(&[1.0, 3.0, 2.0, 3.0, -4.0, 3.0], &[1.0, 5.0, 3.0, 5.0, -9.0, 5.0]);
    let refit = all.ridge(&[7.0, 1.5], &[0.0, 0.0], true, &Job::new()).expect("a refit");
    assert_close(&refit.weights, &[2.0, 1.5], 1e-9);
    assert_close(&refit.bias, &[-1.0, 0.5], 1e-9);
    // A single sample says nothing of weights.
    let refit = lanes(&[1.0, 3.0], &[4.0, 0.0]).ridge(&[2.0, 1.0], &[0.0, 0.1], true, &Job::new());
    let refit = refit.expect("a refit");
    assert_close(&refit.weights, &[2.0, 1.0], 1e-9);
    assert_close(&refit.bias, &[2.0, -3.0], 1e-9);
}

#[test]
fn damping_pulls_towards_what_there_was() {
    let all = lanes(&[1.0, 1.0, -1.0, -1.0], &[3.0, 3.0, -3.0, -3.0]);
    let refit = all.ridge(&[1.0, 1.0], &[1.0, 1e9], true, &Job::new()).expect("a refit");
    assert_close(&refit.weights, &[2.0, 1.0], 1e-6);
}

#[test]
fn through_zero() {
    let all = lanes(&[1.0, 0.0, 3.0, 0.0], &[1.0, 4.0, 5.0, 4.0]);
    let refit = all.ridge(&[0.0, 1.0], &[0.0, 0.0], false, &Job::new()).expect("a refit");
    assert_close(&refit.weights, &[1.6, 1.0], 1e-9);
    assert_eq!(refit.bias, [0.0, 0.0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let job = Job::new();
    let given = Given::random(1);
    let mut all = given.all();
    let refused = |result: espalier_tensor::Result<()>| result.expect_err("it should not fit").code();
    assert_eq!(refused(all.add(&given.x[1..], &given.y, &patches(6), &job)), Code::Internal);
    assert_eq!(refused(all.add(&given.x, &given.y, &patches(4), &job)), Code::Internal);
    assert_eq!(refused(all.ridge(&[0.0; 72], &[0.0], true, &job).map(|_| ())), Code::Internal);
    assert_eq!(refused(all.ridge(&[0.0; 71], &[0.0; 3], true, &job).map(|_| ())), Code::Internal);
    let empty = GroupedMoments::new(1, 1, 1).expect("moments");
    assert_eq!(refused(empty.ridge(&[0.0], &[0.0], true, &job).map(|_| ())), Code::OptionInvalid);
    let broken: Vec<f32> = given.x.iter().map(|_| f32::NAN).collect();
    assert_eq!(refused(all.add(&broken, &given.y, &patches(6), &job)), Code::NonFinite);
}

#[test]
fn some_positions_only() {
    let samples = Samples::random(1, 8, 2, 2);
    let mut all = GroupedMoments::new(2, 1, 1).expect("moments");
    let patches = Patches {
        batch: 1,
        channels: 2,
        lengths: vec![8],
        kernel: vec![1],
        strides: vec![1],
        dilations: vec![1],
        pads: vec![(0, 0)],
        every: 3,
    };
    all.add(&samples.x, &samples.y, &patches, &Job::new()).expect("a batch");
    assert_eq!(all.count(), 3);
    let places = [0, 1, 2].map(|index| patches.taken(index, 8));
    let mean = |lane: usize| places.map(|at| f64::from(samples.x[lane * 8 + at])).iter().sum::<f64>() / 3.0;
    assert_close(&all.input_means(), &[mean(0), mean(1)], 1e-9);
}
