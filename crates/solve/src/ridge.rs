//! The least-squares refit of targets on a part of the inputs.

use crate::blocks::check_distinct;
use crate::columns::panels;
use crate::damping::{Damped, damped};
use crate::moments::Moments;
use crate::refit::Refit;
use espalier_tensor::{Error, Job, Result};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use rayon::prelude::*;

/// Least-squares weights of y on the inputs that stay, from covariances: `W' = C_yK (C_KK + λI)⁻¹`, `b' = E y - W' E x_K`.
///
/// - `keep`: each < in, none twice, in the order that W' is to have them; empty gives the means
/// - `damping`: λ as a share of the mean variance of the kept inputs. Raised tenfold until C_KK + λI is regular: 0 is allowed
///   for repeated, constant and dead inputs and for more inputs than samples
/// - errors: `OPTION_INVALID` without samples or for a damping below 0; `ABORTED`; `INTERNAL` for indices out of range
/// - cost: O(k³ + out·k²), k = keep.len()
/// - source: He, Zhang, Sun 2017, least-squares reconstruction after channel pruning
pub fn ridge(moments: &Moments, keep: &[usize], damping: f64, job: &Job) -> Result<Refit> {
    solve(moments, keep, None, damping, true, job)
}

/// The same without b': for layers that have no place for one. Moments are then taken about zero.
pub fn ridge_through_zero(moments: &Moments, keep: &[usize], damping: f64, job: &Job) -> Result<Refit> {
    solve(moments, keep, None, damping, false, job)
}

/// Least squares that pull towards weights there are: `W' = (C_yK + λW)(C_KK + λI)⁻¹`. What the samples say nothing about stays as
/// it was, where [`ridge`] would make it 0.
///
/// - `near`: W, [out, keep]
/// - `intercept`: whether there is a b'
/// - errors: as [`ridge`]; `INTERNAL` for weights of another length
pub fn ridge_near(
    moments: &Moments,
    keep: &[usize],
    near: &[f64],
    damping: f64,
    intercept: bool,
    job: &Job,
) -> Result<Refit> {
    solve(moments, keep, Some(near), damping, intercept, job)
}

fn solve(
    moments: &Moments,
    keep: &[usize],
    near: Option<&[f64]>,
    damping: f64,
    intercept: bool,
    job: &Job,
) -> Result<Refit> {
    Normal::new(moments, keep, damping, intercept, job)?.solve(moments, near)
}

/// The normal equations of some inputs, factored: targets may change meanwhile, the inputs' moments may not.
pub(crate) struct Normal<'a> {
    keep: &'a [usize],
    intercept: bool,
    damped: Damped,
}

impl<'a> Normal<'a> {
    /// errors: as [`ridge`]
    pub fn new(
        moments: &Moments,
        keep: &'a [usize],
        damping: f64,
        intercept: bool,
        job: &Job,
    ) -> Result<Normal<'a>> {
        moments.check()?;
        check_distinct(moments.inputs(), keep)?;
        let mut own = moments.covariance_of(keep);
        if !intercept {
            let means = moments.input_means();
            for (j, &right) in keep.iter().enumerate() {
                for (i, &left) in keep.iter().enumerate().skip(j) {
                    own[(i, j)] += means[left] * means[right];
                }
            }
        }
        Ok(Normal { keep, intercept, damped: damped(&own, damping, job)? })
    }

    /// - `near`: [out, keep]
    /// - errors: `INTERNAL` for weights of another length
    pub fn solve(&self, moments: &Moments, near: Option<&[f64]>) -> Result<Refit> {
        let Normal { keep, damped, .. } = self;
        if let Some(near) = near
            && near.len() != keep.len() * moments.outputs()
        {
            let what =
                format!("{} weights for {} inputs, {} targets", near.len(), keep.len(), moments.outputs());
            return Err(Error::internal(what));
        }
        let (mut means, mut targets) = (moments.input_means(), moments.output_means());
        let mut cross = moments.cross_covariance_of(keep);
        if !self.intercept {
            for (output, target) in targets.iter().enumerate() {
                for (i, &input) in keep.iter().enumerate() {
                    cross[(i, output)] += means[input] * target;
                }
            }
            means.fill(0.0);
            targets.fill(0.0);
        }
        if let Some(near) = near {
            for output in 0..targets.len() {
                for i in 0..keep.len() {
                    cross[(i, output)] += damped.lambda * near[output * keep.len() + i];
                }
            }
        }
        let solved = damped.factor.solve(cross);
        let mut weights = Vec::with_capacity(keep.len() * targets.len());
        let mut bias = Vec::with_capacity(targets.len());
        for (output, target) in targets.into_iter().enumerate() {
            let row = (0..keep.len()).map(|i| solved[(i, output)]);
            bias.push(target - row.clone().zip(*keep).map(|(w, &input)| w * means[input]).sum::<f64>());
            weights.extend(row);
        }
        Ok(Refit { weights, bias, damping: damped.share })
    }
}

impl Refit {
    /// What the refit leaves of each target, as the mean of its square, over the samples of any moments: those it was made
    /// from, or others that were held out.
    ///
    /// - `keep`: as the refit has it
    /// - returns: [out], >= 0
    /// - errors: `INTERNAL` where it does not fit the moments; `OPTION_INVALID` without samples
    /// - cost: O(out·k²)
    pub fn errors(&self, moments: &Moments, keep: &[usize]) -> Result<Vec<f64>> {
        moments.check()?;
        check_distinct(moments.inputs(), keep)?;
        let (k, outputs) = (keep.len(), moments.outputs());
        if self.bias.len() != outputs || self.weights.len() != k * outputs {
            let what = format!("a refit of {} weights for {k} inputs, {outputs} targets", self.weights.len());
            return Err(Error::internal(what));
        }
        let mut covariance = moments.covariance_of(keep);
        for j in 0..k {
            for i in 0..j {
                covariance[(i, j)] = covariance[(j, i)];
            }
        }
        let weights = Mat::from_fn(k, outputs, |i, output| self.weights[output * k + i]);
        let mut spread = Mat::<f64>::zeros(k, outputs);
        panels(spread.as_mut(), 64).enumerate().for_each(|(index, columns)| {
            let weights = weights.as_ref().subcols(index * 64, columns.ncols());
            matmul(columns, Accum::Replace, &covariance, weights, 1.0, Par::Seq);
        });
        let (means, targets, variances) =
            (moments.input_means(), moments.output_means(), moments.output_variances());
        let error = |output: usize| {
            let row = &self.weights[output * k..][..k];
            let sum = |of: &dyn Fn(usize) -> f64| (0..k).map(|i| row[i] * of(i)).sum::<f64>();
            let explained = sum(&|i| 2.0 * moments.cross_covariance(keep[i], output) - spread[(i, output)]);
            let shift = targets[output] - self.bias[output] - sum(&|i| means[keep[i]]);
            (variances[output] - explained).max(0.0) + shift * shift
        };
        Ok((0..outputs).map(error).collect())
    }
}
