//! Histograms of known distributions: their entropy is the differential entropy less log2 of a bin's width.

use crate::Value;
use espalier_entropy::{Edges, Span};
use std::f64::consts::{E, LN_2, PI};

const COUNT: usize = 200_000;
const BINS: usize = 128;

fn drawn(seed: u64, mut draw: impl FnMut(&mut fastrand::Rng) -> f64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..COUNT).map(|_| draw(&mut random) as f32).collect()
}

/// Box and Muller 1958.
fn gaussian(random: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (2.0 * PI * random.f64()).cos()
}

/// The entropy of its histogram plus log2 of the width of a bin.
fn differential(values: &[f32]) -> f64 {
    let (min, max) = values.iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
    let width = f64::from(max - min) / BINS as f64;
    Value::of(values.to_vec()).entropy(Edges::Width, Span::Shared, BINS, true)[0] + width.log2()
}

#[test]
fn entropies_of_known_distributions() {
    let normal = 0.5 * (2.0 * PI * E).log2();
    for seed in 0..4 {
        for scale in [0.01, 1.0, 300.0] {
            let cases = [
                ("uniform", drawn(seed, |r| r.f64() * scale), 0.0),
                ("Gaussian", drawn(seed, |r| 5.0 + gaussian(r) * scale), normal),
                ("exponential", drawn(seed, |r| -(1.0 - r.f64()).ln() * scale), 1.0 / LN_2),
                // Two Gaussians that do not overlap: one bit more than one of them.
                (
                    "mixture",
                    drawn(seed, |r| scale * (gaussian(r) + if r.bool() { 20.0 } else { -20.0 })),
                    normal + 1.0,
                ),
            ];
            for (name, values, unscaled) in cases {
                let (found, expected) = (differential(&values), unscaled + f64::log2(scale));
                assert!((found - expected).abs() < 0.03, "{name} · {scale}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn a_gaussian_has_the_entropy_of_its_variance() {
    let found = Value::of(drawn(1, |r| 3.0 + 0.5 * gaussian(r))).added(0, 1000).gaussian()[0];
    assert!((found - (0.5 * (2.0 * PI * E).log2() - 1.0)).abs() < 0.01, "{found}");
}

#[test]
fn quantile_bins_hold_equally_many() {
    for values in [drawn(3, gaussian), drawn(3, |r| gaussian(r).exp())] {
        let value = Value::of(values);
        for bins in [2, 16, 64] {
            let found = value.entropy(Edges::Quantile, Span::Shared, bins, false)[0];
            assert!((found - (bins as f64).log2()).abs() < 1e-3, "{bins}: {found}");
        }
    }
}

#[test]
fn constants_say_nothing_and_zeros_are_counted() {
    let value = Value {
        dims: [100, 3, 1],
        classes: vec![0, 1, 2],
        values: (0..100).flat_map(|i| [0.1, if i % 4 == 0 { 1.0 } else { -0.0 }, i as f32]).collect(),
    };
    for edges in [Edges::Width, Edges::Quantile] {
        for span in [Span::Shared, Span::Own] {
            assert_eq!(value.entropy(edges, span, 16, true)[0], 0.0);
        }
    }
    let found = value.added(0, 7);
    let summary = found.summary();
    assert_eq!(summary.variance[0], 0.0);
    assert_eq!(found.gaussian()[0].round(), -126.0);
    assert_eq!(summary.zero_rate, [0.0, 0.75, 0.01]);
}
