//! Sums down the columns of a matrix: for axes whose indices lie close together, such as the second of [out, in].

use crate::elements::{Elements, Nibbles};
use crate::integers::{I4, I8, Integer, Nibble, Small, U4, U8};
use crate::isa::{Instructions, Isa, Kernel};
use crate::prefetch::{LINE, ask};
use crate::source::{BLOCK, Buffer, CHUNK, Source, with_source};
use crate::sums::{Abs, BYTES, Square, Term, Value};
use std::marker::PhantomData;

/// `sums[j] += Σ|x[i]|` over the `i` with `i % sums.len() == j`.
/// - `x`: rows of `sums.len()` values, end to end; the last row may be short; without columns nothing is done
/// - order: that of the rows, onto what `sums` held; of integers, those of 32 rows are added first, which is exact
/// - panics: never
pub fn abs_sum_columns<'a>(isa: Isa, x: impl Into<Elements<'a>>, sums: &mut [f64]) {
    columns::<Abs>(isa, x.into(), sums);
}

/// `sums[j] += Σx[i]²` over the `i` with `i % sums.len() == j`; as [`abs_sum_columns`].
pub fn square_sum_columns<'a>(isa: Isa, x: impl Into<Elements<'a>>, sums: &mut [f64]) {
    columns::<Square>(isa, x.into(), sums);
}

/// `sums[j] += Σx[i]` over the `i` with `i % sums.len() == j`; as [`abs_sum_columns`].
pub fn value_sum_columns<'a>(isa: Isa, x: impl Into<Elements<'a>>, sums: &mut [f64]) {
    columns::<Value>(isa, x.into(), sums);
}

fn columns<T: Term>(isa: Isa, x: Elements, sums: &mut [f64]) {
    if sums.is_empty() {
        return;
    }
    match x {
        Elements::I8(x) => isa.run(Bytes::<I8, T>(x, sums, PhantomData)),
        Elements::U8(x) => isa.run(Bytes::<U8, T>(x, sums, PhantomData)),
        Elements::I4(x) => isa.run(Halves::<I4, T>(x, sums, PhantomData)),
        Elements::U4(x) => isa.run(Halves::<U4, T>(x, sums, PhantomData)),
        x => with_source!(x, x => isa.run(Floats::<_, T>(x, sums, PhantomData))),
    }
}

/// Floats, or what is added as such.
struct Floats<'a, S, T>(S, &'a mut [f64], PhantomData<T>);

/// Rows of floats that are taken together where they are whole: each sum is then loaded and stored once for four values.
const QUAD: usize = 4;

/// Bytes of four rows up to which memory is asked for as if there were no rows.
const NEAR: usize = 8192;

impl<S: Source, T: Term> Kernel for Floats<'_, S, T> {
    type Output = ();

    fn scalar(self) {
        let Self(x, sums, _) = self;
        for i in 0..x.len() {
            sums[i % sums.len()] += T::of(x.value(i));
        }
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        let Self(x, sums, _) = self;
        let columns = sums.len();
        let whole = x.len() / (QUAD * columns) * (QUAD * columns);
        for first in (0..whole).step_by(QUAD * columns) {
            if QUAD * columns * S::BITS / 8 <= NEAR {
                add_quad::<true, I, S, T>(with, x, first, sums);
            } else {
                add_quad::<false, I, S, T>(with, x, first, sums);
            }
        }
        for row in (whole..x.len()).step_by(columns) {
            let own = columns.min(x.len() - row);
            add_row::<I, S, T>(with, x, row, &mut sums[..own]);
        }
    }
}

/// Adds [`QUAD`] rows from element `first` on.
/// - `NEAR`: whether memory is asked for as if there were no rows, or for each row apart
#[inline(always)]
fn add_quad<const NEAR: bool, I: Instructions, S: Source, T: Term>(
    with: I,
    x: S,
    first: usize,
    sums: &mut [f64],
) {
    let columns = sums.len();
    let rows: [usize; QUAD] = [first, first + columns, first + 2 * columns, first + 3 * columns];
    let (chunks, last) = sums.as_chunks_mut::<CHUNK>();
    for (c, sums) in chunks.iter_mut().enumerate() {
        if NEAR {
            x.ask(first + c * QUAD * CHUNK, QUAD * CHUNK);
        } else {
            for row in rows {
                for line in 0..(CHUNK * S::BITS / 8).div_ceil(LINE) {
                    ask(x.address(row + QUAD * columns + c * CHUNK), line * LINE);
                }
            }
        }
        let (a, b) = (x.chunk(with, rows[0] + c * CHUNK), x.chunk(with, rows[1] + c * CHUNK));
        let (c, d) = (x.chunk(with, rows[2] + c * CHUNK), x.chunk(with, rows[3] + c * CHUNK));
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = *sum + T::of(a[i]) + T::of(b[i]) + T::of(c[i]) + T::of(d[i]);
        }
    }
    if !last.is_empty() {
        for row in rows {
            add_row::<I, S, T>(with, x, row + columns - last.len(), last);
        }
    }
}

