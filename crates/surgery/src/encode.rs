use espalier_tensor::{DType, Error, Result};
use half::{bf16, f16};

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
        DType::Float16 => each(values, |value| f16::from_f64(value).to_le_bytes()),
        DType::BFloat16 => each(values, |value| bf16::from_f64(value).to_le_bytes()),
        other => return Err(Error::internal(format!("an edit writes numbers of the type {other}"))),
    })
}
