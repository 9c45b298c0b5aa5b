//! Sums on every instruction set have the bits of their definition, and the value that exact arithmetic gives.

use crate::inputs::{everywhere, same, weights};
use espalier_simd::{
    Isa, PARTS, abs_sum, abs_sum_columns, square_distance, square_sum, square_sum_columns, value_sum,
    value_sum_columns,
};

#[test]
fn sums_equal_their_definition() {
    everywhere(|isa, x| {
        assert!(same(abs_sum(isa, x), abs_sum(Isa::Scalar, x)), "{isa} abs_sum of {x:?}");
        assert!(same(square_sum(isa, x), square_sum(Isa::Scalar, x)), "{isa} square_sum of {x:?}");
        assert!(same(value_sum(isa, x), value_sum(Isa::Scalar, x)), "{isa} value_sum of {x:?}");
        let y = weights(9, x.len());
        let (fast, definition) = (square_distance(isa, x, &y), square_distance(Isa::Scalar, x, &y));
        assert!(same(fast, definition), "{isa} square_distance of {x:?}");
    });
}

#[test]
fn the_order_is_the_one_that_is_stated() {
    let x = weights(5, 5 * PARTS + 7);
    let mut parts = [0.0; PARTS];
    for (i, &v) in x.iter().enumerate() {
        parts[i % PARTS] += f64::from(v.abs());
    }
    let expected = parts.iter().fold(0.0, |sum, part| sum + part);
    for isa in Isa::available() {
        assert_eq!(abs_sum(isa, &x).to_bits(), expected.to_bits());
    }
}

#[test]
fn small_integers_are_summed_exactly() {
    let x: Vec<f32> = (-1000..=1000).map(|v| v as f32).collect();
    for isa in Isa::available() {
        assert_eq!(abs_sum(isa, &x), 1_001_000.0);
        assert_eq!(square_sum(isa, &x), 667_667_000.0);
        assert_eq!(value_sum(isa, &x), 0.0);
        assert_eq!(square_distance(isa, &x, &vec![0.0; x.len()]), 667_667_000.0);
        assert_eq!(square_distance(isa, &x, &x), 0.0);
        assert_eq!(abs_sum(isa, &[]), 0.0);
        assert_eq!(square_sum(isa, &[f32::MAX, f32::MIN]), 2.0 * f64::from(f32::MAX) * f64::from(f32::MAX));
        assert_eq!(square_sum(isa, &[1e-45]), f64::from(1e-45f32) * f64::from(1e-45f32));
    }
}

#[test]
fn columns_equal_their_definition() {
    for columns in [1, 2, 3, 4, 7, 8, 9, 16, 31, 64, 100] {
        let start: Vec<f64> = (0..columns).map(|j| j as f64 * 0.1).collect();
        everywhere(|isa, x| {
            for kernel in [abs_sum_columns, square_sum_columns, value_sum_columns] {
                let (mut fast, mut definition) = (start.clone(), start.clone());
                kernel(isa, x, &mut fast);
                kernel(Isa::Scalar, x, &mut definition);
                let equal = fast.iter().zip(&definition).all(|(&a, &b)| same(a, b));
                assert!(equal, "{isa}, {columns} columns of {x:?}");
            }
        });
    }
}

#[test]
fn a_column_is_the_sum_over_its_rows() {
    let x: Vec<f32> = (0..35).map(|v| v as f32 - 17.0).collect();
    for isa in Isa::available() {
        let mut sums = vec![0.0; 4];
        abs_sum_columns(isa, &x, &mut sums);
        for (j, &sum) in sums.iter().enumerate() {
            let expected: f64 = x.iter().skip(j).step_by(4).map(|v| f64::from(v.abs())).sum();
            assert_eq!(sum, expected);
        }
        abs_sum_columns(isa, &x, &mut []);
    }
}
