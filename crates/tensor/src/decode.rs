//! Elements as numbers: every real type to f32 or f64.

use espalier_simd::{Elements, Isa, Nibbles, widen};
use half::{bf16, f16};

use crate::DType;

/// A float that elements are decoded to.
pub(crate) trait Number: Copy {
    fn from_f64(value: f64) -> Self;
    fn from_f32(value: f32) -> Self;
}

impl Number for f32 {
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
    fn from_f32(value: f32) -> f32 {
        value
    }
}

impl Number for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }
    fn from_f32(value: f32) -> f64 {
        f64::from(value)
    }
}

/// Makes what kernels take of bytes, a number of elements to skip, and how many there are behind these: as [`numbers`].
pub(crate) type ToElements = fn(&[u8], usize, usize) -> Elements<'_>;

/// None for types that no kernel knows.
pub(crate) fn to_elements(dtype: DType) -> Option<ToElements> {
    Some(match dtype {
        DType::Float16 => |bytes, _, _| Elements::F16(bytes.as_chunks().0),
        DType::BFloat16 => |bytes, _, _| Elements::BF16(bytes.as_chunks().0),
        DType::Float64 => |bytes, _, _| Elements::F64(bytes.as_chunks().0),
        DType::Int8 => |bytes, _, _| Elements::I8(bytes),
        DType::UInt8 => |bytes, _, _| Elements::U8(bytes),
        DType::Int4 => |bytes, skip, length| Elements::I4(Nibbles::new(bytes, skip, length)),
        DType::UInt4 => |bytes, skip, length| Elements::U4(Nibbles::new(bytes, skip, length)),
        _ => return None,
    })
}

/// As [`numbers`], by the fastest instructions of this machine for the types that weights have.
pub(crate) fn floats(dtype: DType, bytes: &[u8], skip: usize, out: &mut [f32]) -> bool {
    match to_elements(dtype) {
        Some(to_elements) => widen(Isa::best(), to_elements(bytes, skip, out.len()), out),
        None => return numbers(dtype, bytes, skip, out),
    }
    true
}

/// Elements to numbers, each rounded once to the nearest.
///
/// - `bytes`: as in `raw_data`; `skip`: elements of the first byte that come before the first one wanted (packed types)
/// - returns: false for types whose elements are no real numbers; `out` is then untouched
pub(crate) fn numbers<N: Number>(dtype: DType, bytes: &[u8], skip: usize, out: &mut [N]) -> bool {
    fn each<const SIZE: usize, N>(bytes: &[u8], out: &mut [N], decode: impl Fn([u8; SIZE]) -> N) {
        for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<SIZE>().0) {
            *value = decode(*bytes);
        }
    }
    let f = N::from_f32;
    match dtype {
        DType::Float32 => each(bytes, out, |b| f(f32::from_le_bytes(b))),
        DType::Float64 => each(bytes, out, |b| N::from_f64(f64::from_le_bytes(b))),
        DType::Float16 => each(bytes, out, |b| f(f16::from_le_bytes(b).to_f32())),
        DType::BFloat16 => each(bytes, out, |b| f(bf16::from_le_bytes(b).to_f32())),
        DType::Int8 => each(bytes, out, |[b]| f(f32::from(b as i8))),
        DType::UInt8 => each(bytes, out, |[b]| f(f32::from(b))),
        DType::Bool => each(bytes, out, |[b]| f(f32::from(u8::from(b != 0)))),
        DType::Int16 => each(bytes, out, |b| f(f32::from(i16::from_le_bytes(b)))),
        DType::UInt16 => each(bytes, out, |b| f(f32::from(u16::from_le_bytes(b)))),
        DType::Int32 => each(bytes, out, |b| N::from_f64(f64::from(i32::from_le_bytes(b)))),
        DType::UInt32 => each(bytes, out, |b| N::from_f64(f64::from(u32::from_le_bytes(b)))),
        DType::Int64 => each(bytes, out, |b| N::from_f64(i64::from_le_bytes(b) as f64)),
        DType::UInt64 => each(bytes, out, |b| N::from_f64(u64::from_le_bytes(b) as f64)),
        DType::Float8E4M3FN => each(bytes, out, |[b]| f(e4m3fn(b))),
        DType::Float8E4M3FNUZ => each(bytes, out, |[b]| f(fnuz(b, 3))),
        // The upper byte of a float16.
        DType::Float8E5M2 => each(bytes, out, |[b]| f(f16::from_le_bytes([0, b]).to_f32())),
        DType::Float8E5M2FNUZ => each(bytes, out, |[b]| f(fnuz(b, 2))),
        DType::Float8E8M0 => each(bytes, out, |[b]| f(e8m0(b))),
        DType::UInt4 => packed(bytes, skip, 4, out, |b| f(f32::from(b))),
        DType::Int4 => packed(bytes, skip, 4, out, |b| f(f32::from((b << 4) as i8 >> 4))),
        DType::Float4E2M1 => packed(bytes, skip, 4, out, |b| f(e2m1(b))),
        DType::UInt2 => packed(bytes, skip, 2, out, |b| f(f32::from(b))),
        DType::Int2 => packed(bytes, skip, 2, out, |b| f(f32::from((b << 6) as i8 >> 6))),
        DType::String | DType::Complex64 | DType::Complex128 => return false,
    }
    true
}

