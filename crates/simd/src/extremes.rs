//! The smallest and the largest value, and the first that is not finite.

use crate::isa::{Isa, Kernel};
use crate::prefetch::{LINE, STRETCH, behind};

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
pub fn extremes(isa: Isa, x: &[f32]) -> Extremes {
    isa.run(Kernels(x))
}

/// Values looked at before anybody asks whether all of them were finite.
const BLOCK: usize = 256;
/// Running extremes kept side by side.
const PARTS: usize = 32;

/// -0.0 becomes 0.0; every other value stays.
#[inline(always)]
fn unsigned_zero(v: f32) -> f32 {
    v + 0.0
}

struct Kernels<'a>(&'a [f32]);

impl Kernel for Kernels<'_> {
    type Output = Extremes;

    fn scalar(self) -> Extremes {
        let mut found = Extremes::NONE;
        for (i, &v) in self.0.iter().enumerate() {
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

    #[inline(always)]
    fn blocks(self) -> Extremes {
        let mut min = [f32::INFINITY; PARTS];
        let mut max = [f32::NEG_INFINITY; PARTS];
        let mut rare = Extremes::NONE;
        let (blocks, tail) = self.0.as_chunks::<BLOCK>();
        let mut stretch = self.0;
        for (b, block) in blocks.iter().enumerate() {
            let turn = b % (STRETCH / BLOCK) * (BLOCK / LINE);
            if turn == 0 {
                stretch = &self.0[b * BLOCK..];
            }
            for line in 0..BLOCK / LINE {
                behind(stretch, turn + line);
            }
            if all_finite(block) {
                for part in block.as_chunks::<PARTS>().0 {
                    for ((min, max), &v) in min.iter_mut().zip(&mut max).zip(part) {
                        let v = unsigned_zero(v);
                        *min = if v < *min { v } else { *min };
                        *max = if v > *max { v } else { *max };
                    }
                }
            } else {
                rare = rare.and(Kernels(block).scalar(), b * BLOCK);
            }
        }
        let last = Kernels(tail).scalar();
        rare = rare.and(last, blocks.len() * BLOCK);
        for (min, max) in min.into_iter().zip(max) {
            rare = rare.and(Extremes { min, max, non_finite: None }, 0);
        }
        rare
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
