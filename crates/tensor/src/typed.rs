use std::ops::Range;

use crate::onnx::{Chunk, typed};
use crate::wire::{Reader, Value, malformed};
use crate::{Code, DType, Error, Job, Result, Source};

/// Most bytes that one tensor's typed fields may decode to.
const MOST: u64 = 1 << 31;

/// The elements in a tensor's typed fields, in the form of `raw_data`.
///
/// - errors: `MODEL_MALFORMED` where a number does not fit the tensor's type; `MODEL_TOO_LARGE` above 2 GiB
/// - memory: the result
pub(crate) fn decode(
    source: &Source,
    chunks: &[Chunk],
    dtype: DType,
    bytes: u64,
    job: &Job,
) -> Result<Vec<u8>> {
    if bytes > MOST {
        let what = format!("its typed fields hold {bytes} bytes of elements");
        return Err(Error::new(Code::ModelTooLarge, what).todo("Store it as raw_data or external data."));
    }
    let mut reader = Reader::new(source);
    let mut out = Vec::with_capacity(bytes as usize);
    for chunk in chunks {
        job.check()?;
        match (chunk.field, chunk.packed) {
            (typed::FLOAT | typed::DOUBLE, true) => {
                out.extend_from_slice(&reader.bytes(chunk.range.clone())?);
            }
            (_, true) => varints(&mut reader, chunk.range.clone(), dtype, &mut out)?,
            (_, false) => fields(&mut reader, chunk.range.clone(), dtype, &mut out)?,
        }
    }
    if out.len() as u64 != bytes {
        return Err(Error::malformed(format!("its typed fields hold {} bytes of {bytes}", out.len())));
    }
    Ok(out)
}

fn varints(reader: &mut Reader, range: Range<u64>, dtype: DType, out: &mut Vec<u8>) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let start = at;
        let value = reader.varint(&mut at, range.end)?;
        push(value, dtype, start, out)?;
    }
    Ok(())
}

fn fields(reader: &mut Reader, range: Range<u64>, dtype: DType, out: &mut Vec<u8>) -> Result<()> {
    let mut at = range.start;
    while let Some(field) = reader.next(&mut at, range.end)? {
        match field.value {
            Value::Varint(value) => push(value, dtype, field.start, out)?,
            Value::Fixed32(value) => out.extend_from_slice(&value.to_le_bytes()),
            Value::Fixed64(value) => out.extend_from_slice(&value.to_le_bytes()),
            Value::Bytes { .. } => return Err(field.mistyped("a typed field of a tensor")),
        }
    }
    Ok(())
}

/// One varint as an element. Small types are stored in 32-bit integers, with their sign or as bits.
fn push(value: u64, dtype: DType, at: u64, out: &mut Vec<u8>) -> Result<()> {
    let signed = value as i64;
    let (fits, width) = match dtype.bits() {
        64 => (true, 8),
        32 if dtype == DType::UInt32 => (u32::try_from(value).is_ok(), 4),
        // Writers may leave out the sign's upper half.
        32 => (i32::try_from(signed).is_ok() || u32::try_from(value).is_ok(), 4),
        16 => (i16::try_from(signed).is_ok() || u16::try_from(signed).is_ok(), 2),
        _ => (i8::try_from(signed).is_ok() || u8::try_from(signed).is_ok(), 1),
    };
    if !fits {
        return Err(malformed(format!("{signed} is no {dtype}"), at));
    }
    out.extend_from_slice(&value.to_le_bytes()[..width]);
    Ok(())
}
