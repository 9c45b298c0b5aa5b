//! Products of two vectors that are summed over their dims, such as a query with a key, with fewer dims.

use crate::moments::Moments;
use espalier_tensor::{Error, Job, Result};
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Accum, Mat, MatRef, Par};

/// A component below this share of the strongest is rounding, and is left out: its share of the energy is the square of this.
const DEAD: f64 = 1e-8;

/// q'ᵀk' ≈ qᵀk for every number of dims: the first r columns of both factors are the best r dims.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    /// Falling, [d]; the square of each is what it adds to E (qᵀk)².
    pub strengths: Vec<f64>,
    /// q' = Aᵀq: [d, d], row by row.
    pub left: Vec<f64>,
    /// k' = Bᵀk: [d, d], row by row.
    pub right: Vec<f64>,
}

/// A and B such that A_r B_rᵀ is nearest to the identity as products of q and k see it, for each r: of all factors of rank r they
/// leave the least E (qᵀk - q'ᵀk')², which is the sum of the squared strengths behind the first r. A dead component is zero.
///
/// With M_q^½ M_k^½ = U S Vᵀ they are M_q^-½ U S^½ and M_k^-½ V S^½, here without an inverse: M_k^½ V S^-½ and M_q^½ U S^-½. Both q'
/// and k' have the moments S, but for a factor that gives each the part of the energy that q and k have.
///
/// - `left`, `right`: M_q = E q qᵀ and M_k = E k kᵀ, [d, d], of q and k that are independent of each other
/// - errors: `ABORTED`; `INTERNAL` for matrices of another size, or that have no eigenvalues
/// - cost: O(d³), on one thread
/// - source: Eckart, Young 1936, in the metric of both moments
pub fn logits(left: &[f64], right: &[f64], dims: usize, job: &Job) -> Result<Logits> {
    job.check()?;
    if left.len() != dims * dims || right.len() != dims * dims {
        return Err(Error::internal(format!(
            "moments of {} and {} for {dims} dims",
            left.len(),
            right.len()
        )));
    }
    let matrix = |values: &[f64]| Mat::from_fn(dims, dims, |i, j| values[i * dims + j]);
    let (own, other) = (matrix(left), matrix(right));
    let (q, k) = (root(own.as_ref())?, root(other.as_ref())?);
    let mut product = Mat::zeros(dims, dims);
    matmul(product.as_mut(), Accum::Replace, &q, &k, 1.0, Par::Seq);
    let (u, strengths, v) = singular(product.as_ref())?;
    let trace = |m: &Mat<f64>| (0..dims).map(|i| m[(i, i)]).sum::<f64>();
    let balance = (trace(&own) / trace(&other)).sqrt().sqrt();
    let balance = if balance.is_finite() && balance > 0.0 { balance } else { 1.0 };
    let least = DEAD * strengths.first().copied().unwrap_or(0.0);
    let factor = |root: &Mat<f64>, vectors: &Mat<f64>, scale: f64| {
        let mut spread = Mat::zeros(dims, dims);
        matmul(spread.as_mut(), Accum::Replace, root, vectors, scale, Par::Seq);
        let part = |i: usize| {
            let (row, column) = (i / dims, i % dims);
            let strength = strengths[column];
            if strength > least { spread[(row, column)] / strength.sqrt() } else { 0.0 }
        };
        (0..dims * dims).map(part).collect::<Vec<f64>>()
    };
    Ok(Logits { left: factor(&k, &v, balance), right: factor(&q, &u, 1.0 / balance), strengths })
}

/// Mean and covariance of some responses z = scale · W x + shift, as a product sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Responses {
    /// [n]
    pub means: Vec<f64>,
    /// [n, n]
    pub covariance: Vec<f64>,
}

/// What comes of W x, each output scaled and shifted.
///
/// - `weights`: W, [n, in]; `scale`, `shift`: [n]
/// - errors: `OPTION_INVALID` without samples; `INTERNAL` where lengths do not fit
/// - cost: O(n · in²)
pub fn responses(moments: &Moments, weights: &[f32], (scale, shift): (&[f64], &[f64])) -> Result<Responses> {
    moments.check()?;
    let (n, inputs) = (scale.len(), moments.inputs());
    if weights.len() != n * inputs || shift.len() != n {
        return Err(Error::internal(format!(
            "{} weights for {n} responses of {inputs} inputs",
            weights.len()
        )));
    }
    let rows = Mat::from_fn(n, inputs, |row, i| f64::from(weights[row * inputs + i]));
    let cross = moments.covariance_times(rows.transpose());
    let mut product = Mat::zeros(n, n);
    matmul(product.as_mut(), Accum::Replace, &rows, &cross, 1.0, Par::Seq);
    let means = moments.input_means();
    let mean = |row: usize| (0..inputs).map(|i| rows[(row, i)] * means[i]).sum::<f64>();
    let at = |i: usize, j: usize| 0.5 * (product[(i, j)] + product[(j, i)]) * scale[i] * scale[j];
    Ok(Responses {
        means: (0..n).map(|i| scale[i] * mean(i) + shift[i]).collect(),
        covariance: (0..n * n).map(|index| at(index / n, index % n)).collect(),
    })
}

/// The root of a symmetric matrix that has no negative eigenvalue beyond rounding.
fn root(m: MatRef<'_, f64>) -> Result<Mat<f64>> {
    let n = m.nrows();
    let (mut values, mut vectors) = (Diag::<f64>::zeros(n), Mat::<f64>::zeros(n, n));
    let params = Default::default();
    let scratch = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, params);
    let mut memory = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut memory);
    self_adjoint_evd(m, values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, params)
        .map_err(|_| Error::internal(format!("second moments of {n} dims have no eigenvalues")))?;
    let scaled = Mat::from_fn(n, n, |i, j| vectors[(i, j)] * values.column_vector()[j].max(0.0).sqrt());
    let mut root = Mat::zeros(n, n);
    matmul(root.as_mut(), Accum::Replace, &scaled, vectors.transpose(), 1.0, Par::Seq);
    Ok(root)
}

/// U, the singular values, falling, and V.
fn singular(m: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>, Mat<f64>)> {
    let n = m.nrows();
    let (mut u, mut v) = (Mat::<f64>::zeros(n, n), Mat::<f64>::zeros(n, n));
    let mut values = Diag::<f64>::zeros(n);
    let (all, params) = (ComputeSvdVectors::Full, Default::default());
    let mut memory = MemBuffer::new(svd_scratch::<f64>(n, n, all, all, Par::Seq, params));
    let stack = MemStack::new(&mut memory);
    svd(m, values.as_mut(), Some(u.as_mut()), Some(v.as_mut()), Par::Seq, stack, params)
        .map_err(|_| Error::internal(format!("the product of moments of {n} dims has no singular values")))?;
    let strengths = (0..n).map(|i| values.column_vector()[i].max(0.0)).collect();
    Ok((u, strengths, v))
}
