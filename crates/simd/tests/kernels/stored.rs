//! Elements of every type: their values, and that each kernel of them is what it is of their values.

use crate::inputs::{bits, same, weights};
use espalier_simd::{
    Bins, Elements, Isa, Nibbles, abs_sum, abs_sum_columns, bin_indices, entropy_terms, extremes, histogram,
    square_sum, square_sum_columns, value_sum, value_sum_columns, widen,
};
use half::{bf16, f16};

/// A kernel that adds to the sums of columns.
type Columns = fn(Isa, Elements<'static>, &mut [f64]);

const COLUMNS: [(&str, Columns); 3] = [
    ("abs_sum_columns", |isa, x, sums| abs_sum_columns(isa, x, sums)),
    ("square_sum_columns", |isa, x, sums| square_sum_columns(isa, x, sums)),
    ("value_sum_columns", |isa, x, sums| value_sum_columns(isa, x, sums)),
];

fn leak<T>(values: Vec<T>) -> &'static [T] {
    values.leak()
}

/// More elements of each type than any kernel takes at a time: as weights are, and of any bits.
fn every_type() -> Vec<(&'static str, Elements<'static>)> {
    const LENGTH: usize = 40_003;
    let mut random = fastrand::Rng::with_seed(11);
    let bytes: Vec<u8> = (0..LENGTH).map(|_| random.u8(..)).collect();
    let bytes = leak(bytes);
    let halves = |values: Vec<f32>, to: fn(f32) -> u16| {
        leak(values.into_iter().map(|v| to(v).to_le_bytes()).collect::<Vec<[u8; 2]>>())
    };
    let pairs = bytes.as_chunks::<2>().0;
    let doubles = |values: Vec<f32>| {
        leak(
            values.into_iter().map(|v| (f64::from(v) * 1.000_000_01).to_le_bytes()).collect::<Vec<[u8; 8]>>(),
        )
    };
    vec![
        ("f32", Elements::F32(leak(weights(1, LENGTH)))),
        ("f32 of any bits", Elements::F32(leak(bits(2, LENGTH)))),
        ("f16", Elements::F16(halves(weights(3, LENGTH), |v| f16::from_f32(v).to_bits()))),
        ("f16 of any bits", Elements::F16(pairs)),
        ("bf16", Elements::BF16(halves(weights(4, LENGTH), |v| bf16::from_f32(v).to_bits()))),
        ("bf16 of any bits", Elements::BF16(pairs)),
        ("f64", Elements::F64(doubles(weights(5, LENGTH)))),
        ("f64 of any bits", Elements::F64(bytes.as_chunks().0)),
        ("i8", Elements::I8(bytes)),
        ("u8", Elements::U8(bytes)),
        ("the least i8", Elements::I8(leak(vec![0x80; LENGTH]))),
        ("the largest u8", Elements::U8(leak(vec![0xff; LENGTH]))),
        ("i4", Elements::I4(Nibbles::new(bytes, 0, 2 * LENGTH))),
        ("u4", Elements::U4(Nibbles::new(bytes, 0, 2 * LENGTH))),
        ("the least i4", Elements::I4(Nibbles::new(leak(vec![0x88; LENGTH]), 0, 2 * LENGTH))),
        ("the largest u4", Elements::U4(Nibbles::new(leak(vec![0xff; LENGTH]), 0, 2 * LENGTH))),
    ]
}

