//! Second moments of inputs and targets, summed over batches.

use crate::accumulate::{Source, Sums, accumulate};
use crate::clipped::{Targets, accumulate_clipped};
use crate::columns::columns;
use crate::gram::Gram;
use crate::patches::{PatchSource, Patches};
use crate::refit::Refit;
use crate::rows::{Rows, check_finite};
use espalier_tensor::{Code, Error, Job, Result};
use faer::{Mat, MatRef};
use rayon::prelude::*;

/// Most inputs: their second moments are 8 GiB.
const MOST_INPUTS: usize = 1 << 15;
/// Most products of inputs and targets.
const MOST_CROSS: usize = 1 << 30;
/// Samples whose mean the others are counted from.
const FIRST: usize = 256;

/// What products are made in; sums are always f64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f64: a product of two f32 is exact, so the moments are right to about 1e-15 of the largest.
    #[default]
    Double,
    /// f32, in runs of 1024 samples: twice as fast, right to about 1e-6. Enough for a refit with its usual damping; for
    /// what depends on small differences, such as a conditional entropy of lanes that repeat each other, it is not.
    Single,
    /// As `Single`, and second moments of the inputs are held as f32 too: half of the memory, and as right.
    Compact,
}

/// Count, means and second moments of inputs x [in] and targets y [out] over all samples so far.
///
/// Values are counted from a fixed point, the mean of the first samples, so that a mean that is large beside the spread
/// costs no digits. With the same batches in the same order the numbers have the same bits on any number of threads.
#[derive(Clone, Debug)]
pub struct Moments {
    precision: Precision,
    count: u64,
    pivot_x: Vec<f64>,
    pivot_y: Vec<f64>,
    sum_x: Vec<f64>,
    sum_y: Vec<f64>,
    squares: Vec<f64>,
    /// [in, in].
    gram: Gram,
    /// [in, out].
    cross: Mat<f64>,
}

impl Moments {
    /// - `outputs`: 0 where only the inputs matter
    /// - errors: `OPTION_INVALID` beyond 32,768 inputs, or 2^30 products with targets
    pub fn new(inputs: usize, outputs: usize, precision: Precision) -> Result<Moments> {
        Moments::check_size(inputs, outputs)?;
        Ok(Moments {
            precision,
            count: 0,
            pivot_x: vec![0.0; inputs],
            pivot_y: vec![0.0; outputs],
            sum_x: vec![0.0; inputs],
            sum_y: vec![0.0; outputs],
            squares: vec![0.0; outputs],
            gram: if precision == Precision::Compact { Gram::single(inputs) } else { Gram::double(inputs) },
            cross: Mat::zeros(inputs, outputs),
        })
    }

    pub(crate) fn check_size(inputs: usize, outputs: usize) -> Result<()> {
        if inputs > MOST_INPUTS || inputs.checked_mul(outputs).is_none_or(|cross| cross > MOST_CROSS) {
            let what = format!("second moments of {inputs} inputs and {outputs} targets");
            return Err(Error::new(Code::OptionInvalid, what).todo(
                "Take fewer inputs: moments of channels rather than of patches, or of one group at a time.",
            ));
        }
        Ok(())
    }

    /// Adds a batch.
    ///
    /// - `x`: [rows, in]; `y`: [rows, out]
    /// - errors: `NON_FINITE` and `INTERNAL` (lengths that do not fit) before anything is added; `ABORTED` with a part of
    ///   the batch added
    /// - cost: O(rows · in · (in + out)), and 32 MiB
    pub fn add(&mut self, x: &[f32], y: &[f32], job: &Job) -> Result<()> {
        let rows = Rows::checked(x, y, self.inputs(), self.outputs())?;
        check_finite(x, "an input")?;
        check_finite(y, "a target")?;
        self.add_source(&rows, job)
    }

    /// Adds a batch of a convolution: at each position of its output the patch of its input, and what it gives there.
    ///
    /// - `x`: [n, c, length...]; `y`: [n, out, length'...]
    /// - errors: as [`Moments::add`]
    /// - cost: as [`Moments::add`], with a row for each position; patches are made block by block
    pub fn add_patches(&mut self, x: &[f32], y: &[f32], patches: &Patches, job: &Job) -> Result<()> {
        let source = PatchSource::new(patches, x, y, (self.inputs(), self.outputs()))?;
        check_finite(x, "an input")?;
        check_finite(y, "a target")?;
        self.add_source(&source, job)
    }

