//! Least squares on examples that are held: under the damping that does best on those held out, of targets that may be seen
//! between bounds only.

use crate::batches::{Batches, FirstTargets};
use crate::moments::{Moments, Precision};
use crate::patches::Patches;
use crate::refit::Refit;
use crate::ridge::Normal;
use espalier_tensor::{Code, Error, Job, Result};

/// How far a round goes towards what the bounds leave to be wished for: 1 is what it solves for. Each is a step of gradient
/// descent under a metric that is no smaller than the curvature, which goes down for all factors below 2; three rounds at this
/// one come as far as five or six at 1 do.
const RELAXATION: f64 = 1.7;

/// Examples of a layer: inputs x [in] and targets y [out], those that are fitted to and those that are held out.
#[derive(Debug)]
pub struct Regression {
    inputs: usize,
    outputs: usize,
    parts: usize,
    precision: Precision,
    fitted: Batches,
    held: Batches,
}

/// How a regression is solved.
#[derive(Clone, Debug)]
pub struct Solving<'a> {
    /// Candidates, as shares of the mean variance of the inputs.
    pub dampings: &'a [f64],
    /// Where nothing is held out.
    pub damping: f64,
    /// Weights [out, in] that damping pulls towards, in the place of zeros.
    pub near: Option<&'a [f64]>,
    pub intercept: bool,
    /// How often targets beyond a bound become what is answered there.
    pub rounds: usize,
}

/// What a regression has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Solved {
    /// Of all inputs.
    pub refit: Refit,
    /// [in]; the means of all examples.
    pub means: Vec<f64>,
}

impl Regression {
    /// - `parts`: 1 where targets are seen as they are; 2 with lower bounds; 3 with upper ones too
    /// - errors: as [`Moments::new`]; `INTERNAL` for other parts
    pub fn new(inputs: usize, outputs: usize, parts: usize, precision: Precision) -> Result<Regression> {
        Moments::check_size(inputs, outputs)?;
        if !(1..=3).contains(&parts) {
            return Err(Error::internal(format!("targets in {parts} parts")));
        }
        let batches = || Batches::new(inputs, parts * outputs);
        Ok(Regression { inputs, outputs, parts, precision, fitted: batches(), held: batches() })
    }

    /// Adds a batch.
    ///
    /// - `x`: [rows, in], or with patches [n, c, length...]
    /// - `y`: [rows, parts, out] or [n, parts·out, length'...]: targets, lower bounds, upper bounds
    /// - errors: `NON_FINITE` for an input; `INTERNAL` where lengths do not fit
    pub fn add(&mut self, x: Vec<f32>, y: Vec<f32>, patches: Option<&Patches>, held: bool) -> Result<()> {
        if held { self.held.add(x, y, patches) } else { self.fitted.add(x, y, patches) }
    }

    /// Chooses the damping with the least error on what is held out, then fits to all. Beyond a bound any answer is as good as the
    /// target: there the target becomes the answer, as long as it lies beyond too, and that is solved again.
    ///
    /// - errors: `OPTION_INVALID` without examples or for a damping below 0; `NON_FINITE` for a target; `ABORTED`
    /// - cost: O(rows · in · (in + (1 + 2 rounds) out)), and a factorisation of `in`³/3 for each damping
    /// - source: Zhang, Zou, He, Sun 2015, responses behind a nonlinearity, by alternating least squares; over-relaxed as in
    ///   Young 1954
    pub fn solve(&self, solving: &Solving, job: &Job) -> Result<Solved> {
        let all: Vec<usize> = (0..self.inputs).collect();
        let Solving { near, intercept, .. } = *solving;
        let mut moments = self.moments(&self.fitted, job)?;
        let held = self.moments(&self.held, job)?;
        let damping = self.damping(&moments, &held, &all, solving, job)?;
        moments.merge(&held)?;
        drop(held);
        let normal = Normal::new(&moments, &all, damping, intercept, job)?;
        let mut refit = normal.solve(&moments, near)?;
        let rounds = if self.parts > 1 { solving.rounds } else { 0 };
        // After a single round nothing would take back what it overshoots.
        let relaxation = if rounds > 1 { RELAXATION } else { 1.0 };
        for _ in 0..rounds {
            moments.clear_targets();
            for batches in [&self.fitted, &self.held].into_iter().filter(|batches| !batches.is_empty()) {
                moments.add_clipped_source(&batches.joined()?, self.parts, &refit, job)?;
            }
            refit.relax(&normal.solve(&moments, near)?, relaxation);
        }
        Ok(Solved { refit, means: moments.input_means() })
    }

    fn moments(&self, batches: &Batches, job: &Job) -> Result<Moments> {
        let mut moments = Moments::new(self.inputs, self.outputs, self.precision)?;
        if !batches.is_empty() {
            let source = batches.joined()?;
            let (targets, first) = (self.parts * self.outputs, self.outputs);
            moments.add_source(&FirstTargets { source: &source, targets, first }, job)?;
        }
        if moments.output_means().iter().all(|mean| mean.is_finite()) {
            return Ok(moments);
        }
        Err(Error::new(Code::NonFinite, "a target of the calibration is infinite or no number")
            .todo("Check the calibration data, and what the model gives for it."))
    }

    fn damping(
        &self,
        fits: &Moments,
        held: &Moments,
        all: &[usize],
        solving: &Solving,
        job: &Job,
    ) -> Result<f64> {
        let mut best = (f64::INFINITY, solving.damping);
        if fits.count() == 0 || held.count() == 0 {
            return Ok(best.1);
        }
        for &damping in solving.dampings {
            let refit = Normal::new(fits, all, damping, solving.intercept, job)?.solve(fits, solving.near)?;
            let error: f64 = refit.errors(held, all)?.iter().sum();
            if error < best.0 {
                best = (error, damping);
            }
        }
        Ok(best.1)
    }
}

impl Refit {
    fn relax(&mut self, next: &Refit, relaxation: f64) {
        let numbers = self.weights.iter_mut().chain(&mut self.bias);
        for (own, next) in numbers.zip(next.weights.iter().chain(&next.bias)) {
            *own += relaxation * (next - *own);
        }
    }
}
