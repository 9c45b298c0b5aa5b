//! Elements as they are stored, little-endian.

use crate::dispatch::with_source;
use crate::nibbles::Nibbles;
use crate::source::Source;
use std::ops::Range;

/// A run of elements of one type.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    F32(&'a [f32]),
    /// IEEE 754 binary16. A NaN becomes a quiet one.
    F16(&'a [[u8; 2]]),
    /// The upper half of an f32. A NaN becomes a quiet one.
    BF16(&'a [[u8; 2]]),
    /// IEEE 754 binary64, rounded to the nearest f32, ties to even.
    F64(&'a [[u8; 8]]),
    /// Two's complement in a byte.
    I8(&'a [u8]),
    U8(&'a [u8]),
    /// Two's complement in four bits.
    I4(Nibbles<'a>),
    U4(Nibbles<'a>),
}

impl<'a> Elements<'a> {
    pub fn len(self) -> usize {
        match self {
            Self::F32(x) => x.len(),
            Self::F16(x) | Self::BF16(x) => x.len(),
            Self::F64(x) => x.len(),
            Self::I8(x) | Self::U8(x) => x.len(),
            Self::I4(x) | Self::U4(x) => x.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Some of them.
    /// - panics: where there are not so many
    pub fn part(self, range: Range<usize>) -> Self {
        match self {
            Self::F32(x) => Self::F32(&x[range]),
            Self::F16(x) => Self::F16(&x[range]),
            Self::BF16(x) => Self::BF16(&x[range]),
            Self::F64(x) => Self::F64(&x[range]),
            Self::I8(x) => Self::I8(&x[range]),
            Self::U8(x) => Self::U8(&x[range]),
            Self::I4(x) => Self::I4(x.part(range.start, range.len())),
            Self::U4(x) => Self::U4(x.part(range.start, range.len())),
        }
    }

    /// The value of one of them.
    /// - panics: where there are not so many
    pub fn value(self, i: usize) -> f32 {
        assert!(i < self.len(), "element {i} of {}", self.len());
        with_source!(self, x => x.value(i))
    }
}

impl<'a> From<&'a [f32]> for Elements<'a> {
    fn from(x: &'a [f32]) -> Self {
        Self::F32(x)
    }
}

impl<'a> From<&'a Vec<f32>> for Elements<'a> {
    fn from(x: &'a Vec<f32>) -> Self {
        Self::F32(x)
    }
}

impl<'a, const N: usize> From<&'a [f32; N]> for Elements<'a> {
    fn from(x: &'a [f32; N]) -> Self {
        Self::F32(x)
    }
}