    pub(crate) fn add_source(&mut self, source: &impl Source, job: &Job) -> Result<()> {
        job.expect(source.positions() as u64);
        if self.count == 0 {
            self.set_pivots(source);
        }
        let mut sums = Sums {
            pivots: (&self.pivot_x, &self.pivot_y),
            x: &mut self.sum_x,
            y: &mut self.sum_y,
            squares: &mut self.squares,
            gram: &mut self.gram,
            cross: self.cross.as_mut(),
            count: &mut self.count,
        };
        match self.precision {
            Precision::Double => accumulate::<f64>(&mut sums, source, job),
            Precision::Single | Precision::Compact => accumulate::<f32>(&mut sums, source, job),
        }
    }

    /// The mean of the first samples, as the nearest f32, from which a difference of f32 is exact in f64 or nearly so.
    fn set_pivots(&mut self, source: &impl Source) {
        let count = source.positions().min(FIRST);
        let (mut x, mut y) = (vec![0.0; self.inputs() * count], vec![0.0; self.outputs() * count]);
        source.gather(0..count, &mut x, &mut y);
        for (pivots, values) in [(&mut self.pivot_x, &x), (&mut self.pivot_y, &y)] {
            for values in values.chunks(pivots.len().max(1)) {
                pivots.iter_mut().zip(values).for_each(|(p, &v)| *p += f64::from(v) / count as f64);
            }
        }
        for pivot in self.pivot_x.iter_mut().chain(&mut self.pivot_y) {
            *pivot = f64::from(*pivot as f32);
        }
    }

    /// Adds the samples of others, as if they had been added here: equal up to rounding.
    /// - errors: `INTERNAL` where they have other inputs or targets
    pub fn merge(&mut self, other: &Moments) -> Result<()> {
        if (other.inputs(), other.outputs()) != (self.inputs(), self.outputs()) {
            let shape = |m: &Moments| format!("{} inputs and {} targets", m.inputs(), m.outputs());
            return Err(Error::internal(format!("moments of {} for those of {}", shape(other), shape(self))));
        }
        if other.count == 0 {
            return Ok(());
        }
        if self.count == 0 {
            let (precision, outputs) = (self.precision, self.outputs());
            let empty = Moments::new(self.inputs(), outputs, precision)?;
            let Moments { count, pivot_x, pivot_y, sum_x, sum_y, squares, cross, .. } = other.clone();
            *self = Moments { count, pivot_x, pivot_y, sum_x, sum_y, squares, cross, ..empty };
            self.gram.update(|i, j, _| other.gram.get(i, j));
            return Ok(());
        }
        // With v - p = (v - q) + (q - p): Σ(v-p)(w-p)ᵀ = Σ(v-q)(w-q)ᵀ + s dᵀ + d sᵀ + n d dᵀ, all on the right of q.
        let n = other.count as f64;
        let apart = |theirs: &[f64], own: &[f64]| -> Vec<f64> {
            theirs.iter().zip(own).map(|(theirs, own)| theirs - own).collect()
        };
        let (dx, dy) = (apart(&other.pivot_x, &self.pivot_x), apart(&other.pivot_y, &self.pivot_y));
        let (sx, sy) = (&other.sum_x, &other.sum_y);
        self.gram
            .update(|i, j, own| own + other.gram.get(i, j) + sx[i] * dx[j] + dx[i] * (sx[j] + n * dx[j]));
        for j in 0..self.outputs() {
            for i in 0..self.inputs() {
                self.cross[(i, j)] += other.cross[(i, j)] + sx[i] * dy[j] + dx[i] * (sy[j] + n * dy[j]);
            }
            self.squares[j] += other.squares[j] + dy[j] * (2.0 * sy[j] + n * dy[j]);
        }
        self.sum_x.iter_mut().zip(sx.iter().zip(&dx)).for_each(|(own, (s, d))| *own += s + n * d);
        self.sum_y.iter_mut().zip(sy.iter().zip(&dy)).for_each(|(own, (s, d))| *own += s + n * d);
        self.count += other.count;
        Ok(())
    }

