//! Integers of a byte and less: sums of them are exact, so they are added as integers, in any order.

/// An integer of eight bits.
pub(crate) trait Small: Copy + Ord + Into<i16> {
    const MIN: Self;
    const MAX: Self;

    fn magnitude(self) -> u8;
}

impl Small for i8 {
    const MIN: i8 = i8::MIN;
    const MAX: i8 = i8::MAX;

    #[inline(always)]
    fn magnitude(self) -> u8 {
        self.unsigned_abs()
    }
}

impl Small for u8 {
    const MIN: u8 = u8::MIN;
    const MAX: u8 = u8::MAX;

    #[inline(always)]
    fn magnitude(self) -> u8 {
        self
    }
}

/// What a byte holds: one element or two.
pub(crate) trait Integer<const EACH: usize>: Copy {
    type Value: Small;

    fn elements(byte: u8) -> [Self::Value; EACH];
}

#[derive(Clone, Copy)]
pub(crate) struct I8;
impl Integer<1> for I8 {
    type Value = i8;

    #[inline(always)]
    fn elements(byte: u8) -> [i8; 1] {
        [byte as i8]
    }
}

#[derive(Clone, Copy)]
pub(crate) struct U8;
impl Integer<1> for U8 {
    type Value = u8;

    #[inline(always)]
    fn elements(byte: u8) -> [u8; 1] {
        [byte]
    }
}

/// Integers of four bits, each in the lower half of a byte.
pub(crate) trait Nibble: Copy {
    type Value: Small;

    fn value(half: u8) -> Self::Value;
}

#[derive(Clone, Copy)]
pub(crate) struct I4;
impl Nibble for I4 {
    type Value = i8;

    #[inline(always)]
    fn value(half: u8) -> i8 {
        // In eight bits, which have no shift that keeps the sign.
        (half ^ 8).wrapping_sub(8) as i8
    }
}

#[derive(Clone, Copy)]
pub(crate) struct U4;
impl Nibble for U4 {
    type Value = u8;

    #[inline(always)]
    fn value(half: u8) -> u8 {
        half
    }
}

impl<N: Nibble> Integer<2> for N {
    type Value = N::Value;

    #[inline(always)]
    fn elements(byte: u8) -> [N::Value; 2] {
        [N::value(byte & 15), N::value(byte >> 4)]
    }
}
