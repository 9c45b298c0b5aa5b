//! Sums over a run of values: of magnitudes, of squares.

use crate::isa::{Isa, Kernel};
use std::marker::PhantomData;

/// Partial sums. Part of the definition: every instruction set adds in this order.
pub const PARTS: usize = 32;

/// `Σ|x|`.
/// - `x`: any length, any alignment; empty gives 0. returns: in the unit of `x`; NaN if `x` holds NaN
/// - order: element `i` goes to part `i % PARTS`; the parts are then added left to right
/// - panics: never
pub fn abs_sum(isa: Isa, x: &[f32]) -> f64 {
    isa.run(Sum::<Abs>(x, PhantomData))
}

/// `Σx²`: each square is exact in `f64`, and the order is that of [`abs_sum`].
/// - returns: in the squared unit of `x`; NaN if `x` holds NaN
/// - panics: never
pub fn square_sum(isa: Isa, x: &[f32]) -> f64 {
    isa.run(Sum::<Square>(x, PhantomData))
}

/// What is summed of each value.
pub(crate) trait Term {
    fn of(value: f32) -> f64;
}

pub(crate) struct Abs;
impl Term for Abs {
    #[inline(always)]
    fn of(value: f32) -> f64 {
        f64::from(value.abs())
    }
}

pub(crate) struct Square;
impl Term for Square {
    #[inline(always)]
    fn of(value: f32) -> f64 {
        f64::from(value) * f64::from(value)
    }
}

struct Sum<'a, T>(&'a [f32], PhantomData<T>);

impl<T: Term> Kernel for Sum<'_, T> {
    type Output = f64;

    fn scalar(self) -> f64 {
        let mut parts = [0.0; PARTS];
        for (i, &v) in self.0.iter().enumerate() {
            parts[i % PARTS] += T::of(v);
        }
        parts.iter().sum()
    }

    #[inline(always)]
    fn blocks(self) -> f64 {
        let mut parts = [0.0; PARTS];
        let (blocks, tail) = self.0.as_chunks::<PARTS>();
        for block in blocks {
            for (part, &v) in parts.iter_mut().zip(block) {
                *part += T::of(v);
            }
        }
        for (part, &v) in parts.iter_mut().zip(tail) {
            *part += T::of(v);
        }
        parts.iter().sum()
    }
}
