//! Sums over a run of values: of themselves, of magnitudes, of squares; and of two runs the squared distance.

use crate::dispatch::with_source;
use crate::elements::Elements;
use crate::integers::{I4, I8, Integer, Small, U4, U8};
use crate::isa::{Instructions, Isa, Kernel};
use crate::nibbles::Nibbles;
use crate::prefetch::ask_behind;
use crate::source::{CHUNK, Source};
use std::marker::PhantomData;

/// Partial sums. Part of the definition: every instruction set adds in this order.
pub const PARTS: usize = 32;

/// `Σ|x|`.
/// - `x`: any length, any alignment; empty gives 0. returns: in the unit of `x`; NaN if `x` holds NaN
/// - order: element `i` goes to part `i % PARTS`; the parts are then added left to right. Integers of eight bits and fewer
///   have exact sums, below 2^53, whatever the order
/// - panics: never
pub fn abs_sum<'a>(isa: Isa, x: impl Into<Elements<'a>>) -> f64 {
    sum::<Abs>(isa, x.into())
}

/// `Σx²`: each square is exact in `f64`, and the order is that of [`abs_sum`].
/// - returns: in the squared unit of `x`; NaN if `x` holds NaN
/// - panics: never
pub fn square_sum<'a>(isa: Isa, x: impl Into<Elements<'a>>) -> f64 {
    sum::<Square>(isa, x.into())
}

/// `Σx`, in the order of [`abs_sum`].
/// - returns: in the unit of `x`; NaN if `x` holds NaN
/// - panics: never
pub fn value_sum<'a>(isa: Isa, x: impl Into<Elements<'a>>) -> f64 {
    sum::<Value>(isa, x.into())
}

/// `Σ(a - b)²`: differences are rounded to f32, their squares are exact in f64, and the order is that of [`abs_sum`].
/// - `a`, `b`: of one length
/// - panics: where the lengths differ
pub fn square_distance(isa: Isa, a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "two runs of one length");
    isa.run(Distance(a, b))
}

fn sum<T: Term>(isa: Isa, x: Elements) -> f64 {
    fn exact<N: Integer<EACH>, const EACH: usize, T: Term>(isa: Isa, bytes: &[u8]) -> i64 {
        isa.run(Exact::<N, EACH, T>(bytes, PhantomData))
    }
    /// A half that does not count is 0, which adds nothing.
    fn halves<N: Integer<2>, T: Term>(isa: Isa, x: Nibbles) -> i64 {
        let (first, pairs, last) = x.edges();
        let edges = first.into_iter().chain(last).map(|byte| Exact::<N, 2, T>(&[byte], PhantomData).scalar());
        exact::<N, 2, T>(isa, pairs) + edges.sum::<i64>()
    }
    let total = match x {
        _ if isa == Isa::Scalar => return with_source!(x, x => isa.run(Sum::<_, T>(x, PhantomData))),
        Elements::I8(x) => exact::<I8, 1, T>(isa, x),
        Elements::U8(x) => exact::<U8, 1, T>(isa, x),
        Elements::I4(x) => halves::<I4, T>(isa, x),
        Elements::U4(x) => halves::<U4, T>(isa, x),
        x => return with_source!(x, x => isa.run(Sum::<_, T>(x, PhantomData))),
    };
    total as f64
}

/// What is summed of each value.
pub(crate) trait Term {
    fn of(value: f32) -> f64;

    /// What the integers in a byte add up to.
    type Sum: Copy + Default + Into<i32>;

    /// The same, added up.
    fn of_integers<V: Small, const EACH: usize>(values: [V; EACH]) -> Self::Sum;
}

pub(crate) struct Abs;
impl Term for Abs {
    #[inline(always)]
    fn of(value: f32) -> f64 {
        f64::from(value.abs())
    }

    type Sum = u8;

    #[inline(always)]
    fn of_integers<V: Small, const EACH: usize>(values: [V; EACH]) -> u8 {
        values.into_iter().map(V::magnitude).sum()
    }
}

pub(crate) struct Square;
impl Term for Square {
    #[inline(always)]
    fn of(value: f32) -> f64 {
        f64::from(value) * f64::from(value)
    }