/// Adds a value to each sum, from element `start` on.
#[inline(always)]
fn add_row<I: Instructions, S: Source, T: Term>(with: I, x: S, start: usize, sums: &mut [f64]) {
    let mut buffer = Buffer::new();
    for (b, sums) in sums.chunks_mut(BLOCK).enumerate() {
        let values = x.block(with, start + b * BLOCK, &mut buffer);
        for (sum, &v) in sums.iter_mut().zip(values) {
            *sum += T::of(v);
        }
    }
}

/// Rows of integers that are added before they are added to the sums of their columns.
const ROWS: usize = 32;

/// The definition for integers.
/// - `value`: of an element
fn add_integers<V: Small, T: Term>(length: usize, value: impl Fn(usize) -> V, sums: &mut [f64]) {
    let columns = sums.len();
    for first in (0..length).step_by(ROWS * columns) {
        for (j, sum) in sums.iter_mut().enumerate() {
            let column = (first + j..length).step_by(columns).take(ROWS);
            *sum += f64::from(column.map(|i| T::of_integers([value(i)]).into()).sum::<i32>());
        }
    }
}

/// Integers of a byte.
struct Bytes<'a, N, T>(&'a [u8], &'a mut [f64], PhantomData<(N, T)>);

impl<N: Integer<1>, T: Term> Kernel for Bytes<'_, N, T> {
    type Output = ();

    fn scalar(self) {
        add_integers::<_, T>(self.0.len(), |i| N::elements(self.0[i])[0], self.1);
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, _: I) {
        add_bytes_of_rows::<N, 1, T>(self.0, self.1);
    }
}

/// Integers of four bits. Rows that do not all begin with a byte are added by the definition.
struct Halves<'a, N, T>(Nibbles<'a>, &'a mut [f64], PhantomData<(N, T)>);

impl<N: Nibble, T: Term> Kernel for Halves<'_, N, T> {
    type Output = ();

    fn scalar(self) {
        add_integers::<_, T>(self.0.len(), |i| N::value(self.0.half(i)), self.1);
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, _: I) {
        match self.0.edges() {
            (None, pairs, None) if self.1.len().is_multiple_of(2) => {
                add_bytes_of_rows::<N, 2, T>(pairs, self.1);
            }
            _ => self.scalar(),
        }
    }
}

/// Adds rows of as many integers as there are sums, [`ROWS`] at a time.
/// - `x`: rows that begin with a byte each; the last may be short
#[inline(always)]
fn add_bytes_of_rows<N: Integer<EACH>, const EACH: usize, T: Term>(x: &[u8], sums: &mut [f64]) {
    let columns = sums.len() / EACH;
    for rows in x.chunks(ROWS * columns) {
        for (b, sums) in sums.chunks_mut(EACH * BYTES).enumerate() {
            let parts = sums_of_rows::<N, EACH, T>(rows, columns, b * BYTES, sums.len() / EACH);
            for (i, sums) in sums.chunks_exact_mut(EACH).enumerate() {
                for (sum, part) in sums.iter_mut().zip(&parts) {
                    *sum += f64::from(part[i]);
                }
            }
        }
    }
}

/// The sums of at most [`BYTES`] columns of bytes, for each of the elements in a byte.
/// - `rows`: of `columns` bytes; the last may be short
/// - `own`: columns from `first` on
#[inline(always)]
fn sums_of_rows<N: Integer<EACH>, const EACH: usize, T: Term>(
    rows: &[u8],
    columns: usize,
    first: usize,
    own: usize,
) -> [[i32; BYTES]; EACH] {
    let mut parts = [[0; BYTES]; EACH];
    let whole = if own == BYTES { rows.len() / columns } else { 0 };
    for row in 0..whole {
        let block = &rows[row * columns + first..];
        ask(block.as_ptr(), rows.len());
        if let Some(block) = block.first_chunk::<BYTES>() {
            add_each::<N, EACH, T>(block, &mut parts);
        }
    }
    // A copy, or the parts above would have an address and be kept in memory.
    let mut all = parts;
    for row in rows.chunks(columns).skip(whole) {
        let row = row.get(first..).unwrap_or_default();
        for (i, &byte) in row.iter().take(own).enumerate() {
            for (parts, v) in all.iter_mut().zip(N::elements(byte)) {
                parts[i] += T::of_integers([v]).into();
            }
        }
    }
    all
}

#[inline(always)]
fn add_each<N: Integer<EACH>, const EACH: usize, T: Term>(
    block: &[u8; BYTES],
    parts: &mut [[i32; BYTES]; EACH],
) {
    for (e, parts) in parts.iter_mut().enumerate() {
        // In an array of their own, as `add_bytes` has them.
        let mut small = [T::Sum::default(); BYTES];
        for (small, &byte) in small.iter_mut().zip(block) {
            *small = T::of_integers([N::elements(byte)[e]]);
        }
        for (part, small) in parts.iter_mut().zip(small) {
            *part += small.into();
        }
    }
}
