//! However the batches come, and whoever computes: the same numbers; and what is refused.

use crate::Value;
use espalier_entropy::{Activations, Batch, Edges, Run, Span};
use espalier_tensor::{Code, Job};

fn random(seed: u64, dims: [usize; 3], lanes: i32) -> Value {
    let mut random = fastrand::Rng::with_seed(seed);
    let values = (0..dims.iter().product()).map(|_| random.f32() * 4.0 - 1.0).map(|v| v.max(0.0)).collect();
    Value { dims, classes: (0..dims[1]).map(|_| random.i32(-1..lanes)).collect(), values }
}

fn run_all(value: &Value, lanes: usize, rows: usize) -> (Activations, Vec<f64>) {
    let mut found = Activations::new(lanes, 64);
    value.in_batches(rows, |batch| found.add(batch, &Run::new(&Job::new())).unwrap());
    found.bins(Edges::Quantile, Span::Own, 8).unwrap();
    value.in_batches(rows, |batch| found.count(batch, &Run::new(&Job::new())).unwrap());
    let bits = found.entropy(false);
    (found, bits)
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    for (seed, dims) in [(1, [50, 300, 1]), (2, [3, 70, 40]), (3, [7, 9, 33]), (4, [1, 1, 5000])] {
        let value = random(seed, dims, 20);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run_all(&value, 20, 3))
        };
        let (one, bits) = on(1);
        for threads in [2, 5] {
            let (more, other) = on(threads);
            assert_eq!(one.summary(), more.summary());
            assert_eq!(bits, other);
        }
    }
}

#[test]
fn batches_of_any_length_give_the_same_up_to_rounding() {
    let value = random(5, [64, 30, 6], 12);
    let (whole, bits) = run_all(&value, 12, 64);
    for rows in [1, 5, 33] {
        let (parts, other) = run_all(&value, 12, rows);
        let (a, b) = (whole.summary(), parts.summary());
        assert_eq!((a.count, a.zero_rate, a.min, a.max), (b.count, b.zero_rate, b.min, b.max));
        assert_eq!(bits, other);
        for (a, b) in a.variance.iter().zip(&b.variance).chain(a.mean.iter().zip(&b.mean)) {
            assert!((a - b).abs() < 1e-12, "{a}, {b}");
        }
    }
}

#[test]
fn what_is_not_finite_is_named_unless_it_is_of_no_lane() {
    let job = Job::new();
    let run = Run::new(&job);
    for (place, inner) in [(13, 1), (77, 40)] {
        let mut values = vec![1.0; 3 * 3 * inner];
        values[place % (9 * inner)] = f32::NAN;
        let batch = Batch { name: "relu", values: &values, outer: 3, inner, classes: &[0, 1, 2] };
        let index = place % (9 * inner) / inner % 3;
        let problem = Activations::new(3, 0).add(&batch, &run).unwrap_err();
        assert_eq!((problem.code(), problem.place().tensor.as_deref()), (Code::NonFinite, Some("relu")));
        assert!(problem.what().contains("NaN"), "{}", problem.what());
        let mut classes = [0, 1, 2];
        classes[index] = -1;
        Activations::new(3, 0).add(&Batch { classes: &classes, ..batch }, &run).unwrap();
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let job = Job::new();
    let run = Run::new(&job);
    let batch = Batch { name: "v", values: &[1.0; 6], outer: 2, inner: 1, classes: &[0, 1, -1] };
    let mut found = Activations::new(2, 0);
    for wrong in [Batch { outer: 3, ..batch }, Batch { classes: &[0, 1, 2], ..batch }] {
        assert_eq!(found.add(&wrong, &run).unwrap_err().code(), Code::Internal);
    }
    assert_eq!(found.count(&batch, &run).unwrap_err().code(), Code::Internal);
    assert_eq!(found.bins(Edges::Width, Span::Own, 1).unwrap_err().code(), Code::OptionInvalid);
    found.add(&batch, &run).unwrap();
    job.cancel();
    assert_eq!(found.add(&batch, &run).unwrap_err().code(), Code::Aborted);
    assert_eq!(Activations::new(3, 0).summary().mean, [0.0; 3]);
    assert_eq!(Activations::new(3, 0).entropy(true), [0.0; 3]);
}