    type Sum = u16;

    #[inline(always)]
    fn of_integers<V: Small, const EACH: usize>(values: [V; EACH]) -> u16 {
        values.into_iter().map(|v| u16::from(v.magnitude()) * u16::from(v.magnitude())).sum()
    }
}

pub(crate) struct Value;
impl Term for Value {
    #[inline(always)]
    fn of(value: f32) -> f64 {
        f64::from(value)
    }

    type Sum = i16;

    #[inline(always)]
    fn of_integers<V: Small, const EACH: usize>(values: [V; EACH]) -> i16 {
        values.into_iter().map(V::into).sum()
    }
}

struct Sum<S, T>(S, PhantomData<T>);

impl<S: Source, T: Term> Kernel for Sum<S, T> {
    type Output = f64;

    fn scalar(self) -> f64 {
        let mut parts = [0.0; PARTS];
        for i in 0..self.0.len() {
            parts[i % PARTS] += T::of(self.0.value(i));
        }
        parts.iter().sum()
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) -> f64 {
        let x = self.0;
        let mut parts = [0.0; PARTS];
        let whole = x.len() / PARTS * PARTS;
        if let Some(values) = x.stored() {
            let (blocks, tail) = values.as_chunks::<PARTS>();
            for (b, block) in blocks.iter().enumerate() {
                x.ask(b * PARTS, PARTS);
                add::<T>(&mut parts, block);
            }
            add::<T>(&mut parts, tail);
            return parts.iter().sum();
        }
        for start in (0..whole).step_by(PARTS) {
            x.ask(start, PARTS);
            let (first, second) = (x.chunk(with, start), x.chunk(with, start + CHUNK));
            add::<T>(&mut parts[..CHUNK], &first);
            add::<T>(&mut parts[CHUNK..], &second);
        }
        if whole < x.len() {
            let mut values = [0.0; PARTS];
            let values = &mut values[..x.len() - whole];
            x.fill(with, whole, values);
            add::<T>(&mut parts, values);
        }
        parts.iter().sum()
    }
}

/// Adds a value to each part.
#[inline(always)]
fn add<T: Term>(parts: &mut [f64], values: &[f32]) {
    for (part, &v) in parts.iter_mut().zip(values) {
        *part += T::of(v);
    }
}

/// Bytes of integers that are added side by side.
pub(crate) const BYTES: usize = 64;
/// Sums of so many squares of eight bits fit into an i32.
const FEW: usize = 1 << 14;

struct Exact<'a, N, const EACH: usize, T>(&'a [u8], PhantomData<(N, T)>);

impl<N: Integer<EACH>, const EACH: usize, T: Term> Kernel for Exact<'_, N, EACH, T> {
    type Output = i64;

    fn scalar(self) -> i64 {
        self.0.iter().map(|&byte| i64::from(T::of_integers(N::elements(byte)).into())).sum()
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, _: I) -> i64 {
        let mut total = 0;
        let (blocks, tail) = self.0.as_chunks::<BYTES>();
        for (c, chunk) in blocks.chunks(FEW).enumerate() {
            let mut parts = [0; BYTES];
            for (b, block) in chunk.iter().enumerate() {
                ask_behind(self.0.as_ptr(), (c * FEW + b) * BYTES);
                add_bytes::<N, EACH, T>(block, &mut parts);
            }
            total += parts.iter().map(|&part| i64::from(part)).sum::<i64>();
        }
        total + Exact::<N, EACH, T>(tail, PhantomData).scalar()
    }
}

/// Adds to each part what its byte adds up to.
#[inline(always)]
fn add_bytes<N: Integer<EACH>, const EACH: usize, T: Term>(block: &[u8; BYTES], parts: &mut [i32; BYTES]) {
    // In an array of their own, or they would be widened before they are made, to a quarter as many at a time.
    let mut small = [T::Sum::default(); BYTES];
    for (small, &byte) in small.iter_mut().zip(block) {
        *small = T::of_integers(N::elements(byte));
    }
    for (part, small) in parts.iter_mut().zip(small) {
        *part += small.into();
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
    fn blocks<I: Instructions>(self, _: I) -> f64 {
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
