//! The smallest and the largest value, and the first that is not finite.

use crate::dispatch::with_source;
use crate::elements::Elements;
use crate::integers::{I4, I8, Integer, Small, U4, U8};
use crate::isa::{Instructions, Isa, Kernel};
use crate::nibbles::Nibbles;
use crate::prefetch::ask_behind;
use crate::source::{BLOCK, Buffer, Source};
use std::marker::PhantomData;

/// What [`extremes`] finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extremes {
    /// Over the finite values; `INFINITY` where there is none. Never -0.0.
    pub min: f32,
    /// Over the finite values; `NEG_INFINITY` where there is none. Never -0.0.
    pub max: f32,
    /// The index of the first NaN or infinity.
    pub non_finite: Option<usize>,
}

impl Extremes {
    /// Those of no value at all.
    pub const NONE: Self = Self { min: f32::INFINITY, max: f32::NEG_INFINITY, non_finite: None };

    /// Those of both together, where `later` was found over values that begin `offset` after the first of `self`.
    pub fn and(self, later: Self, offset: usize) -> Self {
        Self {
            min: self.min.min(later.min),
            max: self.max.max(later.max),
            non_finite: self.non_finite.or(later.non_finite.map(|i| offset + i)),
        }
    }
}

/// The extremes of `x`.
/// - `x`: any length, any alignment; empty gives [`Extremes::NONE`]
/// - order: none matters, since -0.0 counts as 0.0
/// - panics: never
pub fn extremes<'a>(isa: Isa, x: impl Into<Elements<'a>>) -> Extremes {
    fn of_bytes<N: Integer<EACH>, const EACH: usize>(isa: Isa, bytes: &[u8]) -> Extremes {
        isa.run(Bytes::<N, EACH>(bytes, PhantomData))
    }
    /// A half that does not count is filled with the other.
    fn of_halves<N: Integer<2>>(isa: Isa, x: Nibbles) -> Extremes {
        let (first, pairs, last) = x.edges();
        let edges = [first.map(|byte| byte | byte >> 4), last.map(|byte| byte | byte << 4)];
        edges.into_iter().flatten().fold(of_bytes::<N, 2>(isa, pairs), |found, byte| {
            found.and(of_bytes::<N, 2>(Isa::Scalar, &[byte]), 0)
        })
    }
    match x.into() {
        x if isa == Isa::Scalar => with_source!(x, x => isa.run(Floats(x))),
        Elements::I8(x) => of_bytes::<I8, 1>(isa, x),
        Elements::U8(x) => of_bytes::<U8, 1>(isa, x),
        Elements::I4(x) => of_halves::<I4>(isa, x),
        Elements::U4(x) => of_halves::<U4>(isa, x),
        x => with_source!(x, x => isa.run(Floats(x))),
    }
}

/// Running extremes kept side by side.
const PARTS: usize = 32;

/// -0.0 becomes 0.0; every other value stays.
#[inline(always)]
fn unsigned_zero(v: f32) -> f32 {
    v + 0.0
}

struct Floats<S>(S);

impl<S: Source> Kernel for Floats<S> {
    type Output = Extremes;

    fn scalar(self) -> Extremes {
        one_by_one((0..self.0.len()).map(|i| self.0.value(i)))
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) -> Extremes {
        if self.0.len() < BLOCK {
            return one_by_one(self.0.block(with, 0, &mut Buffer::new()).iter().copied());
        }
        let mut min = [f32::INFINITY; PARTS];
        let mut max = [f32::NEG_INFINITY; PARTS];
        let (mut rare, mut buffer) = (Extremes::NONE, Buffer::new());
        for start in (0..self.0.len()).step_by(BLOCK) {
            let block = self.0.block(with, start, &mut buffer);
            match block.try_into() {
                Ok(block) if all_finite(block) => {
                    for part in block.as_chunks::<PARTS>().0 {
                        for ((min, max), &v) in min.iter_mut().zip(&mut max).zip(part) {
                            let v = unsigned_zero(v);
                            *min = if v < *min { v } else { *min };
                            *max = if v > *max { v } else { *max };
                        }
                    }
                }
                _ => rare = rare.and(one_by_one(block.iter().copied()), start),
            }
        }
        for (min, max) in min.into_iter().zip(max) {
            rare = rare.and(Extremes { min, max, non_finite: None }, 0);
        }
        rare
    }
}

#[inline(never)]
fn one_by_one(values: impl Iterator<Item = f32>) -> Extremes {
    let mut found = Extremes::NONE;
    for (i, v) in values.enumerate() {
        if v.is_finite() {
            let v = unsigned_zero(v);
            found.min = if v < found.min { v } else { found.min };
            found.max = if v > found.max { v } else { found.max };
        } else if found.non_finite.is_none() {
            found.non_finite = Some(i);
        }
    }
    found
}

/// Bytes of integers that are looked at side by side.
const BYTES: usize = 64;

struct Bytes<'a, N, const EACH: usize>(&'a [u8], PhantomData<N>);

impl<N: Integer<EACH>, const EACH: usize> Kernel for Bytes<'_, N, EACH> {
    type Output = Extremes;

    fn scalar(self) -> Extremes {
        one_by_one(self.0.iter().flat_map(|&byte| N::elements(byte)).map(|v| f32::from(v.into())))
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, _: I) -> Extremes {
        let (mut min, mut max) = ([N::Value::MAX; BYTES], [N::Value::MIN; BYTES]);
        let (blocks, tail) = self.0.as_chunks::<BYTES>();
        for (b, block) in blocks.iter().enumerate() {
            ask_behind(self.0.as_ptr(), b * BYTES);
            for ((min, max), &byte) in min.iter_mut().zip(&mut max).zip(block) {
                for v in N::elements(byte) {
                    *min = if v < *min { v } else { *min };
                    *max = if v > *max { v } else { *max };
                }
            }
        }
        let rest = Bytes::<N, EACH>(tail, PhantomData).scalar();
        if blocks.is_empty() {
            return rest;
        }
        let ends = min.into_iter().min().into_iter().chain(max.into_iter().max());
        one_by_one(ends.map(|v| f32::from(v.into()))).and(rest, 0)
    }
}

#[inline(always)]
fn all_finite(block: &[f32; BLOCK]) -> bool {
    // A finite value times zero is a zero; NaN and the infinities give NaN, which every later sum keeps.
    let mut parts = [0.0f32; PARTS];
    for part in block.as_chunks::<PARTS>().0 {
        for (sum, &v) in parts.iter_mut().zip(part) {
            *sum += v * 0.0;
        }
    }
    parts.iter().all(|&sum| sum == 0.0)
}
