//! Sums of products over a batch, block by block.

use espalier_tensor::{Job, Result};
use faer::linalg::matmul::matmul;
use faer::prelude::{Mat, MatMut, MatRef, ReborrowMut};
use faer::traits::ComplexField;
use faer::{Accum, Par};
use rayon::prelude::*;
use std::ops::Range;

/// Samples that one task copies: part of the definition, since it is part of the order.
pub(crate) const GATHERED: usize = 64;

/// Most samples of a block: how many products are summed in an element's own type. With [`TILE`] inputs of so many samples a
/// core's own cache is filled.
pub(crate) const SAMPLES: usize = 1024;

/// Samples by position.
pub(crate) trait Source: Sync {
    fn positions(&self) -> usize;
    /// Writes the inputs and the targets of some positions: [count, in] and [count, targets]. Neighbours together are faster.
    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]);
}

/// What products are made in.
pub(crate) trait Element: ComplexField + Send + Sync + Copy {
    fn shifted(value: f32, pivot: f64) -> Self;
    fn number(value: f64) -> Self;
    fn double(self) -> f64;
    /// `dst += aᵀ b`.
    /// - `a`, `b`: [samples, n] with contiguous columns: products are twice as fast along contiguous sums
    fn add_product(dst: MatMut<'_, f64>, a: MatRef<'_, Self>, b: MatRef<'_, Self>);
}

impl Element for f64 {
    fn shifted(value: f32, pivot: f64) -> f64 {
        f64::from(value) - pivot
    }

    fn number(value: f64) -> f64 {
        value
    }

    fn double(self) -> f64 {
        self
    }

    fn add_product(dst: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
        matmul(dst, Accum::Add, a.transpose(), b, 1.0, Par::Seq);
    }
}

impl Element for f32 {
    fn shifted(value: f32, pivot: f64) -> f32 {
        (f64::from(value) - pivot) as f32
    }

    fn number(value: f64) -> f32 {
        value as f32
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn add_product(mut dst: MatMut<'_, f64>, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
        let mut product = Mat::zeros(a.ncols(), b.ncols());
        matmul(product.as_mut(), Accum::Replace, a.transpose(), b, 1.0, Par::Seq);
        for (to, from) in dst.rb_mut().col_iter_mut().zip(product.col_iter()) {
            to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to += f64::from(from));
        }
    }
}

/// Σ (x - p)(x - p)ᵀ and its like; p, q are what x, y are counted from.
pub(crate) struct Sums<'a> {
    pub pivots: (&'a [f64], &'a [f64]),
    /// [in] and [out].
    pub x: &'a mut [f64],
    pub y: &'a mut [f64],
    /// [out].
    pub squares: &'a mut [f64],
    /// [in, in], its lower triangle.
    pub gram: MatMut<'a, f64>,
    /// [in, out].
    pub cross: MatMut<'a, f64>,
    /// Samples, as far as they were added.
    pub count: &'a mut u64,
}

/// Adds all samples of a source.
///
/// - errors: `ABORTED` between blocks
/// - cost: in² + 2·in·out a sample, and 32 MiB
pub(crate) fn accumulate<T: Element>(sums: &mut Sums<'_>, source: &impl Source, job: &Job) -> Result<()> {
    let (inputs, outputs) = (sums.x.len(), sums.y.len());
    let samples = ((1 << 22) / (inputs + outputs).max(1)).clamp(256, SAMPLES);
    let positions = source.positions();
    let mut x = Mat::<T>::zeros(samples.min(positions), inputs);
    let mut y = Mat::<T>::zeros(samples.min(positions), outputs);
    for start in (0..positions).step_by(samples) {
        job.check()?;
        let count = samples.min(positions - start);
        let chunks = x.as_mut().subrows_mut(0, count).par_row_chunks_mut(GATHERED);
        let chunks = chunks.zip(y.as_mut().subrows_mut(0, count).par_row_chunks_mut(GATHERED));
        let partial: Vec<Partial> = chunks
            .enumerate()
            .map(|(index, (x, y))| copied(source, start + index * GATHERED, sums.pivots, x, y))
            .collect();
        for part in partial {
            add(sums.x, &part.x);
            add(sums.y, &part.y);
            add(sums.squares, &part.squares);
        }
        let (x, y) = (x.as_ref().subrows(0, count), y.as_ref().subrows(0, count));
        let (gram, cross) = (sums.gram.as_mut(), sums.cross.as_mut());
        rayon::join(
            || {
                gram.par_col_chunks_mut(width(inputs)).enumerate().for_each(|(index, columns)| {
                    let start = index * width(inputs);
                    let right = x.subcols(start, columns.ncols());
                    let left = x.subcols(start, inputs - start);
                    add_tiles(columns.subrows_mut(start, inputs - start), left, right);
                });
            },
            || add_cross(cross, x, y),
        );
        *sums.count += count as u64;
        job.advance(count as u64);
    }
    Ok(())
}

