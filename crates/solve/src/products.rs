//! Products of samples, in the precision that they are made in and summed in another.

use crate::matrix::contiguous;
use faer::linalg::matmul::matmul;
use faer::prelude::{Mat, MatMut, MatRef, ReborrowMut};
use faer::traits::ComplexField;
use faer::{Accum, Par};

/// What products are made in.
pub(crate) trait Element: ComplexField + Send + Sync + Copy {
    /// Most samples of a block: how many products are summed in this type.
    const SAMPLES: usize;
    fn shifted(value: f32, pivot: f64) -> Self;
    fn number(value: f64) -> Self;
    fn double(self) -> f64;
    /// `dst += a b`.
    fn add_product<S: Sum>(dst: MatMut<'_, S>, a: MatRef<'_, Self>, b: MatRef<'_, Self>);
}

impl Element for f64 {
    const SAMPLES: usize = 4096;

    fn shifted(value: f32, pivot: f64) -> f64 {
        f64::from(value) - pivot
    }

    fn number(value: f64) -> f64 {
        value
    }

    fn double(self) -> f64 {
        self
    }

    fn add_product<S: Sum>(dst: MatMut<'_, S>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
        S::add_double(dst, a, b);
    }
}

impl Element for f32 {
    const SAMPLES: usize = 1024;

    fn shifted(value: f32, pivot: f64) -> f32 {
        (f64::from(value) - pivot) as f32
    }

    fn number(value: f64) -> f32 {
        value as f32
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn add_product<S: Sum>(dst: MatMut<'_, S>, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
        S::add_single(dst, a, b);
    }
}

/// What sums of products are held in.
pub(crate) trait Sum: Send + Sync + Copy {
    fn add_double(dst: MatMut<'_, Self>, a: MatRef<'_, f64>, b: MatRef<'_, f64>);
    fn add_single(dst: MatMut<'_, Self>, a: MatRef<'_, f32>, b: MatRef<'_, f32>);
}

impl Sum for f64 {
    fn add_double(dst: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
        matmul(dst, Accum::Add, a, b, 1.0, Par::Seq);
    }

    fn add_single(mut dst: MatMut<'_, f64>, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
        let mut product = Mat::zeros(a.nrows(), b.ncols());
        matmul(product.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
        for (to, from) in dst.rb_mut().col_iter_mut().zip(product.col_iter()) {
            to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to += f64::from(from));
        }
    }
}

impl Sum for f32 {
    fn add_double(mut dst: MatMut<'_, f32>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
        let mut product = Mat::zeros(a.nrows(), b.ncols());
        matmul(product.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
        for (to, from) in dst.rb_mut().col_iter_mut().zip(product.col_iter()) {
            to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to += from as f32);
        }
    }

    fn add_single(dst: MatMut<'_, f32>, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
        matmul(dst, Accum::Add, a, b, 1.0, Par::Seq);
    }
}

/// Rows of a product that are made at a time: a multiple of what faer's kernels make at once, up to 96.
const TILE: usize = 192;

/// Columns of a product that one task makes: each packs the whole left factor anew, so they are wide. It depends on the shape
/// alone, as the order of every sum does.
pub(crate) fn width(n: usize) -> usize {
    (n / 8).next_multiple_of(16).clamp(32, 256)
}

/// `dst += a bᵀ`, where it is large in pieces that stay in a core's own cache.
/// - `a`, `b`: [n, samples]
pub(crate) fn add_tiles<T: Element, S: Sum>(mut dst: MatMut<'_, S>, a: MatRef<'_, T>, b: MatRef<'_, T>) {
    // Where few products are made of a sample, turning it costs more than it saves.
    if dst.nrows() <= 2 * TILE {
        return T::add_product(dst, a, b.transpose());
    }
    let right = contiguous(b);
    for start in (0..dst.nrows()).step_by(TILE) {
        let rows = TILE.min(dst.nrows() - start);
        T::add_product(dst.rb_mut().subrows_mut(start, rows), a.subrows(start, rows), right.as_ref());
    }
}
