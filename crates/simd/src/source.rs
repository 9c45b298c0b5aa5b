//! How kernels come to the values of stored elements.

use crate::isa::Instructions;
use crate::prefetch::{LINE, ask_behind};

/// Values that are converted and worked through at a time.
pub(crate) const BLOCK: usize = 128;
/// Values that are converted at once, in registers.
pub(crate) const CHUNK: usize = 16;

/// Memory for converted values: vectors that lie across two cache lines take twice as long.
#[repr(align(64))]
pub(crate) struct Buffer([f32; BLOCK]);

impl Buffer {
    #[inline(always)]
    pub fn new() -> Self {
        Self([0.0; BLOCK])
    }
}

/// Elements of one type, for kernels that are compiled for each.
pub(crate) trait Source: Copy {
    /// Of an element as it is stored.
    const BITS: usize;

    fn len(self) -> usize;

    /// The value of an element: the definition.
    fn value(self, i: usize) -> f32;

    /// The values from element `start` on.
    fn fill<I: Instructions>(self, with: I, start: usize, out: &mut [f32]);

    /// The [`CHUNK`] values from element `start` on; a NaN may be another one.
    #[inline(always)]
    fn chunk<I: Instructions>(self, with: I, start: usize) -> [f32; CHUNK] {
        let mut values = [0.0; CHUNK];
        self.fill(with, start, &mut values);
        values
    }

    /// All values, where they need no conversion.
    fn stored<'a>(self) -> Option<&'a [f32]>
    where
        Self: 'a,
    {
        None
    }

    /// Where an element lies.
    fn address(self, i: usize) -> *const u8;

    /// Asks for as much memory as `length` elements take, some way behind element `start`.
    #[inline(always)]
    fn ask(self, start: usize, length: usize) {
        let first = start * Self::BITS / 8;
        for line in 0..length * Self::BITS / 8 / LINE {
            ask_behind(self.address(0), first + line * LINE);
        }
    }

    /// At most [`BLOCK`] values from element `start` on; and memory is asked for others behind them.
    #[inline(always)]
    fn block<'a, I: Instructions>(self, with: I, start: usize, buffer: &'a mut Buffer) -> &'a [f32]
    where
        Self: 'a,
    {
        self.ask(start, BLOCK);
        let length = BLOCK.min(self.len() - start);
        if let Some(values) = self.stored() {
            return &values[start..start + length];
        }
        let values = &mut buffer.0[..length];
        self.fill(with, start, values);
        values
    }
}

/// Values as they are.
impl Source for &[f32] {
    const BITS: usize = 32;

    #[inline(always)]
    fn len(self) -> usize {
        <[f32]>::len(self)
    }

    #[inline(always)]
    fn value(self, i: usize) -> f32 {
        self[i]
    }

    #[inline(always)]
    fn fill<I: Instructions>(self, _: I, start: usize, out: &mut [f32]) {
        out.copy_from_slice(&self[start..start + out.len()]);
    }

    #[inline(always)]
    fn stored<'a>(self) -> Option<&'a [f32]>
    where
        Self: 'a,
    {
        Some(self)
    }

    #[inline(always)]
    fn address(self, i: usize) -> *const u8 {
        self.as_ptr().wrapping_add(i).cast()
    }
}
