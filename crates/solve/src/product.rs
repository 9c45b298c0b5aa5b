//! The product of two matrices that are stored row by row.

use crate::matrix::panel;
use espalier_tensor::{Error, Job, Result};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// a b, summed in double precision.
///
/// - `a`: [rows, inner]; `b`: [inner, columns]
/// - returns: [rows, columns]
/// - errors: `ABORTED`; `INTERNAL` where lengths do not fit
pub fn product(
    a: &[f32],
    b: &[f64],
    (rows, inner, columns): (usize, usize, usize),
    job: &Job,
) -> Result<Vec<f64>> {
    job.check()?;
    if a.len() != rows * inner || b.len() != inner * columns {
        let what =
            format!("{} and {} numbers for a product of {rows}, {inner} and {columns}", a.len(), b.len());
        return Err(Error::internal(what));
    }
    if rows * columns == 0 {
        return Ok(Vec::new());
    }
    // Row by row is column by column of the transpose: (a b)ᵀ = bᵀ aᵀ.
    let left = MatRef::from_column_major_slice(b, columns, inner);
    let right = Mat::from_fn(inner, rows, |i, row| f64::from(a[row * inner + i]));
    let mut product = vec![0.0; rows * columns];
    let width = panel(rows);
    product.par_chunks_mut(width * columns).enumerate().for_each(|(index, part)| {
        let count = part.len() / columns;
        let to = faer::MatMut::from_column_major_slice_mut(part, columns, count);
        matmul(to, Accum::Replace, left, right.as_ref().subcols(index * width, count), 1.0, Par::Seq);
    });
    Ok(product)
}
