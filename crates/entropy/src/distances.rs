//! Distances between the classes of a group: of each to all others.

use crate::request::{Group, Slice};
use crate::run::Run;
use crate::sweep::non_finite;
use crate::view::View;
use espalier_simd::square_distance;
use espalier_tensor::{Code, Error, Model, Result};
use rayon::prelude::*;

/// Classes of a group at most: their squared distances take 4 GiB.
const MOST: usize = 32 << 10;
/// Values of each class that are compared at a time: those of two tiles stay in a core's own cache.
const DEPTH: usize = 512;
/// Classes in a tile.
const TILE: usize = 32;
/// Values that are read at a time; at least one row of an axis.
const HELD: usize = 4 << 20;

/// Two tiles of classes, and their squared distances so far, [TILE, TILE]. Of a tile with itself the lower triangle is left
/// out.
struct Pair {
    first: usize,
    second: usize,
    squares: Vec<f64>,
}

/// `Σ_k ‖x - x_k‖` of each class.
/// - errors: `NON_FINITE` for a value of a class, `MODEL_TOO_LARGE`, `ABORTED`
/// - cost: O(classes² · values of a class); memory 4 bytes · classes², and 32 MiB of values
/// - the same bits on any number of threads: squares are added in the order of the slices, each pair by itself
/// - source: He, Liu, Wang, Hu, Yang 2019, filter pruning via geometric median
pub(crate) fn distances_of(model: &Model, run: &Run, group: &Group) -> Result<Vec<f64>> {
    let classes = group.classes;
    if classes > MOST {
        let what = format!("the distances of {classes} lanes from one another");
        return Err(Error::new(Code::ModelTooLarge, what).todo("Choose another criterion."));
    }
    let tiles = classes.div_ceil(TILE);
    let mut pairs: Vec<Pair> = (0..tiles)
        .flat_map(|first| (first..tiles).map(move |second| (first, second)))
        .map(|(first, second)| Pair { first, second, squares: vec![0.0; TILE * TILE] })
        .collect();
    for slice in &group.slices {
        let view = View::new(model, slice)?;
        if view.indices > 0 && view.outer * view.inner > 0 {
            add_slice(model, run, slice, view, classes, &mut pairs)?;
        }
    }
    let mut sums = vec![0.0; classes];
    for Pair { first, second, squares } in &pairs {
        for (place, square) in squares.iter().enumerate() {
            let (i, j) = (first * TILE + place / TILE, second * TILE + place % TILE);
            if i < j && j < classes {
                let distance = square.sqrt();
                sums[i] += distance;
                sums[j] += distance;
            }
        }
    }
    Ok(sums)
}

/// Adds the squared distances within one slice, block by block of positions.
fn add_slice(
    model: &Model,
    run: &Run,
    slice: &Slice,
    view: View<'_>,
    classes: usize,
    pairs: &mut [Pair],
) -> Result<()> {
    let occurrences = occurrences(slice, classes);
    let width = DEPTH.min(view.inner as usize);
    let rows = (DEPTH / width).min((HELD / (view.indices * width)).max(1)).max(1) as u64;
    let bits = model[view.tensor].dtype.bits();
    run.job.expect(bits * view.outer * view.indices as u64 * view.inner / 8);
    let mut block = Vec::new();
    let mut matrix = vec![0.0; classes * rows as usize * width];
    for outer in (0..view.outer).step_by(rows as usize) {
        let rows = rows.min(view.outer - outer) as usize;
        for inner in (0..view.inner).step_by(width) {
            run.job.check()?;
            let width = width.min((view.inner - inner) as usize);
            // [rows, n, width]
            block.resize(rows * view.indices * width, 0.0);
            if width as u64 == view.inner {
                view.numbers(model, outer * view.indices as u64 * view.inner, &mut block)?;
            } else {
                for (index, values) in block.chunks_exact_mut(width).enumerate() {
                    let start = (outer * view.indices as u64 + index as u64) * view.inner + inner;
                    view.numbers(model, start, values)?;
                }
            }
            check(model, slice, view, (outer, inner, width), &block)?;
            for indices in &occurrences {
                let depth = rows * width;
                let matrix = &mut matrix[..classes * depth];
                matrix.par_chunks_exact_mut(depth).zip(indices).for_each(|(values, &index)| match index {
                    None => values.fill(0.0),
                    Some(index) => {
                        for (row, to) in values.chunks_exact_mut(width).enumerate() {
                            to.copy_from_slice(&block[(row * view.indices + index) * width..][..width]);
                        }
                    }
                });
                pairs.par_iter_mut().for_each(|pair| pair.add(run, matrix, depth));
            }
            run.job.advance(bits * block.len() as u64 / 8);
        }
    }
    Ok(())
}

impl Pair {
    /// - `matrix`: [classes, depth]
    fn add(&mut self, run: &Run, matrix: &[f32], depth: usize) {
        let tile = |tile: usize| matrix.chunks_exact(depth).enumerate().skip(tile * TILE).take(TILE);
        for (i, a) in tile(self.first) {
            for (j, b) in tile(self.second) {
                if i < j {
                    self.squares[i % TILE * TILE + j % TILE] += square_distance(run.isa, a, b);
                }
            }
        }
    }
}

/// For the first, second, ... occurrence of classes in a slice: the index of each class, where it occurs so often.
fn occurrences(slice: &Slice, classes: usize) -> Vec<Vec<Option<usize>>> {
    let mut found: Vec<Vec<Option<usize>>> = Vec::new();
    let mut seen = vec![0; classes];
    for (index, &class) in slice.classes.iter().enumerate().filter(|(_, class)| **class >= 0) {
        let class = class as usize;
        if seen[class] == found.len() {
            found.push(vec![None; classes]);
        }
        found[seen[class]][class] = Some(index);
        seen[class] += 1;
    }
    found
}

/// - `place`: outer and inner position that the block begins at, and its width
fn check(
    model: &Model,
    slice: &Slice,
    view: View<'_>,
    (outer, inner, width): (u64, u64, usize),
    block: &[f32],
) -> Result<()> {
    let broken =
        |&(i, value): &(usize, &f32)| !value.is_finite() && slice.classes[i / width % view.indices] >= 0;
    match block.iter().enumerate().find(broken) {
        None => Ok(()),
        Some((i, &value)) => {
            let row = outer * view.indices as u64 + (i / width) as u64;
            Err(non_finite(model, view.tensor, row * view.inner + inner + (i % width) as u64, value))
        }
    }
}
