//! Extremes on every instruction set have the bits of their definition.

use crate::inputs::{everywhere, weights};
use espalier_simd::{Extremes, Isa, extremes};

#[test]
fn extremes_equal_their_definition() {
    everywhere(|isa, x| {
        let (fast, definition) = (extremes(isa, x), extremes(Isa::Scalar, x));
        assert_eq!(fast.non_finite, definition.non_finite, "{isa} of {x:?}");
        assert_eq!(fast.min.to_bits(), definition.min.to_bits(), "{isa} of {x:?}");
        assert_eq!(fast.max.to_bits(), definition.max.to_bits(), "{isa} of {x:?}");
    });
}

#[test]
fn they_bound_the_finite_values() {
    for isa in Isa::available() {
        let mut x = weights(7, 1000);
        x[300] = -9.0;
        x[999] = 11.0;
        assert_eq!(extremes(isa, &x), Extremes { min: -9.0, max: 11.0, non_finite: None });
        x[700] = f32::NAN;
        x[400] = f32::NEG_INFINITY;
        assert_eq!(extremes(isa, &x), Extremes { min: -9.0, max: 11.0, non_finite: Some(400) });
        assert_eq!(extremes(isa, &[]), Extremes::NONE);
    }
}

#[test]
fn zero_has_no_sign() {
    for isa in Isa::available() {
        for x in [vec![-0.0; 300], vec![-0.0], vec![0.0, -0.0]] {
            let found = extremes(isa, &x);
            assert_eq!((found.min.to_bits(), found.max.to_bits()), (0, 0));
        }
    }
}

#[test]
fn parts_are_joined_in_their_order() {
    let x = weights(8, 900);
    for split in [0, 1, 450, 900] {
        let (a, b) = x.split_at(split);
        let joined = extremes(Isa::best(), a).and(extremes(Isa::best(), b), split);
        assert_eq!(joined, extremes(Isa::best(), &x));
    }
    let later = extremes(Isa::best(), &[0.0, f32::NAN]);
    assert_eq!(Extremes::NONE.and(later, 10).non_finite, Some(11));
}
