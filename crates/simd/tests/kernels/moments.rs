//! Power sums on every instruction set have the bits of their definition, and the values that exact arithmetic gives.

use crate::inputs::{everywhere, same};
use espalier_simd::{Isa, PowerSums, power_sums};

#[test]
fn power_sums_equal_their_definition() {
    everywhere(|isa, x| {
        for pivot in [0.0, 0.25, x.first().copied().unwrap_or(1.0)] {
            let (fast, definition) = (power_sums(isa, x, pivot), power_sums(Isa::Scalar, x, pivot));
            let equal = same(fast.sum, definition.sum)
                && same(fast.squares, definition.squares)
                && same(fast.magnitudes, definition.magnitudes)
                && fast.zeros == definition.zeros;
            assert!(equal, "{isa}, from {pivot}: {fast:?}, not {definition:?}, of {x:?}");
        }
    });
}

#[test]
fn small_integers_are_summed_exactly() {
    let x: Vec<f32> = (-100..=100).map(|v| v as f32).chain([-0.0]).collect();
    for isa in Isa::available() {
        let found = power_sums(isa, &x, 1.0);
        let squares = (-100..=100).map(|v: i32| f64::from((v - 1) * (v - 1))).sum::<f64>() + 1.0;
        assert_eq!(found, PowerSums { sum: -202.0, squares, magnitudes: 10_100.0, zeros: 2 });
        assert_eq!(power_sums(isa, &[], 3.0), PowerSums::default());
        let constant = power_sums(isa, &[0.1; 1000], 0.1);
        assert_eq!((constant.sum, constant.squares), (0.0, 0.0));
    }
}
