//! Floats as another type of floats, converted as they are written.

use espalier_tensor::{Code, DType, Error, Model, Result};
use half::{bf16, f16};

use crate::gather::Window;
use crate::piece::Piece;

/// Elements of `source` as another type: rounded to the nearest, ties to even.
#[derive(Clone, Debug)]
pub(crate) struct Converted {
    /// Elements in the form of `raw_data`.
    source: Piece,
    from: DType,
    to: DType,
    /// Bytes of one element.
    from_size: u64,
    to_size: u64,
    /// For errors.
    tensor: String,
}

impl Converted {
    /// errors: `INTERNAL` where one of the types is none of float16, bfloat16, float32, float64
    pub fn new(source: Piece, from: DType, to: DType, tensor: &str) -> Result<Converted> {
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
        Ok(Converted { source, from, to, from_size, to_size, tensor: tensor.to_owned() })
    }

    pub fn length(&self) -> u64 {
        self.source.length() / self.from_size * self.to_size
    }

    /// Fills `out` with the bytes from `start` on, which need not begin or end where an element does.
    ///
    /// errors: `NON_FINITE` for a value that is NaN or infinite, or that the type cannot hold
    pub fn read(&self, model: &Model, start: u64, out: &mut [u8], window: &mut Window) -> Result<()> {
        let first = start / self.to_size;
        let end = (start + out.len() as u64).div_ceil(self.to_size);
        let mut source = vec![0; ((end - first) * self.from_size) as usize];
        self.source.read(model, first * self.from_size, &mut source, window)?;
        let mut converted = Vec::with_capacity(((end - first) * self.to_size) as usize);
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
        let inside = (start - first * self.to_size) as usize;
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
    f32::from_bits(single.to_bits() - u32::from(away) | 1)
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
#[path = "../../tensor/tests/support/mod.rs"]
mod support;

#[cfg(test)]
mod tests {
    use super::support::*;
    use super::*;

    fn bytes_of(values: &[f32]) -> Piece {
        Piece::Literal(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn all(converted: &Converted) -> Result<Vec<u8>> {
        let model = model_of(&[counting("x", &[1])]).open().unwrap();
        let mut out = vec![0; converted.length() as usize];
        converted.read(&model, 0, &mut out, &mut Window::default())?;
        Ok(out)
    }

    #[test]
    fn any_stretch_is_that_of_the_whole() {
        let values: Vec<f32> = (0..7).map(|value| value as f32 * 0.3 - 1.0).collect();
        let model = model_of(&[counting("x", &[1])]).open().unwrap();
        for to in [DType::Float16, DType::BFloat16, DType::Float64, DType::Float32] {
            let converted = Converted::new(bytes_of(&values), DType::Float32, to, "w").unwrap();
            let whole = all(&converted).unwrap();
            for start in 0..whole.len() {
                for end in start..=whole.len() {
                    let mut out = vec![0; end - start];
                    converted.read(&model, start as u64, &mut out, &mut Window::default()).unwrap();
                    assert_eq!(out, whole[start..end]);
                }
            }
        }
    }

    #[test]
    fn ties_go_to_even_without_a_detour_over_another_type() {
        // Exactly between two halves in float64, and off it by less than float32 tells.
        let above = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
        let source =
            Piece::Literal([1.0 + 2f64.powi(-11), above].iter().flat_map(|v| v.to_le_bytes()).collect());
        let converted = Converted::new(source, DType::Float64, DType::Float16, "w").unwrap();
        let halves = [0x3c00u16, 0x3c01].iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
        assert_eq!(all(&converted).unwrap(), halves);
    }

    #[test]
    fn what_the_type_cannot_hold_is_refused_with_its_place() {
        for value in [70000.0, f32::INFINITY, f32::NAN] {
            let converted =
                Converted::new(bytes_of(&[1.0, value]), DType::Float32, DType::Float16, "w").unwrap();
            let error = all(&converted).unwrap_err();
            assert_eq!(error.code(), Code::NonFinite);
            assert!(error.what().starts_with("value 1 is"), "{}", error.what());
        }
        let error = Converted::new(bytes_of(&[1.0]), DType::Float32, DType::Int8, "w").unwrap_err();
        assert_eq!(error.code(), Code::Internal);
    }
}
