//! Entropies and mutual information of pairs as of Gaussians.

use crate::moments::{Moments, Precision};
use espalier_tensor::{Job, Result};
use rayon::prelude::*;
use std::f64::consts::{E, PI};

/// Entropies of variables and what each pair shares, in bits.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianPairs {
    /// I(a) = ½ log2(2πe σ²) - log2 step, held at 0 and above: as many bits as name a value to the nearest step.
    pub entropies: Vec<f64>,
    /// I(a;b) = -½ log2(1 - ρ²), held at the smaller of both entropies: (0,1), (0,2), …, (1,2), …
    pub mutual: Vec<f64>,
}

/// What Gaussians of the samples' second moments know, each and pair by pair.
///
/// - `x`: [samples, variables], finite; `step`: what counts as one value; without a positive one nothing varies, and all is 0
/// - errors: `OPTION_INVALID` beyond 32,768 variables; `ABORTED`
/// - cost: one matrix product, samples · variables²; 12 variables² bytes
/// - source: Cover & Thomas, Elements of Information Theory, 8.3 (an entropy to the nearest step) and 8.5
pub fn gaussian_pairs(x: &[f32], variables: usize, step: f64, job: &Job) -> Result<GaussianPairs> {
    let mut moments = Moments::new(variables, 0, Precision::Double)?;
    moments.add(x, &[], job)?;
    let variances = moments.input_variances();
    // What is left of a constant by rounding is no variance.
    let means = moments.input_means();
    let varies = |a: usize| variances[a] > (1e-12 * means[a]).powi(2);
    let entropies: Vec<f64> = (0..variables)
        .map(|a| {
            if step > 0.0 && varies(a) {
                0.5 * (2.0 * PI * E * variances[a]).log2() - step.log2()
            } else {
                0.0
            }
        })
        .map(|bits: f64| bits.max(0.0))
        .collect();
    let of_row = |a: usize| {
        let (moments, variances, entropies) = (&moments, &variances, &entropies);
        (a + 1..variables).into_par_iter().map(move |b| {
            if entropies[a] == 0.0 || entropies[b] == 0.0 {
                return 0.0;
            }
            let c = moments.input_covariance(a, b);
            let apart = 1.0 - c * c / (variances[a] * variances[b]);
            let bits = if apart > 0.0 { -0.5 * apart.log2() } else { f64::INFINITY };
            bits.max(0.0).min(entropies[a]).min(entropies[b])
        })
    };
    let mutual = (0..variables).into_par_iter().flat_map(of_row).collect();
    Ok(GaussianPairs { entropies, mutual })
}
