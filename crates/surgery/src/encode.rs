use espalier_tensor::{Code, DType, Error, Result};
use half::{bf16, f16};

use crate::convert::odd;

/// Numbers as elements of a type, in the form of `raw_data`; integers saturate.
///
/// errors: `INTERNAL` for types that no edit writes
pub(crate) fn numbers(dtype: DType, values: &[f64]) -> Result<Vec<u8>> {
    fn each<const SIZE: usize>(values: &[f64], encode: impl Fn(f64) -> [u8; SIZE]) -> Vec<u8> {
        values.iter().flat_map(|value| encode(*value)).collect()
    }
    Ok(match dtype {
        DType::Int64 => each(values, |value| (value as i64).to_le_bytes()),
        DType::Int32 => each(values, |value| (value as i32).to_le_bytes()),
        DType::Int16 => each(values, |value| (value as i16).to_le_bytes()),
        DType::Int8 => each(values, |value| (value as i8).to_le_bytes()),
        DType::UInt64 => each(values, |value| (value as u64).to_le_bytes()),
        DType::UInt32 => each(values, |value| (value as u32).to_le_bytes()),
        DType::UInt16 => each(values, |value| (value as u16).to_le_bytes()),
        DType::UInt8 => each(values, |value| [value as u8]),
        DType::Bool => each(values, |value| [u8::from(value != 0.0)]),
        DType::Float64 => each(values, f64::to_le_bytes),
        DType::Float32 => each(values, |value| (value as f32).to_le_bytes()),
        DType::Float16 => each(values, |value| f16::from_f32(odd(value)).to_le_bytes()),
        DType::BFloat16 => each(values, |value| bf16::from_f32(odd(value)).to_le_bytes()),
        other => return Err(Error::internal(format!("an edit writes numbers of the type {other}"))),
    })
}

