//! Mutual information that is known: Gaussians, copies, functions, what is independent, what never varies.

use crate::support::{WIDTH, normal, pairs, table};
use espalier_entropy::{Binning, Edges, Pairs, Span};

const OWN: Binning = Binning { span: Span::Own, ..WIDTH };
const QUANTILE: Binning = Binning { bins: 16, edges: Edges::Quantile, span: Span::Own };

#[test]
fn gaussian_pairs_share_what_their_correlation_says() {
    let mut random = fastrand::Rng::with_seed(1);
    for rho in [0.0, 0.3, 0.6, 0.9, -0.8] {
        let values = table(40_000, || {
            let (a, b) = (normal(&mut random), normal(&mut random));
            vec![a, rho * a + (1.0 - rho * rho).sqrt() * b]
        });
        let exact = -0.5 * (1.0f64 - rho * rho).log2();
        for binning in [Binning { bins: 32, ..OWN }, Binning { bins: 32, ..QUANTILE }] {
            let found = pairs(&values, 2, binning, true).mutual[0];
            // Bins lose a little of what two continuous variables share, and never add to it.
            assert!(found < exact + 0.02 && found > 0.93 * exact - 0.02, "rho {rho}: {found}, not {exact}");
        }
    }
}

#[test]
fn what_is_independent_shares_nothing_once_chance_is_corrected() {
    let mut random = fastrand::Rng::with_seed(2);
    let values = table(4000, || (0..6).map(|_| random.f64()).collect());
    let plain = pairs(&values, 6, OWN, false);
    let corrected = pairs(&values, 6, OWN, true);
    let chance = 15.0 * 15.0 / (2.0 * 4000.0 * std::f64::consts::LN_2);
    for (plain, corrected) in plain.mutual.iter().zip(&corrected.mutual) {
        assert!(*plain > 0.02 && (plain - chance).abs() < 0.02, "{plain}, by chance {chance}");
        assert!(corrected.abs() < 0.012, "{corrected}");
    }
}

#[test]
fn a_copy_shares_all_and_a_function_all_that_it_has() {
    let mut random = fastrand::Rng::with_seed(3);
    let values = table(3000, || {
        let a = f64::from(random.u8(..16));
        vec![a, a, 15.0 - a, (a / 4.0).floor() * 5.0]
    });
    let Pairs { entropies, .. } = pairs(&values, 4, WIDTH, false);
    for miller_madow in [false, true] {
        let found = pairs(&values, 4, WIDTH, miller_madow);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            // To the last bit: the sums are exact.
            assert_eq!(found.mutual_of(a, b).to_bits(), found.entropies[a].to_bits());
            assert_eq!(found.entropies[a].to_bits(), found.entropies[b].to_bits());
        }
        assert!((found.mutual_of(0, 3) - found.entropies[3]).abs() < 1e-12);
    }
    assert!((entropies[0] - 4.0).abs() < 0.01 && (entropies[3] - 2.0).abs() < 0.01);
}

#[test]
fn a_constant_knows_nothing_and_shares_nothing() {
    let mut random = fastrand::Rng::with_seed(4);
    let values = table(500, || vec![3.0, random.f64(), -7.5, 3.0]);
    for binning in [WIDTH, OWN, QUANTILE, Binning { span: Span::Shared, ..QUANTILE }] {
        for miller_madow in [false, true] {
            let found = pairs(&values, 4, binning, miller_madow);
            assert_eq!([found.entropies[0], found.entropies[2], found.entropies[3]], [0.0; 3]);
            assert!(found.mutual.iter().all(|&bits| bits == 0.0), "{:?}", found.mutual);
        }
    }
}

#[test]
fn information_is_symmetric_not_negative_and_no_more_than_each_has() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..40 {
        let variables = random.usize(2..7);
        let values = table(random.usize(1..300), || {
            let shared = normal(&mut random);
            (0..variables).map(|v| (shared * v as f64 + normal(&mut random)).max(-0.5)).collect()
        });
        let bins = random.usize(2..=64);
        let edges = [Edges::Width, Edges::Quantile][random.usize(..2)];
        let span = [Span::Shared, Span::Own][random.usize(..2)];
        let found = pairs(&values, variables, Binning { bins, edges, span }, false);
        let mirrored: Vec<f32> = values.chunks(variables).flat_map(|row| row.iter().rev().copied()).collect();
        let back = pairs(&mirrored, variables, Binning { bins, edges, span }, false);
        for a in 0..variables {
            for b in a + 1..variables {
                let bits = found.mutual_of(a, b);
                assert!(bits >= 0.0 && bits <= found.entropies[a].min(found.entropies[b]) + 1e-12);
                assert_eq!(bits.to_bits(), back.mutual_of(variables - 1 - a, variables - 1 - b).to_bits());
            }
        }
    }
}
