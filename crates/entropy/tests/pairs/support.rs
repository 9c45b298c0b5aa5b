//! Samples, and what is computed of them.

use espalier_entropy::{Binning, Codes, Edges, Pairs, Run, Samples, Span, mutual_information};
use espalier_tensor::Job;
use fastrand::Rng;

pub const WIDTH: Binning = Binning { bins: 16, edges: Edges::Width, span: Span::Shared };

pub fn codes(values: &[f32], variables: usize, binning: Binning) -> Codes {
    let job = Job::new();
    let samples = Samples::new(values, variables).expect("samples");
    Codes::new(&samples, binning, &Run::new(&job)).expect("codes")
}

pub fn pairs(values: &[f32], variables: usize, binning: Binning, miller_madow: bool) -> Pairs {
    let job = Job::new();
    mutual_information(&codes(values, variables, binning), miller_madow, &Run::new(&job)).expect("pairs")
}

/// Box and Muller 1958.
pub fn normal(random: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

/// [samples, variables].
pub fn table(samples: usize, mut row: impl FnMut() -> Vec<f64>) -> Vec<f32> {
    (0..samples).flat_map(|_| row()).map(|value| value as f32).collect()
}

pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance * (1e-3 + e.abs()), "{i}: {f}, not {e}");
    }
}
