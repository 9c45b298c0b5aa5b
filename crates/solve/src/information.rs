//! What blocks of inputs know, and what each knows alone.

use crate::blocks::check_distinct;
use crate::damping::damped;
use crate::matrix::{factor_small, log2_determinant, small_block};
use crate::moments::Moments;
use espalier_tensor::{Error, Job, Result};
use rayon::prelude::*;
use std::f64::consts::{E, PI};

/// Entropies of blocks of inputs, as of Gaussians of their covariance, in bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Information {
    /// h(X_c) = ½ log2 det(2πe C_cc): what the block says.
    pub entropy: Vec<f64>,
    /// h(X_c | rest) = -½ log2 det([C⁻¹]_cc / 2πe): what it says that no other input does.
    pub conditional: Vec<f64>,
    /// I(X_c; rest) = ½ log2 det(C_cc [C⁻¹]_cc) >= 0: what others say too.
    pub redundancy: Vec<f64>,
    /// The damping that it took.
    pub damping: f64,
}

/// Conditional entropy and redundancy of each block of inputs; C is the covariance of all inputs plus λI.
///
/// - `blocks`: inputs, none twice; the rest is all others, in a block or not. An empty block says 0 bits
/// - `damping`: λ as a share of the mean variance, raised tenfold until C is regular. It is the least that an input is taken to
///   vary by itself, so a dead input has the entropy of λ rather than -∞
/// - returns: finite
/// - errors: `OPTION_INVALID` without samples or for a damping below 0; `ABORTED`; `INTERNAL` for indices out of range
/// - cost: n³ for all inputs of all blocks
pub fn information(moments: &Moments, blocks: &[Vec<usize>], damping: f64, job: &Job) -> Result<Information> {
    moments.check()?;
    let inputs = moments.inputs();
    let named = check_distinct(inputs, blocks.iter().flatten())?;
    let others = (0..inputs).filter(|&input| !named[input]);
    // Block after block, so that each is contiguous.
    let order: Vec<usize> = blocks.iter().flatten().copied().chain(others).collect();
    let starts: Vec<usize> =
        blocks.iter().scan(0, |next, block| Some(std::mem::replace(next, *next + block.len()))).collect();
    let covariance = moments.covariance_of(&order);
    let damped = damped(&covariance, damping, job)?;
    let inverse = damped.factor.inverse();
    let of_block = |(block, &start): (&Vec<usize>, &usize)| {
        let n = block.len();
        let mut own = small_block(covariance.as_ref(), start, n);
        (0..n).for_each(|i| own[i * n + i] += damped.lambda);
        let mut alone = small_block(inverse.as_ref(), start, n);
        if !factor_small(&mut own, n) || !factor_small(&mut alone, n) {
            return Err(Error::internal(format!("a block of {n} inputs is not positive")));
        }
        let unit = n as f64 * (2.0 * PI * E).log2();
        let (own, alone) = (log2_determinant(&own, n), log2_determinant(&alone, n));
        Ok([0.5 * (unit + own), 0.5 * (unit - alone), (0.5 * (own + alone)).max(0.0)])
    };
    let all: Vec<[f64; 3]> = blocks.par_iter().zip(&starts).map(of_block).collect::<Result<_>>()?;
    let column = |index: usize| all.iter().map(|values| values[index]).collect();
    Ok(Information {
        entropy: column(0),
        conditional: column(1),
        redundancy: column(2),
        damping: damped.share,
    })
}
