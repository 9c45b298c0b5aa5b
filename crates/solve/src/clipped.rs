//! Targets of which only what lies between two bounds is seen: what a ReLU, or any function that clips, lets through.

use crate::accumulate::{GATHERED, Source, add_cross, samples_of};
use crate::columns::panels;
use crate::products::Element;
use crate::refit::Refit;
use espalier_tensor::{Job, Result};
use faer::linalg::matmul::matmul;
use faer::prelude::{Mat, MatMut, Reborrow, ReborrowMut};
use faer::{Accum, Par};
use rayon::prelude::*;

/// What a position's target may become: y itself between the bounds; beyond one, the answer that there is, as long as it lies
/// beyond the same bound too, and else that bound.
fn seen(y: f64, low: f64, high: f64, answer: f64) -> f64 {
    if y <= low {
        answer.min(low)
    } else if y >= high {
        answer.max(high)
    } else {
        y
    }
}

/// The same without an upper bound.
fn above(y: f64, low: f64, answer: f64) -> f64 {
    let below = if answer < low { answer } else { low };
    if y <= low { below } else { y }
}

/// Answers are made in so many rows at a time: products of other heights were up to fifty times slower.
const WHOLE: usize = 16;

/// Where the sums over new targets go.
pub(crate) struct Targets<'a> {
    pub pivots: (&'a [f64], &'a [f64]),
    pub y: &'a mut [f64],
    pub squares: &'a mut [f64],
    pub cross: MatMut<'a, f64>,
}

/// Adds the products of inputs with the targets that a refit's answers leave to be wished for.
///
/// - `source`: its targets are [y, low] or [y, low, high], one after the other
/// - cost: 2·in·out a sample
pub(crate) fn accumulate_clipped<T: Element>(
    targets: &mut Targets<'_>,
    source: &impl Source,
    parts: usize,
    refit: &Refit,
    job: &Job,
) -> Result<()> {
    let (inputs, outputs) = (targets.pivots.0.len(), targets.pivots.1.len());
    let rows = outputs.next_multiple_of(WHOLE);
    let weights = Mat::<T>::from_fn(rows, inputs, |i, j| {
        T::number(if i < outputs { refit.weights[i * inputs + j] } else { 0.0 })
    });
    let bias: Vec<f64> = (0..outputs)
        .map(|i| {
            let row = &refit.weights[i * inputs..][..inputs];
            refit.bias[i] + row.iter().zip(targets.pivots.0).map(|(w, p)| w * p).sum::<f64>()
        })
        .collect();
    let samples = samples_of::<T>(inputs + outputs);
    let positions = source.positions();
    let mut x = Mat::<T>::zeros(inputs, samples.min(positions));
    let mut y = Mat::<T>::zeros(rows, samples.min(positions));
    for start in (0..positions).step_by(samples) {
        job.check()?;
        let count = samples.min(positions - start);
        let pivots = targets.pivots;
        let chunks = panels(x.as_mut().subcols_mut(0, count), GATHERED);
        let chunks = chunks.zip(panels(y.as_mut().subcols_mut(0, count), GATHERED));
        let partial: Vec<(Vec<f64>, Vec<f64>)> = chunks
            .enumerate()
            .map(|(index, (mut x, mut y))| {
                let (first, columns) = (start + index * GATHERED, x.ncols());
                let mut from_x = vec![0.0; inputs * columns];
                let mut wanted = vec![0.0; parts * outputs * columns];
                source.gather(first..first + columns, &mut from_x, &mut wanted);
                for column in 0..columns {
                    let from_x = &from_x[column * inputs..][..inputs];
                    let to = x.rb_mut().col_mut(column).iter_mut();
                    for ((to, &value), &pivot) in to.zip(from_x).zip(pivots.0) {
                        *to = T::shifted(value, pivot);
                    }
                }
                matmul(y.rb_mut(), Accum::Replace, &weights, x.rb(), T::number(1.0), Par::Seq);
                let (mut sums, mut squares) = (vec![0.0; outputs], vec![0.0; outputs]);
                for (column, wanted) in wanted.chunks(parts * outputs).enumerate() {
                    let (targets, bounds) = wanted.split_at(outputs);
                    let (lows, highs) = bounds.split_at(outputs);
                    let answers = y.rb_mut().col_mut(column).subrows_mut(0, outputs).iter_mut();
                    // Without a test in it the loop is done many at a time.
                    let numbers = answers.zip(&bias).zip(targets).zip(lows).zip(pivots.1);
                    let sums = sums.iter_mut().zip(&mut squares);
                    if parts == 2 {
                        for (((((answer, bias), &y), &low), pivot), (sum, square)) in numbers.zip(sums) {
                            let seen = above(f64::from(y), f64::from(low), answer.double() + bias);
                            *answer = T::number(seen - pivot);
                            let value = answer.double();
                            *sum += value;
                            *square += value * value;
                        }
                    } else {
                        let numbers = numbers.zip(highs);
                        for ((((((answer, bias), &y), &low), pivot), &high), (sum, square)) in
                            numbers.zip(sums)
                        {
                            let (y, low, high) = (f64::from(y), f64::from(low), f64::from(high));
                            *answer = T::number(seen(y, low, high, answer.double() + bias) - pivot);
                            let value = answer.double();
                            *sum += value;
                            *square += value * value;
                        }
                    }
                }
                (sums, squares)
            })
            .collect();
        for (sums, squares) in partial {
            targets.y.iter_mut().zip(sums).for_each(|(to, from)| *to += from);
            targets.squares.iter_mut().zip(squares).for_each(|(to, from)| *to += from);
        }
        let (x, y) = (x.as_ref().subcols(0, count), y.as_ref().subcols(0, count));
        add_cross(targets.cross.as_mut(), x, y);
        job.advance(count as u64);
    }
    Ok(())
}
