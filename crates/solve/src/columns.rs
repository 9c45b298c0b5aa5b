//! Columns of a matrix, shared out to threads.
//!
//! faer has the same behind its feature `rayon`, which brings a way of waiting that WebAssembly does not have.

use faer::{ColMut, MatMut};
use rayon::prelude::*;

/// Panels of `width` columns each, from the first on; the last may be narrower. `width` is at least 1.
pub(crate) fn panels<T: Send>(
    matrix: MatMut<'_, T>,
    width: usize,
) -> impl IndexedParallelIterator<Item = MatMut<'_, T>> {
    let mut panels = Vec::with_capacity(matrix.ncols().div_ceil(width));
    let mut rest = matrix;
    while rest.ncols() > 0 {
        let wide = width.min(rest.ncols());
        let (panel, right) = rest.split_at_col_mut(wide);
        panels.push(panel);
        rest = right;
    }
    panels.into_par_iter()
}

/// Each column, from the first on.
pub(crate) fn columns<T: Send>(matrix: MatMut<'_, T>) -> impl IndexedParallelIterator<Item = ColMut<'_, T>> {
    panels(matrix, 1).map(|panel| panel.col_mut(0))
}
