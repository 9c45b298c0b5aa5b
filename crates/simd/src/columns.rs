//! Sums down the columns of a matrix: for axes whose indices lie close together, such as the second of [out, in].

use crate::isa::{Isa, Kernel};
use crate::prefetch::{LINE, ask};
use crate::sums::{Abs, Square, Term, Value};
use std::marker::PhantomData;

/// `sums[j] += Σ|x[i]|` over the `i` with `i % sums.len() == j`.
/// - `x`: rows of `sums.len()` values, end to end; the last row may be short; without columns nothing is done
/// - order: that of the rows, onto what `sums` held
/// - panics: never
pub fn abs_sum_columns(isa: Isa, x: &[f32], sums: &mut [f64]) {
    isa.run(Columns::<Abs>(x, sums, PhantomData));
}

/// `sums[j] += Σx[i]²` over the `i` with `i % sums.len() == j`; as [`abs_sum_columns`].
pub fn square_sum_columns(isa: Isa, x: &[f32], sums: &mut [f64]) {
    isa.run(Columns::<Square>(x, sums, PhantomData));
}

/// `sums[j] += Σx[i]` over the `i` with `i % sums.len() == j`; as [`abs_sum_columns`].
pub fn value_sum_columns(isa: Isa, x: &[f32], sums: &mut [f64]) {
    isa.run(Columns::<Value>(x, sums, PhantomData));
}

struct Columns<'a, T>(&'a [f32], &'a mut [f64], PhantomData<T>);

impl<T: Term> Kernel for Columns<'_, T> {
    type Output = ();

    fn scalar(self) {
        let Self(x, sums, _) = self;
        for (i, &v) in x.iter().enumerate().take(if sums.is_empty() { 0 } else { x.len() }) {
            sums[i % sums.len()] += T::of(v);
        }
    }

    #[inline(always)]
    fn blocks(self) {
        let Self(x, sums, _) = self;
        if sums.is_empty() {
            return;
        }
        // Rows are taken in quads where they are whole, so that each sum is loaded and stored once for four of them.
        let columns = sums.len();
        let mut quads = x.chunks_exact(4 * columns);
        for quad in &mut quads {
            let (ab, cd) = quad.split_at(2 * columns);
            let ((a, b), (c, d)) = (ab.split_at(columns), cd.split_at(columns));
            let (sums, last) = sums.as_chunks_mut::<LINE>();
            let rows = [a, b, c, d].map(|row| row.as_chunks::<LINE>());
            let [(a, a_last), (b, b_last), (c, c_last), (d, d_last)] = rows;
            for ((((sums, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                for line in [a, b, c, d] {
                    ask(line, 4 * columns);
                }
                for ((((sum, &a), &b), &c), &d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *sum = *sum + T::of(a) + T::of(b) + T::of(c) + T::of(d);
                }
            }
            for ((((sum, &a), &b), &c), &d) in last.iter_mut().zip(a_last).zip(b_last).zip(c_last).zip(d_last)
            {
                *sum = *sum + T::of(a) + T::of(b) + T::of(c) + T::of(d);
            }
        }
        for row in quads.remainder().chunks(columns) {
            for (sum, &v) in sums.iter_mut().zip(row) {
                *sum += T::of(v);
            }
        }
    }
}
