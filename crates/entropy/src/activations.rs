//! Statistics of what classes of indices hold on data, batch by batch: no batch is kept.
//!
//! A batch is a value seen as [outer, n, inner] whose n indices are sorted into classes. Each class adds up its values in the
//! order in which they lie in the batches, whoever computes it: the same bits on any number of threads.

use crate::batch::{Batch, sweep};
use crate::codes::{Edges, Span};
use crate::quantiles::{Sample, quantiles};
use crate::run::Run;
use crate::shannon::{entropy_of_counts, mass_term};
use espalier_simd::{Bins, Extremes, extremes, histogram, log2, power_sums};
use espalier_tensor::{Code, Error, Result};
use rayon::prelude::*;
use std::f64::consts::{E, PI};

/// Statistics of each class: a first pass over the batches with [`Activations::add`]; then, for entropies of histograms,
/// [`Activations::bins`] and a second pass with [`Activations::count`].
#[derive(Clone, Debug)]
pub struct Activations {
    classes: Vec<Class>,
    /// Bins of each class, or those of all.
    placed: Vec<Placed>,
    bins: usize,
    /// [classes, bins].
    counts: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Class {
    count: u64,
    zeros: u64,
    /// The first value.
    pivot: f32,
    sum: f64,
    squares: f64,
    magnitudes: f64,
    extremes: Extremes,
    sample: Sample,
}

/// One number for each class; 0 for a class without values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub count: Vec<f64>,
    pub mean: Vec<f64>,
    /// The mean squared distance from the mean; exactly 0 for a constant.
    pub variance: Vec<f64>,
    pub mean_abs: Vec<f64>,
    pub mean_square: Vec<f64>,
    /// The share of values that are zero.
    pub zero_rate: Vec<f64>,
    pub min: Vec<f64>,
    pub max: Vec<f64>,
}

#[derive(Clone, Debug)]
enum Placed {
    Equal(Bins),
    /// Ascending; a value lies in as many-th bin as edges are not above it.
    Edges(Vec<f32>),
}

/// Least variance that a Gaussian entropy is of: 2^-256, so that a constant has -126 bits, not minus infinity.
const LEAST_VARIANCE: f64 = f64::from_bits((1023 - 256) << 52);

impl Activations {
    /// - `sample`: values of each class that are kept for quantiles; 0 where none are wanted
    pub fn new(classes: usize, sample: usize) -> Self {
        let class = Class {
            count: 0,
            zeros: 0,
            pivot: 0.0,
            sum: 0.0,
            squares: 0.0,
            magnitudes: 0.0,
            extremes: Extremes::NONE,
            sample: Sample::new(sample),
        };
        Self { classes: vec![class; classes], placed: Vec::new(), bins: 0, counts: Vec::new() }
    }

    /// First pass: adds a batch.
    /// - errors: `NON_FINITE` with the place, `ABORTED`, both with a part of the batch added; `INTERNAL` for a batch that
    ///   contradicts itself
    /// - cost: O(values)
    pub fn add(&mut self, batch: &Batch<'_>, run: &Run) -> Result<()> {
        sweep(batch, &mut self.classes, run, |class, values| {
            let found = extremes(run.isa, values);
            if class.count == 0 {
                class.pivot = values.first().copied().unwrap_or_default();
            }
            let sums = power_sums(run.isa, values, class.pivot);
            class.count += values.len() as u64;
            class.zeros += sums.zeros;
            class.sum += sums.sum;
            class.squares += sums.squares;
            class.magnitudes += sums.magnitudes;
            class.extremes = class.extremes.and(found, 0);
            class.sample.add(values);
            found.non_finite.is_none()
        })
    }

    pub fn summary(&self) -> Summary {
        let each = |of: &dyn Fn(&Class) -> f64| -> Vec<f64> {
            self.classes.iter().map(|class| if class.count == 0 { 0.0 } else { of(class) }).collect()
        };
        Summary {
            count: each(&|class| class.count as f64),
            mean: each(&Class::mean),
            variance: each(&Class::variance),
            mean_abs: each(&|class| class.magnitudes / class.count as f64),
            mean_square: each(&|class| class.variance() + class.mean() * class.mean()),
            zero_rate: each(&|class| class.zeros as f64 / class.count as f64),
            min: each(&|class| f64::from(class.extremes.min)),
            max: each(&|class| f64::from(class.extremes.max)),
        }
    }

