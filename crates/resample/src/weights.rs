use crate::filter::Filter;

/// Weights are multiples of 2^-BITS: the sum of weights times bytes, whose negative parts may make it some times larger, stays
/// within 31 bits.
pub(crate) const BITS: u32 = 22;

/// The pixels of an axis that one of the result is made of: neighbours from `first` on, each with its weight times 2^[`BITS`].
pub(crate) struct Tap {
    pub first: usize,
    pub weights: Vec<i32>,
}

/// The taps of each pixel of an axis of `to` pixels over one of `from`. Pixels beyond the border have no part, and the others share
/// their weight.
pub(crate) fn taps(from: usize, to: usize, filter: Filter, antialias: bool) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let widened = if antialias { scale.max(1.0) } else { 1.0 };
    let support = filter.support() * widened;
    (0..to)
        .map(|index| {
            let centre = (index as f64 + 0.5) * scale;
            // Casts towards zero: what lies before the axis begins at its start.
            let first = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            tap(first, end, filter, |pixel| (pixel as f64 - centre + 0.5) * (1.0 / widened))
        })
        .collect()
}

fn tap(first: usize, end: usize, filter: Filter, distance: impl Fn(usize) -> f64) -> Tap {
    let values: Vec<f64> = (first..end).map(|pixel| filter.at(distance(pixel))).collect();
    let sum: f64 = values.iter().sum();
    let weights = values
        .iter()
        .map(|value| {
            let share = if sum == 0.0 { *value } else { value * (1.0 / sum) };
            (share * f64::from(1u32 << BITS)).round() as i32
        })
        .collect();
    Tap { first, weights }
}
