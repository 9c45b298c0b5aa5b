//! Counts of values in bins of equal width.

use crate::dispatch::with_source;
use crate::elements::Elements;
use crate::isa::{Instructions, Isa, Kernel};
use crate::source::{BLOCK, Buffer, Source};

/// Bins of equal width from `min` to `max`.
///
/// The bin of `x` is the whole part of `(x - min)·scale`, scale = count / (max - min), held within the bins, in `f64`
/// throughout: the bin that exact arithmetic names, except for values that differ from an edge by a rounding error of
/// `f64` only. A value on an edge counts to the bin above, `max` to the last bin, and a NaN to the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    min: f64,
    /// Bins for each unit; 0 where all values are the same, and all go to the first bin.
    scale: f64,
    count: u32,
}

impl Bins {
    /// The most bins there can be.
    pub const MOST: usize = 1 << 16;

    /// - `min`, `max`: finite, `min <= max`
    /// - `count`: 1 to [`Bins::MOST`]
    /// - panics: where one of them is not so
    pub fn new(min: f32, max: f32, count: usize) -> Self {
        assert!(min.is_finite() && max.is_finite() && min <= max, "bins from {min} to {max}");
        assert!((1..=Self::MOST).contains(&count), "{count} bins");
        let (min, max) = (f64::from(min), f64::from(max));
        let scale = if min < max { count as f64 / (max - min) } else { 0.0 };
        Self { min, scale, count: count as u32 }
    }

    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// The bin of `x` as a whole number, `0 <= bin < count`.
    #[inline(always)]
    fn place(&self, x: f32) -> f64 {
        let place = (f64::from(x) - self.min) * self.scale;
        let last = f64::from(self.count - 1);
        let place = if place > 0.0 { place } else { 0.0 };
        if place < last { place } else { last }
    }

    /// The bin of `x`: the definition.
    pub fn index(&self, x: f32) -> usize {
        self.place(x) as usize
    }

    /// The same in a form that compiles to vector instructions, as a conversion that saturates does not.
    #[inline(always)]
    fn index_fast(&self, x: f32) -> u16 {
        // SAFETY: a place is never NaN and lies from 0 to `count - 1`, which an i32 holds.
        let index: i32 = unsafe { self.place(x).to_int_unchecked() };
        index as u16
    }
}

/// `indices[i]` = the bin of `x[i]`.
/// - panics: where the lengths differ
pub fn bin_indices<'a>(isa: Isa, x: impl Into<Elements<'a>>, bins: Bins, indices: &mut [u16]) {
    let x = x.into();
    assert_eq!(x.len(), indices.len(), "one index for each value");
    with_source!(x, x => isa.run(Indices(x, bins, indices)));
}

/// Adds to `counts[b]` how many values of `x` lie in bin `b`.
/// - `counts`: one for each bin; wraps beyond `u32::MAX`
/// - panics: where `counts` is shorter or longer
pub fn histogram<'a>(isa: Isa, x: impl Into<Elements<'a>>, bins: Bins, counts: &mut [u32]) {
    let x = x.into();
    assert_eq!(counts.len(), bins.count(), "one count for each bin");
    with_source!(x, x => isa.run(Histogram(x, bins, counts)));
}

struct Indices<'a, S>(S, Bins, &'a mut [u16]);

impl<S: Source> Kernel for Indices<'_, S> {
    type Output = ();

    fn scalar(self) {
        for (i, index) in self.2.iter_mut().enumerate() {
            *index = self.1.index(self.0.value(i)) as u16;
        }
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        let Self(x, bins, indices) = self;
        let mut buffer = Buffer::new();
        for (b, indices) in indices.chunks_mut(BLOCK).enumerate() {
            place(x.block(with, b * BLOCK, &mut buffer), bins, indices);
        }
    }
}

#[inline(always)]
fn place(x: &[f32], bins: Bins, indices: &mut [u16]) {
    for (index, &v) in indices.iter_mut().zip(x) {
        *index = bins.index_fast(v);
    }
}

struct Histogram<'a, S>(S, Bins, &'a mut [u32]);

/// As many bins as have four sets of counts each, so that neighbours of equal value do not wait for one another.
const NARROW: usize = 256;

impl<S: Source> Kernel for Histogram<'_, S> {
    type Output = ();

    fn scalar(self) {
        for i in 0..self.0.len() {
            let count = &mut self.2[self.1.index(self.0.value(i))];
            *count = count.wrapping_add(1);
        }
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        let Self(x, bins, counts) = self;
        let (mut buffer, mut indices) = (Buffer::new(), [0u16; BLOCK]);
        // Below this the four sets cost more to clear and to add than they save.
        if bins.count() > NARROW || x.len() < 2 * BLOCK {
            for start in (0..x.len()).step_by(BLOCK) {
                let block = x.block(with, start, &mut buffer);
                let indices = &mut indices[..block.len()];
                place(block, bins, indices);
                for &index in &*indices {
                    let count = &mut counts[usize::from(index)];
                    *count = count.wrapping_add(1);
                }
            }
            return;
        }
        let mut sets = [[0u32; NARROW]; 4];
        for start in (0..x.len()).step_by(BLOCK) {
            let block = x.block(with, start, &mut buffer);
            let indices = &mut indices[..block.len()];
            place(block, bins, indices);
            let (quads, rest) = indices.as_chunks::<4>();
            // Masked and not checked: up to `NARROW` bins the mask changes nothing.
            for quad in quads {
                for (set, &index) in sets.iter_mut().zip(quad) {
                    let count = &mut set[usize::from(index) & (NARROW - 1)];
                    *count = count.wrapping_add(1);
                }
            }
            for (set, &index) in sets.iter_mut().zip(rest) {
                let count = &mut set[usize::from(index) & (NARROW - 1)];
                *count = count.wrapping_add(1);
            }
        }
        let [a, b, c, d] = &sets;
        for ((((count, a), b), c), d) in counts.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *count = count.wrapping_add(a.wrapping_add(*b).wrapping_add(c.wrapping_add(*d)));
        }
    }
}
