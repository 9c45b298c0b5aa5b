//! Statistics as their definitions say, in the plainest way.

use crate::models::Tensor;
use espalier_entropy::{Group, Range, Statistic};
use std::collections::BTreeMap;

/// What `statistics` gives for one group.
pub fn statistic(tensors: &[Tensor], group: &Group, statistic: Statistic) -> Vec<f64> {
    let sums = |of: fn(f64) -> f64| {
        let mut sums = vec![0.0; group.classes];
        for slice in &group.slices {
            for (class, v) in values(tensors, slice) {
                sums[class] += of(v);
            }
        }
        sums
    };
    match statistic {
        Statistic::AbsSum => sums(f64::abs),
        Statistic::SquareSum => sums(|v| v * v),
        Statistic::Variance => {
            let (sums, squares, counts) = (sums(|v| v), sums(|v| v * v), sums(|_| 1.0));
            let of = |i: usize| {
                squares[i] / f64::max(counts[i], 1.0) - (sums[i] / f64::max(counts[i], 1.0)).powi(2)
            };
            (0..group.classes).map(of).collect()
        }
        Statistic::Distance => distances(tensors, group),
        Statistic::Mass => {
            let masses = sums(f64::abs);
            let whole: f64 = masses.iter().sum();
            masses.iter().map(|mass| term(mass / whole)).collect()
        }
        Statistic::Entropy { bins, miller_madow, range } => {
            entropies(tensors, group, bins, miller_madow, range)
        }
    }
}

/// The values of a class lie in one order in every slice, so that they meet those of the others position by position.
fn distances(tensors: &[Tensor], group: &Group) -> Vec<f64> {
    let mut squares = vec![vec![0.0; group.classes]; group.classes];
    for slice in &group.slices {
        let mut own = vec![Vec::new(); group.classes];
        for (index, &class) in slice.classes.iter().enumerate().filter(|(_, class)| **class >= 0) {
            let tensor = &tensors[slice.tensor];
            let values = tensor.indices(slice.axis).zip(&tensor.values).filter(|(i, _)| *i == index);
            own[class as usize].extend(values.map(|(_, &v)| f64::from(v)));
        }
        let length = own.iter().map(Vec::len).max().unwrap_or(0);
        own.iter_mut().for_each(|values| values.resize(length, 0.0));
        for (i, a) in own.iter().enumerate() {
            for (j, b) in own.iter().enumerate() {
                squares[i][j] += a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            }
        }
    }
    squares.iter().map(|row| row.iter().map(|square| square.sqrt()).sum()).collect()
}

fn entropies(tensors: &[Tensor], group: &Group, bins: usize, miller_madow: bool, range: Range) -> Vec<f64> {
    let mut counts = vec![BTreeMap::new(); group.classes];
    for slice in &group.slices {
        let related = group.slices.iter().filter(|s| range == Range::Group || s.tensor == slice.tensor);
        let spanned: Vec<f64> = related.flat_map(|s| values(tensors, s)).map(|(_, v)| v).collect();
        let min = spanned.iter().copied().fold(f64::INFINITY, f64::min);
        let max = spanned.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // The bins' own formula is tested where it is defined: it is what makes the bins equal here.
        let placed = (min <= max).then(|| espalier_simd::Bins::new(min as f32, max as f32, bins));
        for (class, v) in values(tensors, slice) {
            *counts[class].entry(placed.map_or(0, |bins| bins.index(v as f32))).or_insert(0.0) += 1.0;
        }
    }
    let of_class = |counts: &BTreeMap<usize, f64>| {
        let total: f64 = counts.values().sum();
        let occupied = counts.len();
        if occupied < 2 {
            return 0.0;
        }
        let correction = (occupied - 1) as f64 / (2.0 * total * std::f64::consts::LN_2);
        counts.values().map(|count| term(count / total)).sum::<f64>()
            + if miller_madow { correction } else { 0.0 }
    };
    counts.iter().map(of_class).collect()
}

fn term(p: f64) -> f64 {
    if p > 0.0 { -p * p.log2() } else { 0.0 }
}

/// The values of a slice that have a class, with it.
fn values<'a>(
    tensors: &'a [Tensor],
    slice: &'a espalier_entropy::Slice,
) -> impl Iterator<Item = (usize, f64)> + 'a {
    let tensor = &tensors[slice.tensor];
    tensor
        .indices(slice.axis)
        .zip(&tensor.values)
        .filter_map(|(i, &v)| Some((usize::try_from(slice.classes[i]).ok()?, f64::from(v))))
}
