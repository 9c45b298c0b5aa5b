//! Stored elements to f32, each rounded once to the nearest.

use crate::isa::{Isa, Kernel};
use std::marker::PhantomData;

/// IEEE 754 binary16, little-endian. A NaN keeps its sign and payload and becomes quiet.
/// - panics: where the lengths differ, as all in here
pub fn widen_f16(isa: Isa, x: &[[u8; 2]], out: &mut [f32]) {
    widen::<F16, 2>(isa, x, out);
}

/// bfloat16, little-endian: the upper half of an f32. A NaN becomes quiet.
pub fn widen_bf16(isa: Isa, x: &[[u8; 2]], out: &mut [f32]) {
    widen::<BFloat16, 2>(isa, x, out);
}

/// IEEE 754 binary64, little-endian: rounded to the nearest, ties to even.
pub fn widen_f64(isa: Isa, x: &[[u8; 8]], out: &mut [f32]) {
    widen::<F64, 8>(isa, x, out);
}

/// Two's complement in a byte.
pub fn widen_i8(isa: Isa, x: &[[u8; 1]], out: &mut [f32]) {
    widen::<I8, 1>(isa, x, out);
}

/// A byte.
pub fn widen_u8(isa: Isa, x: &[[u8; 1]], out: &mut [f32]) {
    widen::<U8, 1>(isa, x, out);
}

/// Two's complement in four bits, two to a byte, the first in the lower half; `out` may be one shorter than they are.
/// - panics: where the lengths do not fit
pub fn widen_i4(isa: Isa, x: &[u8], out: &mut [f32]) {
    assert_eq!(x.len(), out.len().div_ceil(2), "two elements a byte");
    isa.run(Nibbles::<I4>(x, out, PhantomData));
}

/// Four bits, as [`widen_i4`].
pub fn widen_u4(isa: Isa, x: &[u8], out: &mut [f32]) {
    assert_eq!(x.len(), out.len().div_ceil(2), "two elements a byte");
    isa.run(Nibbles::<U4>(x, out, PhantomData));
}

/// An element of `SIZE` bytes.
trait Element<const SIZE: usize> {
    /// The definition.
    fn defined(bytes: [u8; SIZE]) -> f32;

    /// The same without branches, where the definition has some.
    #[inline(always)]
    fn straight(bytes: [u8; SIZE]) -> f32 {
        Self::defined(bytes)
    }
}

struct F16;
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
    fn straight(bytes: [u8; 2]) -> f32 {
        /// What the exponents of the two formats differ by.
        const BIAS: u32 = (127 - 15) << 23;
        const HIDDEN: u32 = 1 << 23;
        let bits = u32::from(u16::from_le_bytes(bytes));
        let (sign, magnitude) = ((bits & 0x8000) << 16, (bits & 0x7fff) << 13);
        // A subnormal is the fraction of a number whose hidden bit is then taken off.
        let small = f32::from_bits(magnitude + BIAS + HIDDEN) - f32::from_bits(BIAS + HIDDEN);
        let quiet = if magnitude > 0x1f << 23 { 1 << 22 } else { 0 };
        let special = magnitude | 0xff << 23 | quiet;
        let normal = magnitude + BIAS;
        let value = if magnitude < HIDDEN { small.to_bits() } else { normal };
        f32::from_bits(sign | if magnitude >= 0x1f << 23 { special } else { value })
    }
}

struct BFloat16;
impl Element<2> for BFloat16 {
    #[inline(always)]
    fn defined(bytes: [u8; 2]) -> f32 {
        let bits = u32::from(u16::from_le_bytes(bytes)) << 16;
        let quiet = if bits & 0x7fff_ffff > 0xff << 23 { 1 << 22 } else { 0 };
        f32::from_bits(bits | quiet)
    }
}

struct F64;
impl Element<8> for F64 {
    #[inline(always)]
    fn defined(bytes: [u8; 8]) -> f32 {
        f64::from_le_bytes(bytes) as f32
    }
}

struct I8;
impl Element<1> for I8 {
    #[inline(always)]
    fn defined([byte]: [u8; 1]) -> f32 {
        f32::from(byte as i8)
    }
}

struct U8;
impl Element<1> for U8 {
    #[inline(always)]
    fn defined([byte]: [u8; 1]) -> f32 {
        f32::from(byte)
    }
}

/// Half a byte.
trait Nibble {
    /// - `upper`: the element in the upper half of a byte; its lower half is 0
    fn of(upper: u8) -> f32;
}

struct I4;
impl Nibble for I4 {
    #[inline(always)]
    fn of(upper: u8) -> f32 {
        f32::from(upper as i8 >> 4)
    }
}

struct U4;
impl Nibble for U4 {
    #[inline(always)]
    fn of(upper: u8) -> f32 {
        f32::from(upper >> 4)
    }
}

fn widen<E: Element<SIZE>, const SIZE: usize>(isa: Isa, x: &[[u8; SIZE]], out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "one number for each element");
    isa.run(Widen::<E, SIZE>(x, out, PhantomData));
}

struct Widen<'a, E, const SIZE: usize>(&'a [[u8; SIZE]], &'a mut [f32], PhantomData<E>);

impl<E: Element<SIZE>, const SIZE: usize> Kernel for Widen<'_, E, SIZE> {
    type Output = ();

    fn scalar(self) {
        for (out, &bytes) in self.1.iter_mut().zip(self.0) {
            *out = E::defined(bytes);
        }
    }

    #[inline(always)]
    fn blocks(self) {
        for (out, &bytes) in self.1.iter_mut().zip(self.0) {
            *out = E::straight(bytes);
        }
    }
}

struct Nibbles<'a, N>(&'a [u8], &'a mut [f32], PhantomData<N>);

impl<N: Nibble> Kernel for Nibbles<'_, N> {
    type Output = ();

    fn scalar(self) {
        for (i, out) in self.1.iter_mut().enumerate() {
            let byte = self.0[i / 2];
            *out = N::of(if i % 2 == 0 { byte << 4 } else { byte & 0xf0 });
        }
    }

    #[inline(always)]
    fn blocks(self) {
        let (pairs, last) = self.1.as_chunks_mut::<2>();
        for (pair, &byte) in pairs.iter_mut().zip(self.0) {
            *pair = [N::of(byte << 4), N::of(byte & 0xf0)];
        }
        if let ([out], Some(&byte)) = (last, self.0.last()) {
            *out = N::of(byte << 4);
        }
    }
}
