//! Sums over a run of values: of themselves, of magnitudes, of squares; and of two runs the squared distance.

use crate::isa::{Isa, Kernel};
use crate::prefetch::{LINE, STRETCH, behind};
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

/// `Σx`, in the order of [`abs_sum`].
/// - returns: in the unit of `x`; NaN if `x` holds NaN
/// - panics: never
pub fn value_sum(isa: Isa, x: &[f32]) -> f64 {
    isa.run(Sum::<Value>(x, PhantomData))
}

/// `Σ(a - b)²`: differences are rounded to f32, their squares are exact in f64, and the order is that of [`abs_sum`].
/// - `a`, `b`: of one length
/// - panics: where the lengths differ
pub fn square_distance(isa: Isa, a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "two runs of one length");
    isa.run(Distance(a, b))
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

pub(crate) struct Value;
impl Term for Value {
    #[inline(always)]
    fn of(value: f32) -> f64 {
        f64::from(value)
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
        for stretch in self.0.chunks(STRETCH) {
            let (blocks, tail) = stretch.as_chunks::<PARTS>();
            for (b, block) in blocks.iter().enumerate() {
                for line in 0..PARTS / LINE {
                    behind(stretch, b * PARTS / LINE + line);
                }
                for (part, &v) in parts.iter_mut().zip(block) {
                    *part += T::of(v);
                }
            }
            for (part, &v) in parts.iter_mut().zip(tail) {
                *part += T::of(v);
            }
        }
        parts.iter().sum()
    }
}

struct Distance<'a>(&'a [f32], &'a [f32]);

impl Kernel for Distance<'_> {
    type Output = f64;

    fn scalar(self) -> f64 {
        let mut parts = [0.0; PARTS];
        for (i, (&a, &b)) in self.0.iter().zip(self.1).enumerate() {
            parts[i % PARTS] += Square::of(a - b);
        }
        parts.iter().sum()
    }

    #[inline(always)]
    fn blocks(self) -> f64 {
        let mut parts = [0.0; PARTS];
        let ((a, a_tail), (b, b_tail)) = (self.0.as_chunks::<PARTS>(), self.1.as_chunks::<PARTS>());
        for (a, b) in a.iter().zip(b) {
            for ((part, &a), &b) in parts.iter_mut().zip(a).zip(b) {
                *part += Square::of(a - b);
            }
        }
        for ((part, &a), &b) in parts.iter_mut().zip(a_tail).zip(b_tail) {
            *part += Square::of(a - b);
        }
        parts.iter().sum()
    }
}
