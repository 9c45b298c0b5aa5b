//! Statistics of classes of slices.

use crate::counts::counts_of;
use crate::distances::distances_of;
use crate::extremes::bins_of;
use crate::request::{Group, Statistic};
use crate::run::Run;
use crate::shannon::{entropy_of_counts, mass_term};
use crate::sums::{Term, sums_of};
use crate::view::View;
use espalier_tensor::{Model, Result};
use rayon::prelude::*;

/// A statistic of each class of each group, in the order of the classes.
///
/// - returns: never NaN; 0 for a class without values
/// - errors: `NON_FINITE` with the tensor and the place of the first value of a class that is not finite (as f32);
///   `OPTION_INVALID`; `MODEL_UNSUPPORTED` for strings and complex numbers; `MODEL_TOO_LARGE` where a class has 2³²
///   values to count; `FILE_UNREADABLE`; `ABORTED`; `INTERNAL` where a group contradicts the model
/// - cost: each slice is read once, for an entropy or a variance twice, with a few MiB for each thread and 16 MiB for all counts.
///   More counts than that (16,384 classes with 256 bins) are made in turns, which may read slices again
/// - the same bits on any number of threads and any instruction set
pub fn statistics(model: &Model, groups: &[Group], statistic: Statistic, run: &Run) -> Result<Vec<Vec<f64>>> {
    let compute = || {
        statistic.check()?;
        groups.iter().try_for_each(|group| group.check(model))?;
        match statistic {
            Statistic::Entropy { bins, miller_madow, range } => {
                let placed = bins_of(model, run, groups, range, bins)?;
                let mut all: Vec<Vec<f64>> = groups.iter().map(|group| vec![0.0; group.classes]).collect();
                counts_of(model, run, groups, &placed, bins, |group, classes, counts| {
                    let histograms = counts.par_chunks_exact(bins);
                    all[group][classes]
                        .par_iter_mut()
                        .zip(histograms)
                        .for_each(|(bits, counts)| *bits = entropy_of_counts(counts, miller_madow));
                })?;
                Ok(all)
            }
            Statistic::Mass => {
                let mut all = sums_of(model, run, groups, Term::Abs)?;
                for group in &mut all {
                    let whole = group.iter().sum();
                    group.iter_mut().for_each(|mass| *mass = mass_term(*mass, whole));
                }
                Ok(all)
            }
            Statistic::AbsSum => sums_of(model, run, groups, Term::Abs),
            Statistic::SquareSum => sums_of(model, run, groups, Term::Square),
            Statistic::Variance => {
                let sums = sums_of(model, run, groups, Term::Value)?;
                let mut squares = sums_of(model, run, groups, Term::Square)?;
                for ((group, sums), squares) in groups.iter().zip(&sums).zip(&mut squares) {
                    for ((square, sum), count) in squares.iter_mut().zip(sums).zip(counts(model, group)?) {
                        let mean = sum / count.max(1.0);
                        *square = (*square / count.max(1.0) - mean * mean).max(0.0);
                    }
                }
                Ok(squares)
            }
            Statistic::Distance => groups.iter().map(|group| distances_of(model, run, group)).collect(),
        }
    };
    compute().map_err(|error| model.path().map_or(error.clone(), |path| error.in_file(path)))
}

/// Values of each class.
fn counts(model: &Model, group: &Group) -> Result<Vec<f64>> {
    let mut counts = vec![0.0; group.classes];
    for slice in &group.slices {
        let view = View::new(model, slice)?;
        for &class in slice.classes.iter().filter(|class| **class >= 0) {
            counts[class as usize] += (view.outer * view.inner) as f64;
        }
    }
    Ok(counts)
}