/// Elements of fewer than eight bits: the first in the lowest bits.
fn packed<N>(bytes: &[u8], skip: usize, bits: usize, out: &mut [N], decode: impl Fn(u8) -> N) {
    let mask = (1u8 << bits) - 1;
    for (index, value) in out.iter_mut().enumerate() {
        let bit = (index + skip) * bits;
        *value = decode(bytes[bit / 8] >> (bit % 8) & mask);
    }
}

/// Sign, 4 bits of exponent with bias 7, 3 of mantissa; no infinities, NaN where all are set.
fn e4m3fn(bits: u8) -> f32 {
    if bits & 0x7f == 0x7f { f32::NAN } else { small(bits, 3, 7) }
}

/// `mantissa` bits of mantissa and a bias one higher than usual; no infinities, no negative zero, whose place NaN has.
fn fnuz(bits: u8, mantissa: u32) -> f32 {
    if bits == 0x80 { f32::NAN } else { small(bits, mantissa, 1 << (6 - mantissa)) }
}

/// A float of sign, exponent and mantissa in eight bits, with subnormals and without special values.
fn small(bits: u8, mantissa: u32, bias: i32) -> f32 {
    let fraction = f32::from(bits & ((1 << mantissa) - 1)) / (1u32 << mantissa) as f32;
    let exponent = i32::from(bits & 0x7f) >> mantissa;
    let magnitude = if exponent == 0 {
        fraction * 2f32.powi(1 - bias)
    } else {
        (1.0 + fraction) * 2f32.powi(exponent - bias)
    };
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

/// A power of two: exponent with bias 127, NaN where all bits are set.
fn e8m0(bits: u8) -> f32 {
    match bits {
        0xff => f32::NAN,
        // 2^-127 is a subnormal f32.
        0 => f32::from_bits(1 << 22),
        exponent => f32::from_bits(u32::from(exponent) << 23),
    }
}

fn e2m1(bits: u8) -> f32 {
    let magnitude = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0][usize::from(bits & 7)];
    if bits & 8 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(dtype: DType, bytes: &[u8], count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count];
        assert!(numbers(dtype, bytes, 0, &mut out));
        out
    }

    /// Values of ml_dtypes, the reference of these types.
    #[test]
    fn small_floats_have_their_published_values() {
        let is =
            |dtype, bits, value: f64| assert_eq!(decoded(dtype, &[bits], 1)[0], value, "{dtype} {bits:#x}");
        is(DType::Float8E4M3FN, 0x7e, 448.0);
        is(DType::Float8E4M3FN, 0x01, 2f64.powi(-9));
        is(DType::Float8E4M3FN, 0xb8, -1.0);
        is(DType::Float8E4M3FNUZ, 0x7f, 240.0);
        is(DType::Float8E4M3FNUZ, 0x40, 1.0);
        is(DType::Float8E5M2, 0x7b, 57344.0);
        is(DType::Float8E5M2, 0x7c, f64::INFINITY);
        is(DType::Float8E5M2FNUZ, 0x7f, 57344.0);
        is(DType::Float8E5M2FNUZ, 0x40, 1.0);
        is(DType::Float8E8M0, 127, 1.0);
        is(DType::Float8E8M0, 0, 2f64.powi(-127));
        for (dtype, bits) in [
            (DType::Float8E4M3FN, 0x7f),
            (DType::Float8E4M3FNUZ, 0x80),
            (DType::Float8E5M2FNUZ, 0x80),
            (DType::Float8E8M0, 0xff),
        ] {
            assert!(decoded(dtype, &[bits], 1)[0].is_nan(), "{dtype}");
        }
        assert_eq!(decoded(DType::Float4E2M1, &[0x7f, 0x02], 3), [-6.0, 6.0, 1.0]);
    }

    #[test]
    fn packed_integers_have_their_sign_and_order() {
        assert_eq!(decoded(DType::Int4, &[0x8f, 0x07], 3), [-1.0, -8.0, 7.0]);
        assert_eq!(decoded(DType::UInt4, &[0x8f, 0x07], 3), [15.0, 8.0, 7.0]);
        assert_eq!(decoded(DType::Int2, &[0b11_10_01_00], 4), [0.0, 1.0, -2.0, -1.0]);
        assert_eq!(decoded(DType::UInt2, &[0b11_10_01_00], 4), [0.0, 1.0, 2.0, 3.0]);
        let mut out = [0f32; 2];
        assert!(numbers(DType::UInt4, &[0x21, 0x43], 1, &mut out));
        assert_eq!(out, [2.0, 3.0]);
    }

    #[test]
    fn wide_integers_keep_what_a_double_can() {
        assert_eq!(decoded(DType::Int64, &(-(1i64 << 53) + 1).to_le_bytes(), 1), [-9007199254740991.0]);
        assert_eq!(decoded(DType::Int64, &i64::MAX.to_le_bytes(), 1), [i64::MAX as f64]);
        assert_eq!(decoded(DType::UInt32, &u32::MAX.to_le_bytes(), 1), [4294967295.0]);
    }
}
