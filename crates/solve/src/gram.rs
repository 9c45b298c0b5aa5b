//! A symmetric sum of products: its lower triangle, in panels of columns.

use crate::columns::panels;
use crate::products::{Element, add_tiles, width};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Σ x xᵀ, [n, n]. Panel k has the columns from k·width on, and of these the rows that are not above the diagonal.
#[derive(Clone, Debug)]
pub(crate) enum Gram {
    Double(Panels<f64>),
    /// Half of the memory; sums are right to about 1e-6 of the largest.
    Single(Panels<f32>),
}

#[derive(Clone, Debug)]
pub(crate) struct Panels<T> {
    n: usize,
    width: usize,
    panels: Vec<Mat<T>>,
}

impl<T: Element> Panels<T> {
    fn zeros(n: usize) -> Self {
        let width = width(n);
        let panels = (0..n).step_by(width).map(|start| Mat::zeros(n - start, width.min(n - start))).collect();
        Panels { n, width, panels }
    }

    fn get(&self, i: usize, j: usize) -> f64 {
        let (row, column) = (i.max(j), i.min(j));
        let panel = column / self.width;
        self.panels[panel][(row - panel * self.width, column - panel * self.width)].double()
    }

    fn update(&mut self, change: impl Fn(usize, usize, f64) -> f64 + Sync) {
        let width = self.width;
        self.panels.par_iter_mut().enumerate().for_each(|(index, panel)| {
            let start = index * width;
            for j in 0..panel.ncols() {
                for i in j..panel.nrows() {
                    let value = panel[(i, j)].double();
                    panel[(i, j)] = T::number(change(start + i, start + j, value));
                }
            }
        });
    }

    /// `to = G w`, of some columns.
    fn times(&self, mut to: MatMut<'_, f64>, w: MatRef<'_, f64>) {
        to.fill(0.0);
        for (index, panel) in self.panels.iter().enumerate() {
            let start = index * self.width;
            let (rows, columns) = (panel.nrows(), panel.ncols());
            // Of the square on the diagonal only the lower half is known.
            let whole = Mat::from_fn(rows, columns, |i, j| {
                if i < j { panel[(j, i)].double() } else { panel[(i, j)].double() }
            });
            let right = w.subrows(start, columns);
            matmul(to.as_mut().subrows_mut(start, rows), Accum::Add, &whole, right, 1.0, Par::Seq);
            let below = whole.as_ref().subrows(columns, rows - columns);
            let right = w.subrows(start + columns, rows - columns);
            let above = to.as_mut().subrows_mut(start, columns);
            matmul(above, Accum::Add, below.transpose(), right, 1.0, Par::Seq);
        }
    }

    /// Adds to each panel what `product` makes: its columns, from the panel's first row on.
    fn add(&mut self, product: impl Fn(usize, MatMut<'_, T>) + Sync) {
        let width = self.width;
        self.panels
            .par_iter_mut()
            .enumerate()
            .for_each(|(index, panel)| product(index * width, panel.as_mut()));
    }
}

impl Gram {
    pub fn double(n: usize) -> Gram {
        Gram::Double(Panels::zeros(n))
    }

    pub fn single(n: usize) -> Gram {
        Gram::Single(Panels::zeros(n))
    }

    pub fn len(&self) -> usize {
        match self {
            Gram::Double(panels) => panels.n,
            Gram::Single(panels) => panels.n,
        }
    }

    pub fn get(&self, i: usize, j: usize) -> f64 {
        match self {
            Gram::Double(panels) => panels.get(i, j),
            Gram::Single(panels) => panels.get(i, j),
        }
    }

    /// Makes each element (i, j), i >= j, what `change` says.
    pub fn update(&mut self, change: impl Fn(usize, usize, f64) -> f64 + Sync) {
        match self {
            Gram::Double(panels) => panels.update(change),
            Gram::Single(panels) => panels.update(change),
        }
    }

    /// Adds x xᵀ, of x [n, samples].
    pub fn add_square<T: Element>(&mut self, x: MatRef<'_, T>) {
        let n = self.len();
        match self {
            Gram::Double(panels) => panels.add(|start, to| {
                let width = to.ncols();
                add_tiles(to, x.subrows(start, n - start), x.subrows(start, width));
            }),
            Gram::Single(panels) => panels.add(|start, to| {
                let width = to.ncols();
                add_tiles(to, x.subrows(start, n - start), x.subrows(start, width));
            }),
        }
    }

    /// G w, in double precision. `w`: [n, columns]
    pub fn times(&self, w: MatRef<'_, f64>) -> Mat<f64> {
        let mut product = Mat::zeros(w.nrows(), w.ncols());
        let wide = crate::matrix::panel(w.ncols());
        panels(product.as_mut(), wide).enumerate().for_each(|(index, to)| {
            let right = w.subcols(index * wide, to.ncols());
            match self {
                Gram::Double(panels) => panels.times(to, right),
                Gram::Single(panels) => panels.times(to, right),
            }
        });
        product
    }
}
