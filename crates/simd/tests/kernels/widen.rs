//! Stored elements: every bit pattern of the small types, on every instruction set.

use espalier_simd::{Isa, widen_bf16, widen_f16, widen_f64, widen_i4, widen_i8, widen_u4, widen_u8};
use half::{bf16, f16};

/// All 65,536, and some more, so that the last block is a short one.
fn halves() -> Vec<u16> {
    (0..=u16::MAX).chain(0..7).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn halves_are_what_the_reference_makes_of_them() {
    let stored: Vec<[u8; 2]> = halves().into_iter().map(u16::to_le_bytes).collect();
    let of = |convert: fn(u16) -> f32| bits(&halves().into_iter().map(convert).collect::<Vec<f32>>());
    let mut out = vec![0.0; stored.len()];
    for isa in Isa::available() {
        widen_f16(isa, &stored, &mut out);
        assert_eq!(bits(&out), of(|half| f16::from_bits(half).to_f32()), "{isa}");
        widen_bf16(isa, &stored, &mut out);
        assert_eq!(bits(&out), of(|half| bf16::from_bits(half).to_f32()), "{isa}");
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
        widen_f64(isa, &stored, &mut out);
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
    let stored = bytes.as_chunks::<1>().0;
    let mut out = vec![0.0; bytes.len()];
    for isa in Isa::available() {
        widen_u8(isa, stored, &mut out);
        assert!(bytes.iter().zip(&out).all(|(&byte, &value)| value == f32::from(byte)), "{isa}");
        widen_i8(isa, stored, &mut out);
        assert!(bytes.iter().zip(&out).all(|(&byte, &value)| value == f32::from(byte as i8)), "{isa}");
    }
}

#[test]
fn nibbles_come_lower_half_first() {
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    for isa in Isa::available() {
        for odd in [0, 1] {
            let mut out = vec![0.0; 2 * bytes.len() - odd];
            widen_u4(isa, &bytes, &mut out);
            for (i, &value) in out.iter().enumerate() {
                assert_eq!(value, f32::from(if i % 2 == 0 { bytes[i / 2] & 15 } else { bytes[i / 2] >> 4 }));
            }
            widen_i4(isa, &bytes, &mut out);
            for (i, &value) in out.iter().enumerate() {
                let nibble = if i % 2 == 0 { bytes[i / 2] & 15 } else { bytes[i / 2] >> 4 };
                assert_eq!(value, f32::from(nibble) - if nibble > 7 { 16.0 } else { 0.0 });
            }
        }
    }
}
