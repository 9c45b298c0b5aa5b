//! Symmetric positive matrices, worked on in panels of columns. Only their lower triangles are read and written.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::reborrow::{Reborrow, ReborrowMut};
use faer::traits::ComplexField;
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};
use rayon::prelude::*;

use crate::columns::panels;

/// Columns that one task works on: enough tasks for the threads, enough columns for a fast product. It depends on the
/// shape alone, and with it the order of every sum.
pub(crate) fn panel(n: usize) -> usize {
    (n / 8).next_multiple_of(16).clamp(32, 128)
}

/// The lower triangle of `dst += alpha · a bᵀ`, where a bᵀ is symmetric.
/// - `dst`: [n, n]; `a`, `b`: [n, k]
pub(crate) fn add_lower<T: ComplexField + Copy + Send + Sync>(
    dst: MatMut<'_, T>,
    alpha: T,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
) {
    let (n, width) = (dst.nrows(), panel(dst.nrows()));
    panels(dst, width).enumerate().for_each(|(index, columns)| {
        let (start, width) = (index * width, columns.ncols());
        let (below, right) = (a.subrows(start, n - start), contiguous(b.subrows(start, width)));
        matmul(columns.subrows_mut(start, n - start), Accum::Add, below, &right, alpha, Par::Seq);
    });
}

/// bᵀ with its columns contiguous: as the right factor of a product it makes it twice as fast.
pub(crate) fn contiguous<T: ComplexField + Copy>(b: MatRef<'_, T>) -> Mat<T> {
    /// Columns that are written side by side: a cache holds few lines that lie a power of two apart.
    const SIDE: usize = 8;
    let mut turned = Mat::zeros(b.ncols(), b.nrows());
    let mut columns: Vec<_> = turned.col_iter_mut().map(|column| column.iter_mut()).collect();
    for (block, columns) in columns.chunks_mut(SIDE).enumerate() {
        for from in b.subrows(block * SIDE, columns.len()).col_iter() {
            for (column, &value) in columns.iter_mut().zip(from.iter()) {
                if let Some(to) = column.next() {
                    *to = value;
                }
            }
        }
    }
    drop(columns);
    turned
}

/// The lower triangle of m mᵀ.
pub(crate) fn square<T: ComplexField + Copy + Send + Sync>(m: MatRef<'_, T>) -> Mat<T> {
    let mut product = Mat::zeros(m.nrows(), m.nrows());
    add_lower(product.as_mut(), T::one_impl(), m, m);
    product
}

/// A = L Lᵀ; what lies above the diagonal of L means nothing.
pub(crate) struct Cholesky {
    l: Mat<f64>,
}

impl Cholesky {
    /// - `a`: [n, n], symmetric
    /// - returns: none where A is not positive beyond rounding: a pivot that is left of a diagonal is at most n·ε of it
    /// - cost: n³/3
    pub fn new(a: Mat<f64>) -> Option<Cholesky> {
        let mut l = a;
        let n = l.nrows();
        let width = panel(n);
        let before: Vec<f64> = (0..n).map(|i| l[(i, i)]).collect();
        let tolerance = n as f64 * f64::EPSILON;
        for start in (0..n).step_by(width) {
            let rest = l.as_mut().submatrix_mut(start, start, n - start, n - start);
            let width = width.min(n - start);
            let (columns, right) = rest.split_at_col_mut(width);
            let (mut corner, mut below) = columns.split_at_row_mut(width);
            factor(corner.rb_mut())?;
            let positive = |i: usize| {
                let root = corner[(i, i)];
                root.is_finite() && root * root > tolerance * before[start + i]
            };
            if !(0..width).all(positive) {
                return None;
            }
            let corner = corner.rb();
            panels(below.rb_mut().transpose_mut(), panel(n)).for_each(|rows| {
                solve_lower_triangular_in_place(corner, rows, Par::Seq);
            });
            let below = below.rb();
            add_lower(right.split_at_row_mut(width).1, -1.0, below, below);
        }
        Some(Cholesky { l })
    }

    /// A⁻¹ b. cost: 2 n² columns
    pub fn solve(&self, mut b: Mat<f64>) -> Mat<f64> {
        let l = self.l.as_ref();
        let width = panel(b.ncols());
        panels(b.as_mut(), width).for_each(|mut columns| {
            solve_lower_triangular_in_place(l, columns.rb_mut(), Par::Seq);
            solve_upper_triangular_in_place(l.transpose(), columns, Par::Seq);
        });
        b
    }

    /// The lower triangle of A⁻¹. cost: 2n³/3, as the columns of a panel need only what lies below and right of it
    pub fn inverse(&self) -> Mat<f64> {
        let n = self.l.nrows();
        let width = panel(n);
        let mut inverse = Mat::zeros(n, n);
        panels(inverse.as_mut(), width).enumerate().for_each(|(index, columns)| {
            let start = index * width;
            let mut columns = columns.subrows_mut(start, n - start);
            for i in 0..columns.ncols() {
                columns[(i, i)] = 1.0;
            }
            let l = self.l.submatrix(start, start, n - start, n - start);
            solve_lower_triangular_in_place(l, columns.rb_mut(), Par::Seq);
            solve_upper_triangular_in_place(l.transpose(), columns, Par::Seq);
        });
        inverse
    }
}

fn factor(corner: MatMut<'_, f64>) -> Option<()> {
    let params = Spec::default();
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(corner.nrows(), Par::Seq, params));
    cholesky_in_place(corner, Default::default(), Par::Seq, MemStack::new(&mut memory), params).ok()?;
    Some(())
}

/// A small symmetric positive matrix, factored in place: [n, n], element (i, j) at `i * n + j`, j <= i.
/// - returns: false where it is not positive
pub(crate) fn factor_small(a: &mut [f64], n: usize) -> bool {
    for j in 0..n {
        for i in j..n {
            let dot: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            if i > j {
                a[i * n + j] = rest / a[j * n + j];
            } else if rest > 0.0 && rest.is_finite() {
                a[j * n + j] = rest.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// L⁻¹ b in place, with L from [`factor_small`].
/// - `b`: `columns` vectors of n, each contiguous
pub(crate) fn solve_small(l: &[f64], n: usize, b: &mut [f64]) {
    for column in b.chunks_exact_mut(n) {
        for i in 0..n {
            let dot: f64 = l[i * n..i * n + i].iter().zip(&*column).map(|(l, x)| l * x).sum();
            column[i] = (column[i] - dot) / l[i * n + i];
        }
    }
}

/// L⁻¹ S L⁻ᵀ of a symmetric S, both [n, n].
pub(crate) fn whitened(l: &[f64], n: usize, s: &[f64]) -> Vec<f64> {
    let mut half = s.to_vec();
    solve_small(l, n, &mut half);
    let mut whole: Vec<f64> = (0..n * n).map(|i| half[i % n * n + i / n]).collect();
    solve_small(l, n, &mut whole);
    whole
}

/// log2 of the determinant of L Lᵀ.
pub(crate) fn log2_determinant(l: &[f64], n: usize) -> f64 {
    (0..n).map(|i| 2.0 * l[i * n + i].log2()).sum()
}

/// The block of rows and columns `start..start + n` of a matrix of which the lower triangle is known, whole.
pub(crate) fn small_block(lower: MatRef<'_, f64>, start: usize, n: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| lower[(start + i.max(j), start + i.min(j))];
    (0..n * n).map(|index| at(index / n, index % n)).collect()
}
