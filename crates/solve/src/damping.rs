//! How far a covariance must be lifted before it can be inverted.

use crate::matrix::Cholesky;
use espalier_tensor::{Code, Error, Job, Result};
use faer::Mat;

/// The first share that is tried where none was asked for and the covariance is not regular.
const FIRST: f64 = 1e-12;
/// What one step raises the damping by.
const STEP: f64 = 10.0;
/// The mean variance that stands in where no input varies at all.
const STILL: f64 = 1e-12;

/// C + λI, factored.
pub(crate) struct Damped {
    pub factor: Cholesky,
    /// λ as a share of the mean variance.
    pub share: f64,
    /// λ.
    pub lambda: f64,
}

/// errors: `OPTION_INVALID` for a damping that is none
pub(crate) fn check(damping: f64) -> Result<()> {
    if damping.is_finite() && damping >= 0.0 {
        return Ok(());
    }
    let what = format!("a damping of {damping}");
    Err(Error::new(Code::OptionInvalid, what)
        .todo("Take 0 or a small share of the mean variance, such as 0.001."))
}

/// Factors C + λI with λ = damping · the mean of C's diagonal, raised tenfold until it is positive beyond rounding. Where no
/// input varies, the mean counts as 1e-12.
///
/// - `covariance`: [n, n], its lower triangle
/// - errors: `ABORTED`; `INTERNAL` for what is no covariance
/// - cost: n³/3 for each step
pub(crate) fn damped(covariance: &Mat<f64>, damping: f64, job: &Job) -> Result<Damped> {
    damped_of(covariance.clone(), || covariance.clone(), damping, job)
}

/// The same of a covariance that is not kept meanwhile: `again` makes it anew where the first damping was too little.
pub(crate) fn damped_of(
    mut covariance: Mat<f64>,
    again: impl Fn() -> Mat<f64>,
    damping: f64,
    job: &Job,
) -> Result<Damped> {
    check(damping)?;
    let n = covariance.nrows();
    let mean = (0..n).map(|i| covariance[(i, i)]).sum::<f64>() / n.max(1) as f64;
    let mean = if mean > 0.0 { mean } else { STILL };
    let mut share = damping;
    while share <= damping.max(1.0) * STEP {
        job.check()?;
        let lambda = share * mean;
        for i in 0..n {
            covariance[(i, i)] += lambda;
        }
        if let Some(factor) = Cholesky::new(covariance) {
            return Ok(Damped { factor, share, lambda });
        }
        covariance = again();
        share = if share < FIRST { FIRST } else { share * STEP };
    }
    Err(Error::internal(format!("a matrix of {n} inputs is no covariance: no damping makes it positive")))
}
