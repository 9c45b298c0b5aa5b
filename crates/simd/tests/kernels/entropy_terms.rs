//! Terms on every instruction set have the bits of their definition, and the value that a wider reference gives.

use crate::inputs::{ODD, everywhere, same, weights};
use espalier_simd::{Isa, abs_sum, entropy_terms};

fn terms(isa: Isa, x: &[f32], total: f64) -> Vec<f32> {
    let mut terms = vec![f32::NAN; x.len()];
    entropy_terms(isa, x, total, &mut terms);
    terms
}

#[test]
fn terms_equal_their_definition() {
    everywhere(|isa, x| {
        for total in [abs_sum(isa, x), 1e30, 3.0] {
            let (fast, definition) = (terms(isa, x, total), terms(Isa::Scalar, x, total));
            let equal = fast.iter().zip(&definition).all(|(&a, &b)| same(a.into(), b.into()));
            assert!(equal, "{isa}, total {total}, of {x:?}");
        }
    });
}

#[test]
fn terms_are_those_of_the_platforms_logarithm() {
    for seed in 0..50 {
        let x = weights(seed, 1000);
        let total = abs_sum(Isa::best(), &x);
        for (&v, &t) in x.iter().zip(&terms(Isa::best(), &x, total)) {
            let p = f64::from(v.abs()) / total;
            let expected = if p > 0.0 { -p * p.log2() } else { 0.0 };
            assert!((f64::from(t) - expected).abs() <= 1e-7 * expected, "{v}: {t}, not {expected}");
        }
    }
}

#[test]
fn known_values() {
    for isa in Isa::available() {
        assert_eq!(terms(isa, &[0.5, -0.25, 0.25, 0.0, -0.0], 1.0), [0.5, 0.5, 0.5, 0.0, 0.0]);
        assert_eq!(terms(isa, &[-3.0], 3.0), [0.0]);
        // More than the whole, as rounding may have it: no less than nothing.
        assert_eq!(terms(isa, &[4.0; 20], 2.0), [0.0; 20]);
        assert_eq!(terms(isa, &[0.0; 40], 0.0), [0.0; 40]);
        assert_eq!(terms(isa, &[], 1.0), [0.0f32; 0]);
    }
}

#[test]
fn finite_values_never_give_nan_or_less_than_nothing() {
    let x: Vec<f32> = ODD.into_iter().filter(|v| v.is_finite()).collect();
    for isa in Isa::available() {
        let total = abs_sum(isa, &x);
        assert!(terms(isa, &x, total).iter().all(|t| t.is_finite() && t.is_sign_positive()));
    }
}
