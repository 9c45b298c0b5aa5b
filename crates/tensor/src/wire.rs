//! The protobuf wire format: walking the fields of a message that lies in a [`Source`], and writing fields.
//!
//! A file is not trusted: every length is checked against the message around it before anything is read or allocated,
//! and every error says at which byte.

use std::ops::Range;

use crate::{Error, Result, Source};

/// Bytes read at a time: enough for most of a graph's small fields, little enough to step over weights cheaply.
const WINDOW: usize = 64 * 1024;

/// A field as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub number: u32,
    /// Where its tag begins.
    pub start: u64,
    pub value: Value,
    /// Where the next field begins.
    pub end: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// `length_at`: where the varint of the length begins.
    Bytes {
        length_at: u64,
        payload: Range<u64>,
    },
}

/// Walks messages in a source through a small window that moves forward with the reading.
pub struct Reader<'s> {
    source: &'s Source,
    window: Vec<u8>,
    start: u64,
}

impl<'s> Reader<'s> {
    pub fn new(source: &'s Source) -> Reader<'s> {
        Reader { source, window: Vec::new(), start: 0 }
    }

    /// The field that begins at `*at` in a message that ends at `end`; moves `*at` past it. None at the end.
    ///
    /// errors: `MODEL_MALFORMED` where it is cut short, longer than its message, or not protobuf
    pub fn next(&mut self, at: &mut u64, end: u64) -> Result<Option<Field>> {
        if *at >= end {
            return Ok(None);
        }
        let start = *at;
        let tag = self.varint(at, end)?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let Some(number) = number else {
            return Err(malformed(format!("field number {} is not possible", tag >> 3), start));
        };
        let value = match tag & 7 {
            0 => Value::Varint(self.varint(at, end)?),
            1 => Value::Fixed64(u64::from_le_bytes(self.fixed(at, end)?)),
            2 => {
                let length_at = *at;
                let length = self.varint(at, end)?;
                let stop = at.checked_add(length).filter(|stop| *stop <= end).ok_or_else(|| {
                    malformed(
                        format!("field {number} says {length} bytes, but {} are left", end - *at),
                        start,
                    )
                })?;
                let payload = *at..stop;
                *at = stop;
                Value::Bytes { length_at, payload }
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.fixed(at, end)?)),
            3 | 4 => {
                return Err(malformed(format!("field {number} is a group, which ONNX has none of"), start));
            }
            other => return Err(malformed(format!("wire type {other} does not exist"), start)),
        };
        Ok(Some(Field { number, start, value, end: *at }))
    }

    /// A varint at `*at`, all of it before `end`. Padded ones are read as other readers do, up to ten bytes.
    pub fn varint(&mut self, at: &mut u64, end: u64) -> Result<u64> {
        let start = *at;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            if *at >= end {
                return Err(malformed("a number is cut short", start));
            }
            let byte = self.byte(*at)?;
            *at += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(malformed("a number has more than 64 bits", start));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(malformed("a number has more than ten bytes", start))
    }

    fn fixed<const N: usize>(&mut self, at: &mut u64, end: u64) -> Result<[u8; N]> {
        let stop = at.checked_add(N as u64).filter(|stop| *stop <= end);
        let stop = stop.ok_or_else(|| malformed("a number is cut short", *at))?;
        let mut bytes = [0; N];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.byte(*at + index as u64)?;
        }
        *at = stop;
        Ok(bytes)
    }

    fn byte(&mut self, at: u64) -> Result<u8> {
        if at < self.start || at - self.start >= self.window.len() as u64 {
            let left = self.source.length().saturating_sub(at);
            let length = usize::try_from(left).unwrap_or(WINDOW).min(WINDOW);
            if length == 0 {
                return Err(malformed("the file ends", at));
            }
            self.window.resize(length, 0);
            self.start = at;
            if let Err(error) = self.source.read(at, &mut self.window) {
                self.window.clear();
                return Err(error);
            }
        }
        Ok(self.window[(at - self.start) as usize])
    }

    /// The bytes of a range that was checked to lie within the file.
    pub fn bytes(&mut self, range: Range<u64>) -> Result<Vec<u8>> {
        let length = (range.end - range.start) as usize;
        let inside = range.start >= self.start && range.end - self.start <= self.window.len() as u64;
        if inside {
            let from = (range.start - self.start) as usize;
            return Ok(self.window[from..from + length].to_vec());
        }
        if length <= WINDOW / 16 && length > 0 {
            self.byte(range.start)?;
            let from = (range.start - self.start) as usize;
            if let Some(bytes) = self.window.get(from..from + length) {
                return Ok(bytes.to_vec());
            }
        }
        let mut bytes = vec![0; length];
        self.source.read(range.start, &mut bytes)?;
        Ok(bytes)
    }
}

impl Field {
    /// Its payload as a sub-message, string or bytes; `what` names the field in the error.
    pub fn payload(&self, what: &str) -> Result<Range<u64>> {
        match &self.value {
            Value::Bytes { payload, .. } => Ok(payload.clone()),
            _ => Err(self.mistyped(what)),
        }
    }

    pub fn varint(&self, what: &str) -> Result<u64> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.mistyped(what)),
        }
    }

    /// A signed integer or an enum.
    pub fn integer(&self, what: &str) -> Result<i64> {
        Ok(self.varint(what)? as i64)
    }

    pub fn float(&self, what: &str) -> Result<f32> {
        match self.value {
            Value::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(self.mistyped(what)),
        }
    }

    pub fn span(&self) -> Range<u64> {
        self.start..self.end
    }

    pub fn mistyped(&self, what: &str) -> Error {
        malformed(format!("{what} is stored as another type"), self.start)
    }
}

pub fn malformed(what: impl std::fmt::Display, at: u64) -> Error {
    Error::malformed(format!("{what} (at byte {at})"))
}

/// Writes fields to the end of a buffer.
pub mod write {
    pub fn varint(out: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    pub fn varint_length(value: u64) -> u64 {
        u64::from((64 - value.leading_zeros()).max(1).div_ceil(7))
    }

    /// The tag and the length of a length-delimited field; its payload follows.
    pub fn header(out: &mut Vec<u8>, number: u32, length: u64) {
        varint(out, u64::from(number) << 3 | 2);
        varint(out, length);
    }

    pub fn bytes(out: &mut Vec<u8>, number: u32, payload: &[u8]) {
        header(out, number, payload.len() as u64);
        out.extend_from_slice(payload);
    }

    pub fn integer(out: &mut Vec<u8>, number: u32, value: i64) {
        varint(out, u64::from(number) << 3);
        varint(out, value as u64);
    }

    pub fn float(out: &mut Vec<u8>, number: u32, value: f32) {
        varint(out, u64::from(number) << 3 | 5);
        out.extend_from_slice(&value.to_le_bytes());
    }
}
