//! Elements of four bits, as they are stored.

use crate::integers::Nibble;

/// Elements of four bits, two to a byte, the first in the lower half.
#[derive(Clone, Copy, Debug)]
pub struct Nibbles<'a> {
    bytes: &'a [u8],
    /// Elements of the first byte that come before: 0 or 1.
    skip: usize,
    length: usize,
}

/// Bytes that are unpacked at a time.
const BYTES: usize = 64;

impl<'a> Nibbles<'a> {
    /// - `skip`: 1 where the first byte's lower half is not one of them
    /// - panics: where `skip` is above 1, or `bytes` are not as many as `skip + length` elements take
    pub fn new(bytes: &'a [u8], skip: usize, length: usize) -> Self {
        assert!(skip < 2 && bytes.len() == (skip + length).div_ceil(2), "two elements a byte");
        Self { bytes, skip, length }
    }

    pub(crate) fn len(self) -> usize {
        self.length
    }

    /// Where an element lies.
    #[inline(always)]
    pub(crate) fn address(self, i: usize) -> *const u8 {
        self.bytes.as_ptr().wrapping_add((self.skip + i) / 2)
    }

    /// An element's four bits, in the lower half of a byte.
    #[inline(always)]
    pub(crate) fn half(self, i: usize) -> u8 {
        let place = self.skip + i;
        let byte = self.bytes[place / 2];
        if place.is_multiple_of(2) { byte & 15 } else { byte >> 4 }
    }

    /// The first where it lies alone in the upper half of its byte, the bytes of which both halves count, and the
    /// last where it lies alone in the lower half.
    #[inline(always)]
    pub(crate) fn edges(self) -> (Option<u8>, &'a [u8], Option<u8>) {
        if self.length == 0 {
            return (None, &[], None);
        }
        let end = self.skip + self.length;
        let first = (self.skip == 1).then(|| self.bytes[0] & 0xf0);
        let last = (end % 2 == 1).then(|| self.bytes[end / 2] & 0x0f);
        (first, &self.bytes[self.skip..end / 2], last)
    }

    /// `out[i]` = element `start + i`, of type `N`.
    #[inline(always)]
    pub(crate) fn unpack<N: Nibble>(self, start: usize, out: &mut [f32]) {
        let (first, pairs, last) = self.part(start, out.len()).edges();
        let out = match (first, out) {
            (Some(byte), [out, others @ ..]) => {
                *out = f32_of::<N>(byte >> 4);
                others
            }
            (_, out) => out,
        };
        let (blocks, out) = out.as_chunks_mut::<{ 2 * BYTES }>();
        let (bytes, pairs) = pairs.as_chunks::<BYTES>();
        for (out, bytes) in blocks.iter_mut().zip(bytes) {
            // Apart before they are stored in turn, which vector instructions then do.
            let (mut lower, mut upper) = ([0.0; BYTES], [0.0; BYTES]);
            for ((lower, upper), &byte) in lower.iter_mut().zip(&mut upper).zip(bytes) {
                (*lower, *upper) = (f32_of::<N>(byte & 15), f32_of::<N>(byte >> 4));
            }
            for ((out, &lower), &upper) in out.as_chunks_mut::<2>().0.iter_mut().zip(&lower).zip(&upper) {
                *out = [lower, upper];
            }
        }
        let (halves, out_last) = out.as_chunks_mut::<2>();
        for (out, &byte) in halves.iter_mut().zip(pairs) {
            *out = [f32_of::<N>(byte & 15), f32_of::<N>(byte >> 4)];
        }
        if let (Some(byte), [out]) = (last, out_last) {
            *out = f32_of::<N>(byte);
        }
    }

    /// Some of them.
    /// - panics: where there are not so many
    #[inline(always)]
    pub(crate) fn part(self, start: usize, length: usize) -> Self {
        assert!(start + length <= self.length, "{length} elements from {start} on of {}", self.length);
        let (first, end) = (self.skip + start, self.skip + start + length);
        Self { bytes: &self.bytes[first / 2..end.div_ceil(2)], skip: first % 2, length }
    }
}

#[inline(always)]
fn f32_of<N: Nibble>(half: u8) -> f32 {
    f32::from(N::value(half).into())
}