    /// Gives them the targets y = W x, as if these had been added with the inputs. Those that there were are gone.
    ///
    /// - `weights`: W, [out, in]
    /// - errors: `OPTION_INVALID` beyond 2^30 products with targets; `INTERNAL` for weights that do not fit
    /// - cost: O(in² · out)
    pub fn respond(&mut self, weights: &[f32], outputs: usize) -> Result<()> {
        let inputs = self.inputs();
        let mut moments = Moments::new(0, 0, self.precision)?;
        Moments::check_size(inputs, outputs)?;
        if weights.len() != inputs * outputs {
            let what = format!("{} weights of {inputs} inputs and {outputs} targets", weights.len());
            return Err(Error::internal(what));
        }
        std::mem::swap(self, &mut moments);
        let Moments { precision, count, pivot_x, sum_x, gram, .. } = moments;
        let w = Mat::from_fn(inputs, outputs, |i, output| f64::from(weights[output * inputs + i]));
        let cross = gram.times(w.as_ref());
        let response = |of: &[f64]| -> Vec<f64> {
            (0..outputs).map(|output| (0..inputs).map(|i| w[(i, output)] * of[i]).sum()).collect()
        };
        let squares =
            (0..outputs).map(|output| (0..inputs).map(|i| w[(i, output)] * cross[(i, output)]).sum());
        let squares: Vec<f64> = squares.map(|sum: f64| sum.max(0.0)).collect();
        let (pivot_y, sum_y) = (response(&pivot_x), response(&sum_x));
        *self = Moments { precision, count, pivot_x, pivot_y, sum_x, sum_y, squares, gram, cross };
        Ok(())
    }

    /// Multiplies each target by a factor, as if it had been added so.
    ///
    /// - `factors`: [out]
    /// - errors: `INTERNAL` for another number of them
    pub fn scale_targets(&mut self, factors: &[f64]) -> Result<()> {
        if factors.len() != self.outputs() {
            let what = format!("{} factors of {} targets", factors.len(), self.outputs());
            return Err(Error::internal(what));
        }
        for (j, factor) in factors.iter().enumerate() {
            self.pivot_y[j] *= factor;
            self.sum_y[j] *= factor;
            self.squares[j] *= factor * factor;
            self.cross.col_mut(j).iter_mut().for_each(|value| *value *= factor);
        }
        Ok(())
    }

    /// Begins with new targets, for the same inputs: those that there were are gone. Whoever adds them adds the same batches.
    pub fn clear_targets(&mut self) {
        self.sum_y.fill(0.0);
        self.squares.fill(0.0);
        self.cross.fill(0.0);
    }

    /// Adds a batch of targets that are seen between bounds only: below `low` and above `high` nobody knows them apart. The
    /// target is then what `refit` answers, as long as it lies beyond the same bound, and else that bound.
    ///
    /// - `x`, `patches`: as [`Moments::add`] and [`Moments::add_patches`] had them
    /// - `y`: [rows, parts, out] or [n, parts·out, length'...]: the targets, `low` and, with three parts, `high`
    /// - `refit`: of all inputs
    /// - errors: as [`Moments::add`]
    /// - cost: O(rows · in · out)
    /// - source: Zhang, Zou, He, Sun 2015, responses behind a nonlinearity, by alternating least squares
    pub fn add_clipped(
        &mut self,
        (x, y): (&[f32], &[f32]),
        parts: usize,
        patches: Option<&Patches>,
        refit: &Refit,
        job: &Job,
    ) -> Result<()> {
        self.check_clipped(parts, refit)?;
        let lengths = (self.inputs(), parts * self.outputs());
        check_finite(x, "an input")?;
        match patches {
            Some(patches) => {
                let source = PatchSource::new(patches, x, y, lengths)?;
                self.add_clipped_source(&source, parts, refit, job)
            }
            None => {
                let rows = Rows::checked(x, y, lengths.0, lengths.1)?;
                self.add_clipped_source(&rows, parts, refit, job)
            }
        }
    }