    /// `½ log2(2πe σ²)`, the entropy of a Gaussian of each class's variance, in bits; at least -126, and that for a constant.
    pub fn gaussian(&self) -> Vec<f64> {
        let bits = |class: &Class| 0.5 * log2(2.0 * PI * E * class.variance().max(LEAST_VARIANCE));
        self.classes.iter().map(bits).collect()
    }

    /// The class's own term `-p log2 p`, p = its share of `Σ|x|`, in bits.
    pub fn mass(&self) -> Vec<f64> {
        let whole = self.classes.iter().map(|class| class.magnitudes).sum();
        self.classes.iter().map(|class| mass_term(class.magnitudes, whole)).collect()
    }

    /// Between the passes: lays out the bins.
    /// - `edges`: of equal width over the values' range; or so that as many values of a sample lie in each
    /// - `span`: one set of bins for all classes, so that they are measured alike; or each class's own, so that shapes are
    ///   measured, not spreads
    /// - `bins`: 2 to 65,536
    /// - errors: `OPTION_INVALID`; `MODEL_TOO_LARGE` where a class has more values than a count holds; `INTERNAL` for
    ///   quantiles without a sample
    pub fn bins(&mut self, edges: Edges, span: Span, bins: usize) -> Result<()> {
        if !(2..=Bins::MOST).contains(&bins) {
            let what = format!("a histogram of {bins} bins");
            return Err(Error::new(Code::OptionInvalid, what).todo(format!("Take 2 to {} bins.", Bins::MOST)));
        }
        if self.classes.iter().any(|class| class.count > u64::from(u32::MAX)) {
            let what = format!("a lane has more than {} values on the data", u32::MAX);
            return Err(Error::new(Code::ModelTooLarge, what).todo("Give fewer samples."));
        }
        let groups: Vec<&[Class]> = match span {
            Span::Shared => vec![&self.classes],
            Span::Own => self.classes.chunks(1).collect(),
        };
        let placed = groups.into_par_iter().map(|classes| placed_for(classes, edges, bins)).collect();
        self.placed = placed;
        self.bins = bins;
        self.counts = vec![0; self.classes.len() * bins];
        Ok(())
    }

    /// Second pass: counts a batch that was added before.
    /// - errors: as [`Activations::add`], and `INTERNAL` without bins
    /// - cost: O(values), for quantiles times log2 of the bins
    pub fn count(&mut self, batch: &Batch<'_>, run: &Run) -> Result<()> {
        if self.placed.is_empty() && !self.classes.is_empty() {
            return Err(Error::internal("activations are counted before there are bins"));
        }
        let placed = |class: usize| &self.placed[if self.placed.len() == 1 { 0 } else { class }];
        let mut counters: Vec<(&Placed, &mut [u32])> = self
            .counts
            .chunks_exact_mut(self.bins.max(1))
            .enumerate()
            .map(|(class, counts)| (placed(class), counts))
            .collect();
        sweep(batch, &mut counters, run, |(placed, counts), values| {
            match placed {
                Placed::Equal(bins) => histogram(run.isa, values, *bins, counts),
                Placed::Edges(edges) => {
                    for value in values {
                        counts[edges.partition_point(|edge| edge <= value)] += 1;
                    }
                }
            }
            // A NaN has a bin too: the first pass refused it.
            true
        })
    }

    /// `-Σ p log2 p` of each class's counts, in bits; 0 for a class whose values all lie in one bin, or that has none.
    pub fn entropy(&self, miller_madow: bool) -> Vec<f64> {
        if self.bins == 0 {
            return vec![0.0; self.classes.len()];
        }
        self.counts
            .par_chunks_exact(self.bins)
            .map(|counts| entropy_of_counts(counts, miller_madow))
            .collect()
    }
}

impl Class {
    fn mean(&self) -> f64 {
        f64::from(self.pivot) + self.sum / self.samples()
    }

    fn variance(&self) -> f64 {
        let mean = self.sum / self.samples();
        (self.squares / self.samples() - mean * mean).max(0.0)
    }

    fn samples(&self) -> f64 {
        self.count.max(1) as f64
    }
}

fn placed_for(classes: &[Class], edges: Edges, bins: usize) -> Placed {
    match edges {
        Edges::Width => {
            let Extremes { min, max, .. } =
                classes.iter().fold(Extremes::NONE, |all, class| all.and(class.extremes, 0));
            Placed::Equal(if min <= max { Bins::new(min, max, bins) } else { Bins::new(0.0, 0.0, bins) })
        }
        Edges::Quantile => {
            Placed::Edges(quantiles(classes.iter().map(|class| (&class.sample, class.count)), bins))
        }
    }
}