/// Elements from `start` on; fewer where there are not so many.
fn part(x: Elements<'static>, start: usize, length: usize) -> Elements<'static> {
    x.part(start..x.len().min(start + length))
}

/// Runs `check` on every instruction set, on parts of every type that begin and end at or about where kernels take turns.
fn everywhere(check: impl Fn(Isa, &str, Elements<'static>)) {
    for (name, x) in every_type() {
        for isa in Isa::available() {
            for start in [0, 1, 2, 31] {
                for length in [0, 1, 2, 15, 16, 31, 63, 64, 65, 127, 128, 129, 511, 1000, 8191, 33_000] {
                    check(isa, &format!("{isa}, {length} of {name} from {start}"), part(x, start, length));
                }
            }
        }
    }
}

/// The values of elements, by the definition.
fn values(x: Elements) -> Vec<f32> {
    let mut values = vec![0.0; x.len()];
    widen(Isa::Scalar, x, &mut values);
    values
}

#[test]
fn sums_are_those_of_the_values() {
    everywhere(|isa, name, x| {
        let values = values(x);
        assert!(same(abs_sum(isa, x), abs_sum(Isa::Scalar, &values)), "abs_sum: {name}");
        assert!(same(square_sum(isa, x), square_sum(Isa::Scalar, &values)), "square_sum: {name}");
        assert!(same(value_sum(isa, x), value_sum(Isa::Scalar, &values)), "value_sum: {name}");
    });
}

#[test]
fn extremes_are_those_of_the_values() {
    everywhere(|isa, name, x| {
        let (found, expected) = (extremes(isa, x), extremes(Isa::Scalar, &values(x)));
        assert_eq!(found.non_finite, expected.non_finite, "{name}");
        assert_eq!(found.min.to_bits(), expected.min.to_bits(), "{name}");
        assert_eq!(found.max.to_bits(), expected.max.to_bits(), "{name}");
    });
}

#[test]
fn bins_are_those_of_the_values() {
    everywhere(|isa, name, x| {
        for bins in [Bins::new(-3.0, 2.0, 256), Bins::new(-128.0, 255.0, 1000)] {
            let values = values(x);
            let (mut found, mut expected) = (vec![7; bins.count()], vec![7; bins.count()]);
            histogram(isa, x, bins, &mut found);
            histogram(Isa::Scalar, &values, bins, &mut expected);
            assert_eq!(found, expected, "{name}");
            let (mut found, mut expected) = (vec![0; x.len()], vec![0; x.len()]);
            bin_indices(isa, x, bins, &mut found);
            bin_indices(Isa::Scalar, &values, bins, &mut expected);
            assert_eq!(found, expected, "{name}");
        }
    });
}

#[test]
fn terms_are_those_of_the_values() {
    everywhere(|isa, name, x| {
        let (mut found, mut expected) = (vec![1.0; x.len()], vec![1.0; x.len()]);
        entropy_terms(isa, x, 100.0, &mut found);
        entropy_terms(Isa::Scalar, &values(x), 100.0, &mut expected);
        let equal = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(found.iter().zip(&expected).all(equal), "{name}");
    });
}

#[test]
fn columns_equal_their_definition() {
    for columns in [1, 2, 3, 7, 8, 63, 64, 65, 128, 130, 1000, 1023, 5000, 9001] {
        let start: Vec<f64> = (0..columns).map(|j| j as f64 * 0.1).collect();
        for (name, x) in every_type() {
            for (skip, length) in [(0, x.len()), (1, 33_000), (0, 32 * columns + 1), (2, 3 * columns)] {
                let x = part(x, skip, length);
                for (kernel, add) in COLUMNS {
                    let mut expected = start.clone();
                    add(Isa::Scalar, x, &mut expected);
                    for isa in Isa::available() {
                        let mut found = start.clone();
                        add(isa, x, &mut found);
                        let equal = found.iter().zip(&expected).all(|(&a, &b)| same(a, b));
                        assert!(equal, "{kernel}: {isa}, {columns} columns of {} {name}", x.len());
                    }
                }
            }
        }
    }
}

#[test]
fn columns_are_those_of_the_values() {
    for columns in [1, 6, 64, 700] {
        for (name, x) in every_type() {
            let values: &'static [f32] = values(x).leak();
            for (kernel, add) in COLUMNS {
                let (mut found, mut expected) = (vec![0.0; columns], vec![0.0; columns]);
                add(Isa::best(), x, &mut found);
                add(Isa::Scalar, values.into(), &mut expected);
                let equal = found.iter().zip(&expected).all(|(&a, &b)| same(a, b));
                assert!(equal, "{kernel}: {columns} columns of {name}");
            }
        }
    }
}

#[test]
fn parts_hold_the_elements_that_they_say() {
    for (name, x) in every_type() {
        let all = values(x);
        for (start, length) in [(0, 0), (0, 1), (1, 1), (1, 2), (5, 100), (7, 999), (x.len(), 0)] {
            let own = values(part(x, start, length));
            let equal = own.iter().zip(&all[start..]).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(equal && own.len() == length, "{length} of {name} from {start}");
        }
    }
}

/// All 65,536, and some more, so that the last block is a short one.
fn halves() -> Vec<u16> {
    (0..=u16::MAX).chain(0..7).collect()
}

fn of_bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn halves_are_what_the_reference_makes_of_them() {
    let stored: Vec<[u8; 2]> = halves().into_iter().map(u16::to_le_bytes).collect();
    let of = |convert: fn(u16) -> f32| of_bits(&halves().into_iter().map(convert).collect::<Vec<f32>>());
    let mut out = vec![0.0; stored.len()];
    for isa in Isa::available() {
        widen(isa, Elements::F16(&stored), &mut out);
        assert_eq!(of_bits(&out), of(|half| f16::from_bits(half).to_f32()), "{isa}");
        widen(isa, Elements::BF16(&stored), &mut out);
        assert_eq!(of_bits(&out), of(|half| bf16::from_bits(half).to_f32()), "{isa}");
    }
}

#[test]
fn doubles_are_rounded_to_the_nearest() {
    let mut random = fastrand::Rng::with_seed(3);
    let special =
        [0.0, -0.0, 1e-45, 7e-46, 1e-300, 3.5e38, -1e308, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let ties = [1.0 + 2f64.powi(-24), 1.0 + 3.0 * 2f64.powi(-24), 16_777_217.0, 16_777_219.0];
    let random = (0..1003).map(|_| f64::from_bits(random.u64(..)));
    let values: Vec<f64> = special.into_iter().chain(ties).chain(random).collect();
    let stored: Vec<[u8; 8]> = values.iter().map(|value| value.to_le_bytes()).collect();
    let mut out = vec![0.0; stored.len()];
    for isa in Isa::available() {
        widen(isa, Elements::F64(&stored), &mut out);
        for (&wide, &narrow) in values.iter().zip(&out) {
            assert!(
                narrow.to_bits() == (wide as f32).to_bits() || wide.is_nan() && narrow.is_nan(),
                "{isa}: {wide}"
            );
        }
        assert_eq!(out[10..14], [1.0, 1.000_000_2, 16_777_216.0, 16_777_220.0]);
    }
}

#[test]
fn integers_are_themselves() {
    let bytes: Vec<u8> = (0..=u8::MAX).chain(0..5).collect();
    let mut out = vec![0.0; bytes.len()];
    for isa in Isa::available() {
        widen(isa, Elements::U8(&bytes), &mut out);
        assert!(bytes.iter().zip(&out).all(|(&byte, &value)| value == f32::from(byte)), "{isa}");
        widen(isa, Elements::I8(&bytes), &mut out);
        assert!(bytes.iter().zip(&out).all(|(&byte, &value)| value == f32::from(byte as i8)), "{isa}");
    }
}

#[test]
fn nibbles_come_lower_half_first() {
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    for isa in Isa::available() {
        for (skip, odd) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let length = 2 * bytes.len() - odd - skip;
            let mut out = vec![0.0; length];
            let half = |i: usize| {
                let place = i + skip;
                if place.is_multiple_of(2) { bytes[place / 2] & 15 } else { bytes[place / 2] >> 4 }
            };
            widen(isa, Elements::U4(Nibbles::new(&bytes, skip, length)), &mut out);
            assert!(out.iter().enumerate().all(|(i, &value)| value == f32::from(half(i))), "{isa}");
            widen(isa, Elements::I4(Nibbles::new(&bytes, skip, length)), &mut out);
            let signed = |i| f32::from(half(i)) - if half(i) > 7 { 16.0 } else { 0.0 };
            assert!(out.iter().enumerate().all(|(i, &value)| value == signed(i)), "{isa}");
        }
    }
}
