//! Sums down the columns of a matrix: for axes whose indices lie close together, such as the second of [out, in].

use crate::dispatch::with_source;
use crate::elements::Elements;
use crate::formats::{Element, Narrow, Wide};
use crate::integers::{I4, I8, Integer, Nibble, Small, U4, U8};
use crate::isa::{Instructions, Isa, Kernel};
use crate::nibbles::Nibbles;
use crate::prefetch::{LINE, ask};
use crate::source::{BLOCK, CHUNK, Source};
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
        let together = QUAD * sums.len();
        if let Some(x) = x.stored() {
            add_rows::<T>(x, sums);
        } else if together <= PIECE {
            // Narrow rows are converted many at a time.
            let mut values = [0.0; PIECE];
            let whole = PIECE / together * together;
            for start in (0..x.len()).step_by(whole) {
                let values = &mut values[..whole.min(x.len() - start)];
                x.ask(start, values.len());
                x.fill(with, start, values);
                add_rows::<T>(values, sums);
            }
        } else {
            convert_rows::<I, S, T>(with, x, sums);
        }
    }
}

/// Values of narrow rows that are converted at a time.
const PIECE: usize = 1024;

/// Adds rows of as many values as there are sums; the last may be short.
#[inline(always)]
fn add_rows<T: Term>(x: &[f32], sums: &mut [f64]) {
    let columns = sums.len();
    let mut quads = x.chunks_exact(QUAD * columns);
    for quad in &mut quads {
        let (ab, cd) = quad.split_at(2 * columns);
        let ((a, b), (c, d)) = (ab.split_at(columns), cd.split_at(columns));
        let (sums, last) = sums.as_chunks_mut::<CHUNK>();
        let rows = [a, b, c, d].map(|row| row.as_chunks::<CHUNK>());
        let [(a, a_last), (b, b_last), (c, c_last), (d, d_last)] = rows;
        for ((((sums, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            for line in [a, b, c, d] {
                ask(line.as_ptr(), QUAD * columns * size_of::<f32>());
            }
            for ((((sum, &a), &b), &c), &d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum = *sum + T::of(a) + T::of(b) + T::of(c) + T::of(d);
            }
        }
        for ((((sum, &a), &b), &c), &d) in last.iter_mut().zip(a_last).zip(b_last).zip(c_last).zip(d_last) {
            *sum = *sum + T::of(a) + T::of(b) + T::of(c) + T::of(d);
        }
    }
    for row in quads.remainder().chunks(columns) {
        for (sum, &v) in sums.iter_mut().zip(row) {
            *sum += T::of(v);
        }
    }
}

/// The same of wide rows whose values are converted in registers.
#[inline(always)]
fn convert_rows<I: Instructions, S: Source, T: Term>(with: I, x: S, sums: &mut [f64]) {
    let columns = sums.len();
    let whole = x.len() / (QUAD * columns) * (QUAD * columns);
    for first in (0..whole).step_by(QUAD * columns) {
        if QUAD * columns * S::BITS / 8 <= NEAR {
            convert_quad::<true, I, S, T>(with, x, first, sums);
        } else {
            convert_quad::<false, I, S, T>(with, x, first, sums);
        }
    }
    for row in (whole..x.len()).step_by(columns) {
        let own = columns.min(x.len() - row);
        convert_row::<I, S, T>(with, x, row, &mut sums[..own]);
    }
}

/// Adds [`QUAD`] rows from element `first` on.
/// - `NEAR`: whether memory is asked for as if there were no rows, or for each row apart
#[inline(always)]
fn convert_quad<const NEAR: bool, I: Instructions, S: Source, T: Term>(
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
        // By index: iterators over arrays are not made vector instructions here.
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = *sum + T::of(a[i]) + T::of(b[i]) + T::of(c[i]) + T::of(d[i]);
        }
    }
    if !last.is_empty() {
        for row in rows {
            convert_row::<I, S, T>(with, x, row + columns - last.len(), last);
        }
    }
}

/// Adds a value to each sum, from element `start` on.
#[inline(always)]
fn convert_row<I: Instructions, S: Source, T: Term>(with: I, x: S, start: usize, sums: &mut [f64]) {
    let mut buffer = [0.0; BLOCK];
    for (b, sums) in sums.chunks_mut(BLOCK).enumerate() {
        let values = &mut buffer[..sums.len()];
        x.fill(with, start + b * BLOCK, values);
        for (sum, &mut v) in sums.iter_mut().zip(values) {
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

impl<N: Integer<1> + Element<1>, T: Term> Kernel for Bytes<'_, N, T> {
    type Output = ();

    fn scalar(self) {
        add_integers::<_, T>(self.0.len(), |i| N::elements(self.0[i])[0], self.1);
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        let Self(x, sums, _) = self;
        if sums.len() < BYTES {
            add_narrow::<I, _, T>(with, Wide::<N, 1>::new(x.as_chunks().0), sums);
        } else {
            add_bytes_of_rows::<N, 1, T>(x, sums);
        }
    }
}

/// Integers of four bits. Wide rows that do not all begin and end with a byte are added by the definition.
struct Halves<'a, N, T>(Nibbles<'a>, &'a mut [f64], PhantomData<(N, T)>);

impl<N: Nibble, T: Term> Kernel for Halves<'_, N, T> {
    type Output = ();

    fn scalar(self) {
        add_integers::<_, T>(self.0.len(), |i| N::value(self.0.half(i)), self.1);
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        let columns = self.1.len();
        match self.0.edges() {
            _ if columns < 2 * BYTES => add_narrow::<I, _, T>(with, Narrow::<N>::new(self.0), self.1),
            (None, pairs, None) if columns.is_multiple_of(2) => {
                add_bytes_of_rows::<N, 2, T>(pairs, self.1);
            }
            _ => self.scalar(),
        }
    }
}

/// Adds narrow rows of integers, [`ROWS`] at a time: as floats, whose sums are exact.
/// - `sums`: less than twice [`BYTES`]
#[inline(always)]
fn add_narrow<I: Instructions, S: Source, T: Term>(with: I, x: S, sums: &mut [f64]) {
    let mut values = [0.0; ROWS * 2 * BYTES];
    let together = ROWS * sums.len();
    for start in (0..x.len()).step_by(together) {
        let values = &mut values[..together.min(x.len() - start)];
        x.fill(with, start, values);
        let mut parts = [0.0; 2 * BYTES];
        let parts = &mut parts[..sums.len()];
        add_rows::<T>(values, parts);
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum += *part;
        }
    }
}

/// Adds rows of as many integers as there are sums, [`ROWS`] at a time.
/// - `x`: rows that begin with a byte each, of at least [`BYTES`] bytes; the last may be short
#[inline(always)]
fn add_bytes_of_rows<N: Integer<EACH>, const EACH: usize, T: Term>(x: &[u8], sums: &mut [f64]) {
    let columns = sums.len() / EACH;
    for rows in x.chunks(ROWS * columns) {
        for (b, sums) in sums.chunks_mut(EACH * BYTES).enumerate() {
            // The last block ends with the row, and some of its columns were in the one before.
            let own = sums.len() / EACH;
            let first = (b * BYTES).min(columns - BYTES);
            let parts = sums_of_rows::<N, EACH, T>(rows, columns, first);
            for (i, sums) in sums.chunks_exact_mut(EACH).enumerate() {
                for (sum, part) in sums.iter_mut().zip(&parts) {
                    *sum += f64::from(part[BYTES - own + i]);
                }
            }
        }
    }
}

/// The sums of [`BYTES`] columns of bytes from `first` on, for each of the elements in a byte.
/// - `rows`: of `columns` bytes; the last may be short
#[inline(always)]
fn sums_of_rows<N: Integer<EACH>, const EACH: usize, T: Term>(
    rows: &[u8],
    columns: usize,
    first: usize,
) -> [[i32; BYTES]; EACH] {
    let mut parts = [[0; BYTES]; EACH];
    let whole = rows.len() / columns;
    for row in 0..whole {
        let block = &rows[row * columns + first..];
        ask(block.as_ptr(), rows.len());
        if let Some(block) = block.first_chunk::<BYTES>() {
            add_each::<N, EACH, T>(block, &mut parts);
        }
    }
    // A copy, or the parts above would have an address and be kept in memory.
    let mut all = parts;
    let short = rows.get(whole * columns + first..).unwrap_or_default();
    for (i, &byte) in short.iter().take(BYTES).enumerate() {
        for (parts, v) in all.iter_mut().zip(N::elements(byte)) {
            parts[i] += T::of_integers([v]).into();
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