/// Floats as elements of a type of floats, or of an integer type that weights are quantised to: rounded to the nearest,
/// ties to even; integers saturate.
///
/// errors: `NON_FINITE` for a value that is NaN or infinite, or becomes so; `INTERNAL` for types that no edit writes
pub(crate) fn floats(dtype: DType, values: &[f32]) -> Result<Vec<u8>> {
    fn each<const SIZE: usize>(
        values: &[f32],
        encode: impl Fn(f32) -> ([u8; SIZE], bool),
    ) -> Result<Vec<u8>, (usize, f32)> {
        let mut out = Vec::with_capacity(values.len() * SIZE);
        for (place, value) in values.iter().enumerate() {
            let (bytes, finite) = encode(*value);
            if !finite {
                return Err((place, *value));
            }
            out.extend_from_slice(&bytes);
        }
        Ok(out)
    }
    /// Two in a byte, the first in the lower bits.
    fn nibbles(values: &[f32], lowest: f32, highest: f32) -> Result<Vec<u8>, (usize, f32)> {
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err((place, values[place]));
        }
        let nibble = |value: &f32| value.round_ties_even().clamp(lowest, highest) as i8 as u8 & 15;
        Ok(values.chunks(2).map(|pair| nibble(&pair[0]) | pair.get(1).map_or(0, nibble) << 4).collect())
    }
    let encoded = match dtype {
        DType::Float64 => each(values, |value| (f64::from(value).to_le_bytes(), value.is_finite())),
        DType::Float32 => each(values, |value| (value.to_le_bytes(), value.is_finite())),
        DType::Float16 => each(values, |value| {
            let half = f16::from_f32(value);
            (half.to_le_bytes(), half.is_finite())
        }),
        DType::BFloat16 => each(values, |value| {
            let half = bf16::from_f32(value);
            (half.to_le_bytes(), half.is_finite())
        }),
        DType::Int8 => {
            each(values, |value| ((value.round_ties_even() as i8).to_le_bytes(), value.is_finite()))
        }
        DType::UInt8 => each(values, |value| ([value.round_ties_even() as u8], value.is_finite())),
        DType::Int16 => {
            each(values, |value| ((value.round_ties_even() as i16).to_le_bytes(), value.is_finite()))
        }
        DType::UInt16 => {
            each(values, |value| ((value.round_ties_even() as u16).to_le_bytes(), value.is_finite()))
        }
        DType::Int32 => {
            each(values, |value| ((value.round_ties_even() as i32).to_le_bytes(), value.is_finite()))
        }
        DType::Int4 => nibbles(values, -8.0, 7.0),
        DType::UInt4 => nibbles(values, 0.0, 15.0),
        other => return Err(Error::internal(format!("an edit writes floats to the type {other}"))),
    };
    encoded.map_err(|(place, value)| {
        let why = if value.is_finite() { format!(", which {dtype} cannot hold") } else { String::new() };
        Error::new(Code::NonFinite, format!("value {place} of its new content is {value}{why}"))
            .todo("Keep this tensor as it is.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(values: &[f32], dtype: DType) -> Vec<u16> {
        let bytes = floats(dtype, values).unwrap();
        bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect()
    }

    #[test]
    fn floats_are_rounded_to_the_nearest_ties_to_even() {
        let step = 2f32.powi(-10);
        let ties = [1.0 + 0.5 * step, 1.0 + 1.5 * step, -1.0 - 0.5 * step, 1.0 + 0.5 * step + 2f32.powi(-20)];
        assert_eq!(halves(&ties, DType::Float16), [0x3c00, 0x3c02, 0xbc00, 0x3c01]);
        // Below the normal numbers, and the last value that is not rounded beyond the largest.
        let small = [2f32.powi(-24), 2f32.powi(-25), 1.5 * 2f32.powi(-24), 65519.0];
        assert_eq!(halves(&small, DType::Float16), [0x0001, 0x0000, 0x0002, 0x7bff]);
        let step = 2f32.powi(-7);
        let ties = [1.0 + 0.5 * step, 1.0 + 1.5 * step, 1.0 + 0.5 * step + 2f32.powi(-20)];
        assert_eq!(halves(&ties, DType::BFloat16), [0x3f80, 0x3f82, 0x3f81]);
        assert_eq!(floats(DType::Float64, &[0.1]).unwrap(), f64::from(0.1f32).to_le_bytes());
        assert_eq!(floats(DType::Float32, &[-0.0]).unwrap(), (-0.0f32).to_le_bytes());
    }

    #[test]
    fn integers_are_rounded_to_the_nearest_and_saturate() {
        let values = [0.5, 1.5, -2.5, -0.4, 126.9, 300.0, -300.0];
        assert_eq!(
            floats(DType::Int8, &values).unwrap(),
            [0, 2, -2, 0, 127, 127, -128i8].map(|value| value as u8)
        );
        assert_eq!(floats(DType::UInt8, &values).unwrap(), [0, 2, 0, 0, 127, 255, 0]);
        assert_eq!(floats(DType::Int4, &[0.5, 1.5, -2.5, 9.0, -9.0]).unwrap(), [0x20, 0x7e, 0x08]);
        assert_eq!(floats(DType::UInt4, &[-1.0, 20.0, 2.5]).unwrap(), [0xf0, 0x02]);
        assert_eq!(
            floats(DType::Int16, &[-2.5, 1e6]).unwrap(),
            [(-2i16).to_le_bytes(), i16::MAX.to_le_bytes()].concat()
        );
        assert_eq!(
            floats(DType::UInt16, &[-2.5, 1e6]).unwrap(),
            [0u16.to_le_bytes(), u16::MAX.to_le_bytes()].concat()
        );
        assert_eq!(
            floats(DType::Int32, &[-2.5, 1e20]).unwrap(),
            [(-2i32).to_le_bytes(), i32::MAX.to_le_bytes()].concat()
        );
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let refused = |dtype, value: f32| {
            let error = floats(dtype, &[1.0, value]).unwrap_err();
            assert!(error.what().contains("value 1"), "{}", error.what());
            error.code()
        };
        for dtype in [DType::Float64, DType::Float32, DType::Float16, DType::BFloat16] {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert_eq!(refused(dtype, value), Code::NonFinite);
            }
        }
        assert_eq!(refused(DType::Float16, 65520.0), Code::NonFinite);
        assert_eq!(refused(DType::BFloat16, f32::MAX), Code::NonFinite);
        assert_eq!(refused(DType::Int8, f32::NAN), Code::NonFinite);
        assert_eq!(floats(DType::Int64, &[1.0]).unwrap_err().code(), Code::Internal);
        assert_eq!(floats(DType::Float8E4M3FN, &[1.0]).unwrap_err().code(), Code::Internal);
    }
}
