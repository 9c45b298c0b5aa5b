//! Floats as another type of floats, converted as they are written.

use std::ops::Range;

use espalier_tensor::{Code, DType, Error, Result};
use half::{bf16, f16};

/// How elements of one type of floats become another: rounded to the nearest, ties to even.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    from: DType,
    to: DType,
    /// Bytes of one element.
    from_size: u64,
    to_size: u64,
    /// For errors.
    tensor: String,
}

impl Conversion {
    /// errors: `INTERNAL` where one of the types is none of float16, bfloat16, float32, float64
    pub fn new(from: DType, to: DType, tensor: &str) -> Result<Conversion> {
        let size = |dtype: DType| match dtype {
            DType::Float16 | DType::BFloat16 => Ok(2),
            DType::Float32 => Ok(4),
            DType::Float64 => Ok(8),
            other => {
                Err(Error::internal(format!("an edit stores {from} as {to}, and {other} is no such float"))
                    .in_tensor(tensor))
            }
        };
        let (from_size, to_size) = (size(from)?, size(to)?);
        Ok(Conversion { from, to, from_size, to_size, tensor: tensor.to_owned() })
    }

    /// The bytes that so many bytes become.
    pub fn length(&self, source: u64) -> u64 {
        source / self.from_size * self.to_size
    }

    /// The bytes of the source that a stretch of the result is made of, which need not begin or end where an element does.
    pub fn source(&self, result: &Range<u64>) -> Range<u64> {
        result.start / self.to_size * self.from_size..result.end.div_ceil(self.to_size) * self.from_size
    }

    /// Fills `out` with a stretch of the result. `source`: the bytes that [`Conversion::source`] says.
    ///
    /// errors: `NON_FINITE` for a value that is NaN or infinite, or that the type cannot hold
    pub fn convert(&self, source: &[u8], result: &Range<u64>, out: &mut [u8]) -> Result<()> {
        let first = result.start / self.to_size;
        let mut converted = Vec::with_capacity(self.length(source.len() as u64) as usize);
        for (place, element) in source.chunks_exact(self.from_size as usize).enumerate() {
            let value = decode(self.from, element);
            if !encode(self.to, value, &mut converted) {
                let why = if value.is_finite() {
                    format!(", which {} cannot hold", self.to)
                } else {
                    String::new()
                };
                let what = format!("value {} is {value}{why}", first + place as u64);
                let error = Error::new(Code::NonFinite, what).in_tensor(&self.tensor);
                return Err(error.todo("Keep this tensor as it is."));
            }
        }
        let inside = (result.start - first * self.to_size) as usize;
        out.copy_from_slice(&converted[inside..inside + out.len()]);
        Ok(())
    }
}

fn decode(dtype: DType, bytes: &[u8]) -> f64 {
    match (dtype, bytes) {
        (DType::Float16, [a, b]) => f16::from_le_bytes([*a, *b]).to_f64(),
        (DType::BFloat16, [a, b]) => bf16::from_le_bytes([*a, *b]).to_f64(),
        (_, [a, b, c, d]) => f64::from(f32::from_le_bytes([*a, *b, *c, *d])),
        (_, bytes) => bytes.try_into().map_or(f64::NAN, f64::from_le_bytes),
    }
}

/// As float32, rounded to odd: rounded again to a type of fewer bits, it comes to what the value itself is rounded to. Where processors
/// convert to halves themselves, `half` goes from float64 over a float32 that is rounded to the nearest, which may come to another half.
///
/// source: Boldo, Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008
pub(crate) fn odd(value: f64) -> f32 {
    let single = value as f32;
    if !single.is_finite() || f64::from(single) == value {
        return single;
    }
    let away = f64::from(single).abs() > value.abs();
    f32::from_bits((single.to_bits() - u32::from(away)) | 1)
}

/// Appends an element; false where it is not finite.
fn encode(dtype: DType, value: f64, out: &mut Vec<u8>) -> bool {
    match dtype {
        DType::Float16 => {
            let half = f16::from_f32(odd(value));
            out.extend(half.to_le_bytes());
            half.is_finite()
        }
        DType::BFloat16 => {
            let half = bf16::from_f32(odd(value));
            out.extend(half.to_le_bytes());
            half.is_finite()
        }
        DType::Float32 => {
            let single = value as f32;
            out.extend(single.to_le_bytes());
            single.is_finite()
        }
        _ => {
            out.extend(value.to_le_bytes());
            value.is_finite()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn stretch(conversion: &Conversion, source: &[u8], result: Range<u64>) -> Result<Vec<u8>> {
        let from = conversion.source(&result);
        let mut out = vec![0; (result.end - result.start) as usize];
        conversion.convert(&source[from.start as usize..from.end as usize], &result, &mut out)?;
        Ok(out)
    }

    fn all(conversion: &Conversion, source: &[u8]) -> Result<Vec<u8>> {
        stretch(conversion, source, 0..conversion.length(source.len() as u64))
    }

    #[test]
    fn any_stretch_is_that_of_the_whole() {
        let source = bytes_of(&(0..7).map(|value| value as f32 * 0.3 - 1.0).collect::<Vec<_>>());
        for to in [DType::Float16, DType::BFloat16, DType::Float64, DType::Float32] {
            let conversion = Conversion::new(DType::Float32, to, "w").unwrap();
            let whole = all(&conversion, &source).unwrap();
            for start in 0..whole.len() {
                for end in start..=whole.len() {
                    let found = stretch(&conversion, &source, start as u64..end as u64).unwrap();
                    assert_eq!(found, whole[start..end]);
                }
            }
        }
    }

    #[test]
    fn ties_go_to_even_without_a_detour_over_another_type() {
        // Exactly between two halves in float64, and off it by less than float32 tells.
        let above = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
        let source =
            [1.0 + 2f64.powi(-11), above, -above].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let conversion = Conversion::new(DType::Float64, DType::Float16, "w").unwrap();
        let halves =
            [0x3c00u16, 0x3c01, 0xbc01].iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
        assert_eq!(all(&conversion, &source).unwrap(), halves);
    }

    #[test]
    fn what_the_type_cannot_hold_is_refused_with_its_place() {
        for value in [70000.0, f32::INFINITY, f32::NAN] {
            let conversion = Conversion::new(DType::Float32, DType::Float16, "w").unwrap();
            let error = all(&conversion, &bytes_of(&[1.0, value])).unwrap_err();
            assert_eq!(error.code(), Code::NonFinite);
            assert!(error.what().starts_with("value 1 is"), "{}", error.what());
        }
        let error = Conversion::new(DType::Float32, DType::Int8, "w").unwrap_err();
        assert_eq!(error.code(), Code::Internal);
    }
}
