//! Sums of products over a batch, block by block.

use crate::columns::panels;
use crate::gram::Gram;
use crate::products::{Element, add_tiles, width};
use espalier_tensor::{Job, Result};
use faer::prelude::{Mat, MatMut, MatRef, ReborrowMut};
use rayon::prelude::*;
use std::ops::Range;

/// Samples that one task copies: part of the definition, since it is part of the order.
pub(crate) const GATHERED: usize = 64;

/// Samples by position.
pub(crate) trait Source: Sync {
    fn positions(&self) -> usize;
    /// Writes the inputs and the targets of some positions: [count, in] and [count, targets]. Neighbours together are faster.
    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]);
}

/// Gathers positions in parallel: x [count, in], y [count, targets].
pub(crate) fn gather_rows<S: Source + ?Sized>(
    source: &S,
    positions: Range<usize>,
    (inputs, targets): (usize, usize),
    x: &mut [f32],
    y: &mut [f32],
) {
    let pieces = positions.len().div_ceil(GATHERED);
    let cut = |piece: usize| (piece * GATHERED).min(positions.len());
    let mut tasks = Vec::with_capacity(pieces);
    let (mut x, mut y) = (x, y);
    for piece in 0..pieces {
        let count = cut(piece + 1) - cut(piece);
        let (own_x, rest_x) = x.split_at_mut(count * inputs);
        let (own_y, rest_y) = y.split_at_mut(count * targets);
        (x, y) = (rest_x, rest_y);
        tasks.push((positions.start + cut(piece), count, own_x, own_y));
    }
    tasks.into_par_iter().for_each(|(start, count, x, y)| source.gather(start..start + count, x, y));
}

/// Σ (x - p)(x - p)ᵀ and its like; p, q are what x, y are counted from.
pub(crate) struct Sums<'a> {
    pub pivots: (&'a [f64], &'a [f64]),
    /// [in] and [out].
    pub x: &'a mut [f64],
    pub y: &'a mut [f64],
    /// [out].
    pub squares: &'a mut [f64],
    pub gram: &'a mut Gram,
    /// [in, out].
    pub cross: MatMut<'a, f64>,
    /// Samples, as far as they were added.
    pub count: &'a mut u64,
}

/// Samples of a block: of many values so few that [`TILE`] of them stay in a core's own cache, of few enough that there is
/// something to share out.
pub(crate) fn samples_of<T: Element>(values: usize) -> usize {
    let whole = (1 << 19) / values.max(1);
    ((1 << 22) / values.max(1)).min(whole.max(1024)).clamp(256, T::SAMPLES)
}

/// Adds all samples of a source.
///
/// - errors: `ABORTED` between blocks
/// - cost: in² + 2·in·out a sample; memory 32 MiB (256 samples where that is more), and a few MiB for each thread
pub(crate) fn accumulate<T: Element>(sums: &mut Sums<'_>, source: &impl Source, job: &Job) -> Result<()> {
    let (inputs, outputs) = (sums.x.len(), sums.y.len());
    let samples = samples_of::<T>(inputs + outputs);
    let positions = source.positions();
    let mut x = Mat::<T>::zeros(inputs, samples.min(positions));
    let mut y = Mat::<T>::zeros(outputs, samples.min(positions));
    for start in (0..positions).step_by(samples) {
        job.check()?;
        let count = samples.min(positions - start);
        let chunks = panels(x.as_mut().subcols_mut(0, count), GATHERED);
        let chunks = chunks.zip(panels(y.as_mut().subcols_mut(0, count), GATHERED));
        let partial: Vec<Partial> = chunks
            .enumerate()
            .map(|(index, (x, y))| copied(source, start + index * GATHERED, sums.pivots, x, y))
            .collect();
        for part in partial {
            add(sums.x, &part.x);
            add(sums.y, &part.y);
            add(sums.squares, &part.squares);
        }
        let (x, y) = (x.as_ref().subcols(0, count), y.as_ref().subcols(0, count));
        let (gram, cross) = (&mut *sums.gram, sums.cross.as_mut());
        rayon::join(|| gram.add_square(x), || add_cross(cross, x, y));
        *sums.count += count as u64;
        job.advance(count as u64);
    }
    Ok(())
}

/// `dst += x yᵀ`, for all panels of targets.
/// - `x`, `y`: [n, samples]
pub(crate) fn add_cross<T: Element>(dst: MatMut<'_, f64>, x: MatRef<'_, T>, y: MatRef<'_, T>) {
    let width = width(dst.ncols());
    panels(dst, width).enumerate().for_each(|(index, columns)| {
        let right = y.subrows(index * width, columns.ncols());
        add_tiles(columns, x, right);
    });
}

struct Partial {
    x: Vec<f64>,
    y: Vec<f64>,
    squares: Vec<f64>,
}

/// Writes some samples as columns, less the pivots; and their sums.
fn copied<T: Element>(
    source: &impl Source,
    first: usize,
    pivots: (&[f64], &[f64]),
    mut x: MatMut<'_, T>,
    mut y: MatMut<'_, T>,
) -> Partial {
    let (inputs, outputs) = (x.nrows(), y.nrows());
    let count = x.ncols();
    let (mut from_x, mut from_y) = (vec![0.0; inputs * count], vec![0.0; outputs * count]);
    source.gather(first..first + count, &mut from_x, &mut from_y);
    let mut sums = Partial { x: vec![0.0; inputs], y: vec![0.0; outputs], squares: vec![0.0; outputs] };
    for column in 0..count {
        let from_x = &from_x[column * inputs..][..inputs];
        let to = x.rb_mut().col_mut(column).iter_mut();
        for (((to, &value), &pivot), sum) in to.zip(from_x).zip(pivots.0).zip(&mut sums.x) {
            *to = T::shifted(value, pivot);
            *sum += to.double();
        }
        let from_y = &from_y[column * outputs..][..outputs];
        let to = y.rb_mut().col_mut(column).iter_mut();
        let sums = sums.y.iter_mut().zip(&mut sums.squares);
        for (((to, &value), &pivot), (sum, square)) in to.zip(from_y).zip(pivots.1).zip(sums) {
            *to = T::shifted(value, pivot);
            *sum += to.double();
            *square += to.double() * to.double();
        }
    }
    sums
}

fn add(to: &mut [f64], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
