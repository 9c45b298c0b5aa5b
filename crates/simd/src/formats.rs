//! The formats of stored elements, and the f32 that each stands for.

use crate::half::f16_to_f32;
use crate::integers::{I8, Nibble, U8};
use crate::isa::Instructions;
use crate::nibbles::Nibbles;
use crate::source::{CHUNK, Source};
use std::marker::PhantomData;

/// A type of `SIZE` bytes.
pub(crate) trait Element<const SIZE: usize>: Copy {
    /// The definition.
    fn defined(bytes: [u8; SIZE]) -> f32;

    /// The same of some, but that a NaN may be another one.
    #[inline(always)]
    fn chunk<I: Instructions>(with: I, x: &[[u8; SIZE]; CHUNK]) -> [f32; CHUNK] {
        let mut out = [0.0; CHUNK];
        Self::fill(with, x, &mut out);
        out
    }

    /// The same of many.
    #[inline(always)]
    fn fill<I: Instructions>(_: I, x: &[[u8; SIZE]], out: &mut [f32]) {
        for (out, &bytes) in out.iter_mut().zip(x) {
            *out = Self::defined(bytes);
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct F16;
impl Element<2> for F16 {
    fn defined(bytes: [u8; 2]) -> f32 {
        let bits = u32::from(u16::from_le_bytes(bytes));
        let sign = if bits & 0x8000 == 0 { 1.0f32 } else { -1.0 };
        let (exponent, fraction) = (bits >> 10 & 0x1f, bits & 0x3ff);
        match (exponent, fraction) {
            (0x1f, 0) => sign * f32::INFINITY,
            (0x1f, _) => f32::from_bits((bits & 0x8000) << 16 | 0x7fc0_0000 | fraction << 13),
            (0, _) => sign * fraction as f32 * 2f32.powi(-24),
            _ => sign * (1024 + fraction) as f32 * 2f32.powi(exponent as i32 - 25),
        }
    }

    #[inline(always)]
    fn fill<I: Instructions>(with: I, x: &[[u8; 2]], out: &mut [f32]) {
        let ((blocks, last), (out, out_last)) = (x.as_chunks(), out.as_chunks_mut());
        for (out, block) in out.iter_mut().zip(blocks) {
            *out = with.halves(block);
        }
        for (out, &bytes) in out_last.iter_mut().zip(last) {
            *out = f16_to_f32(bytes);
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct BFloat16;
impl Element<2> for BFloat16 {
    #[inline(always)]
    fn defined(bytes: [u8; 2]) -> f32 {
        let bits = u32::from(u16::from_le_bytes(bytes)) << 16;
        let quiet = if bits & 0x7fff_ffff > 0xff << 23 { 1 << 22 } else { 0 };
        f32::from_bits(bits | quiet)
    }

    #[inline(always)]
    fn chunk<I: Instructions>(_: I, x: &[[u8; 2]; CHUNK]) -> [f32; CHUNK] {
        let mut out = [0.0; CHUNK];
        for (out, &bytes) in out.iter_mut().zip(x) {
            *out = f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16);
        }
        out
    }
}

#[derive(Clone, Copy)]
pub(crate) struct F64;
impl Element<8> for F64 {
    #[inline(always)]
    fn defined(bytes: [u8; 8]) -> f32 {
        f64::from_le_bytes(bytes) as f32
    }
}

impl Element<1> for I8 {
    #[inline(always)]
    fn defined([byte]: [u8; 1]) -> f32 {
        f32::from(byte as i8)
    }
}

impl Element<1> for U8 {
    #[inline(always)]
    fn defined([byte]: [u8; 1]) -> f32 {
        f32::from(byte)
    }
}

/// Elements of whole bytes.
#[derive(Clone, Copy)]
pub(crate) struct Wide<'a, E, const SIZE: usize>(&'a [[u8; SIZE]], PhantomData<E>);

impl<'a, E, const SIZE: usize> Wide<'a, E, SIZE> {
    pub fn new(x: &'a [[u8; SIZE]]) -> Self {
        Self(x, PhantomData)
    }
}

impl<E: Element<SIZE>, const SIZE: usize> Source for Wide<'_, E, SIZE> {
    const BITS: usize = 8 * SIZE;

    #[inline(always)]
    fn len(self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn value(self, i: usize) -> f32 {
        E::defined(self.0[i])
    }

    #[inline(always)]
    fn fill<I: Instructions>(self, with: I, start: usize, out: &mut [f32]) {
        E::fill(with, &self.0[start..start + out.len()], out);
    }

    #[inline(always)]
    fn chunk<I: Instructions>(self, with: I, start: usize) -> [f32; CHUNK] {
        let mut chunk = [[0; SIZE]; CHUNK];
        chunk.copy_from_slice(&self.0[start..start + CHUNK]);
        E::chunk(with, &chunk)
    }

    #[inline(always)]
    fn address(self, i: usize) -> *const u8 {
        self.0.as_ptr().wrapping_add(i).cast()
    }
}

/// Elements of four bits.
#[derive(Clone, Copy)]
pub(crate) struct Narrow<'a, N>(Nibbles<'a>, PhantomData<N>);

impl<'a, N> Narrow<'a, N> {
    pub fn new(x: Nibbles<'a>) -> Self {
        Self(x, PhantomData)
    }
}

impl<N: Nibble> Source for Narrow<'_, N> {
    const BITS: usize = 4;

    #[inline(always)]
    fn len(self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn value(self, i: usize) -> f32 {
        f32::from(N::value(self.0.half(i)).into())
    }

    #[inline(always)]
    fn fill<I: Instructions>(self, _: I, start: usize, out: &mut [f32]) {
        self.0.unpack::<N>(start, out);
    }

    #[inline(always)]
    fn address(self, i: usize) -> *const u8 {
        self.0.address(i)
    }
}