    /// errors: `INTERNAL` for other parts than 2 and 3, and a refit that is not of these inputs and targets
    pub(crate) fn check_clipped(&self, parts: usize, refit: &Refit) -> Result<()> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let fits = refit.weights.len() == inputs * outputs && refit.bias.len() == outputs;
        if fits && (2..=3).contains(&parts) {
            return Ok(());
        }
        Err(Error::internal(format!("clipped targets of {inputs} inputs and {outputs} outputs")))
    }

    pub(crate) fn add_clipped_source(
        &mut self,
        source: &impl Source,
        parts: usize,
        refit: &Refit,
        job: &Job,
    ) -> Result<()> {
        job.expect(source.positions() as u64);
        let mut targets = Targets {
            pivots: (&self.pivot_x, &self.pivot_y),
            y: &mut self.sum_y,
            squares: &mut self.squares,
            cross: self.cross.as_mut(),
        };
        match self.precision {
            Precision::Double => accumulate_clipped::<f64>(&mut targets, source, parts, refit, job),
            Precision::Single | Precision::Compact => {
                accumulate_clipped::<f32>(&mut targets, source, parts, refit, job)
            }
        }
    }

    pub fn inputs(&self) -> usize {
        self.sum_x.len()
    }

    pub fn outputs(&self) -> usize {
        self.sum_y.len()
    }

    /// Samples added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// [in]; zeros without samples, as all below.
    pub fn input_means(&self) -> Vec<f64> {
        (0..self.inputs()).map(|i| self.pivot_x[i] + self.sum_x[i] / self.samples()).collect()
    }

    /// [out].
    pub fn output_means(&self) -> Vec<f64> {
        (0..self.outputs()).map(|i| self.pivot_y[i] + self.sum_y[i] / self.samples()).collect()
    }

    /// [in]; the mean squared distance from the mean.
    pub fn input_variances(&self) -> Vec<f64> {
        (0..self.inputs()).map(|i| self.input_covariance(i, i).max(0.0)).collect()
    }

    /// [out].
    pub fn output_variances(&self) -> Vec<f64> {
        let n = self.samples();
        (0..self.outputs())
            .map(|i| ((self.squares[i] - self.sum_y[i] * self.sum_y[i] / n) / n).max(0.0))
            .collect()
    }

    /// Of inputs i and j.
    pub fn input_covariance(&self, i: usize, j: usize) -> f64 {
        let n = self.samples();
        (self.gram.get(i, j) - self.sum_x[i] * self.sum_x[j] / n) / n
    }

    /// Of input i and target j.
    pub fn cross_covariance(&self, i: usize, j: usize) -> f64 {
        let n = self.samples();
        (self.cross[(i, j)] - self.sum_x[i] * self.sum_y[j] / n) / n
    }

    /// The covariance of some inputs, its lower triangle.
    pub(crate) fn covariance_of(&self, inputs: &[usize]) -> Mat<f64> {
        let n = inputs.len();
        let mut covariance = Mat::zeros(n, n);
        columns(covariance.as_mut()).enumerate().for_each(|(j, mut column)| {
            for i in j..n {
                column[i] = self.input_covariance(inputs[i], inputs[j]);
            }
        });
        covariance
    }

    /// The covariance of all inputs, times w [in, columns].
    pub(crate) fn covariance_times(&self, w: MatRef<'_, f64>) -> Mat<f64> {
        let n = self.samples();
        let mut product = self.gram.times(w);
        for (j, column) in product.col_iter_mut().enumerate() {
            let along: f64 = (0..self.inputs()).map(|i| self.sum_x[i] * w[(i, j)]).sum::<f64>() / n;
            for (value, sum) in column.iter_mut().zip(&self.sum_x) {
                *value = (*value - sum * along) / n;
            }
        }
        product
    }

    /// The covariance of some inputs with all targets: [inputs.len(), out].
    pub(crate) fn cross_covariance_of(&self, inputs: &[usize]) -> Mat<f64> {
        Mat::from_fn(inputs.len(), self.outputs(), |i, j| self.cross_covariance(inputs[i], j))
    }

    /// errors: `OPTION_INVALID` without samples
    pub(crate) fn check(&self) -> Result<()> {
        if self.count > 0 {
            return Ok(());
        }
        Err(Error::new(Code::OptionInvalid, "second moments of no samples").todo("Give calibration data."))
    }

    fn samples(&self) -> f64 {
        self.count.max(1) as f64
    }
}