struct Partial {
    x: Vec<f64>,
    y: Vec<f64>,
    squares: Vec<f64>,
}

/// Rows of a product that are made at a time: a multiple of what faer's kernels make at once, up to 96.
const TILE: usize = 192;

/// Columns of a product that one task makes: each packs the whole left factor anew, so they are wide. It depends on the shape
/// alone, as the order of every sum does.
fn width(n: usize) -> usize {
    (n / 8).next_multiple_of(16).clamp(64, 256)
}

/// `dst += aᵀ b`, in pieces that stay in a core's own cache.
fn add_tiles<T: Element>(mut dst: MatMut<'_, f64>, a: MatRef<'_, T>, b: MatRef<'_, T>) {
    for start in (0..dst.nrows()).step_by(TILE) {
        let rows = TILE.min(dst.nrows() - start);
        T::add_product(dst.rb_mut().subrows_mut(start, rows), a.subcols(start, rows), b);
    }
}

/// `dst += xᵀ y`, for all panels of targets.
pub(crate) fn add_cross<T: Element>(dst: MatMut<'_, f64>, x: MatRef<'_, T>, y: MatRef<'_, T>) {
    let width = width(dst.ncols());
    dst.par_col_chunks_mut(width).enumerate().for_each(|(index, columns)| {
        let right = y.subcols(index * width, columns.ncols());
        add_tiles(columns, x, right);
    });
}

/// Writes some samples as rows, less the pivots; and their sums.
fn copied<T: Element>(
    source: &impl Source,
    first: usize,
    pivots: (&[f64], &[f64]),
    x: MatMut<'_, T>,
    y: MatMut<'_, T>,
) -> Partial {
    let (inputs, outputs) = (x.ncols(), y.ncols());
    let count = x.nrows();
    let (mut from_x, mut from_y) = (vec![0.0; inputs * count], vec![0.0; outputs * count]);
    source.gather(first..first + count, &mut from_x, &mut from_y);
    let mut sums = Partial { x: vec![0.0; inputs], y: vec![0.0; outputs], squares: vec![0.0; outputs] };
    let from_x = shifted::<T>(&from_x, pivots.0);
    for sample in from_x.chunks_exact(inputs.max(1)) {
        sums.x.iter_mut().zip(sample).for_each(|(sum, value)| *sum += value.double());
    }
    let from_y = shifted::<T>(&from_y, pivots.1);
    for sample in from_y.chunks_exact(outputs.max(1)) {
        for ((sum, square), value) in sums.y.iter_mut().zip(&mut sums.squares).zip(sample) {
            *sum += value.double();
            *square += value.double() * value.double();
        }
    }
    lay(&from_x, x);
    lay(&from_y, y);
    sums
}

/// Samples, one after the other, less the pivots.
pub(crate) fn shifted<T: Element>(samples: &[f32], pivots: &[f64]) -> Vec<T> {
    let mut values = Vec::with_capacity(samples.len());
    for sample in samples.chunks_exact(pivots.len().max(1)) {
        values.extend(sample.iter().zip(pivots).map(|(&value, &pivot)| T::shifted(value, pivot)));
    }
    values
}

/// Columns that are written side by side: a cache holds few lines that lie a power of two apart.
const SIDE: usize = 8;

/// Writes samples, one after the other, as rows.
/// - `to`: [samples, n], with contiguous columns
pub(crate) fn lay<T: Copy>(samples: &[T], to: MatMut<'_, T>) {
    let length = to.ncols();
    let mut columns: Vec<_> = to.col_iter_mut().map(|column| column.iter_mut()).collect();
    for (block, columns) in columns.chunks_mut(SIDE).enumerate() {
        for sample in samples.chunks_exact(length) {
            for (column, &value) in columns.iter_mut().zip(&sample[block * SIDE..]) {
                if let Some(to) = column.next() {
                    *to = value;
                }
            }
        }
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
