//! Quantiles from a sample of bounded size.

/// A sample of a stream of values: those whose position has a hash below a bound, which is halved whenever there is no more
/// room. The positions decide, so the sample is the same in every run; it is even over the stream whatever its period.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    most: usize,
    /// Values seen.
    seen: u64,
    /// Leading zeros that a hash must have.
    zeros: u32,
    /// Values with the hashes of their positions.
    kept: Vec<(u64, f32)>,
}

impl Sample {
    /// - `most`: values that are kept; none for 0
    pub fn new(most: usize) -> Self {
        Self { most, seen: 0, zeros: 0, kept: Vec::new() }
    }

    pub fn add(&mut self, values: &[f32]) {
        if self.most == 0 {
            return;
        }
        for &value in values {
            let hash = mixed(self.seen);
            self.seen += 1;
            if hash.leading_zeros() < self.zeros {
                continue;
            }
            self.kept.push((hash, value));
            while self.kept.len() > self.most {
                self.zeros += 1;
                self.kept.retain(|(hash, _)| hash.leading_zeros() >= self.zeros);
            }
        }
    }
}

/// A bijection of 64 bits whose leading bits look random. source: Steele, Lea, Flood 2014 (SplitMix64's finaliser).
fn mixed(position: u64) -> u64 {
    let mut z = position.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Edges of `bins` bins that hold equally many values each: at the places k/bins · N of the sorted values, k from 1 to
/// bins - 1. Equal edges are one, and what is not above the least value is none, so that there may be fewer bins.
/// - `samples`: each stands for so many values, and counts for as much
pub(crate) fn quantiles<'a>(samples: impl Iterator<Item = (&'a Sample, u64)>, bins: usize) -> Vec<f32> {
    let mut weighted: Vec<(f32, f64)> = Vec::new();
    for (sample, count) in samples.filter(|(sample, _)| !sample.kept.is_empty()) {
        let weight = count as f64 / sample.kept.len() as f64;
        weighted.extend(sample.kept.iter().map(|&(_, value)| (value + 0.0, weight)));
    }
    weighted.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let whole: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut edges: Vec<f32> = Vec::with_capacity(bins - 1);
    let (mut below, mut k) = (0.0, 1);
    for &(value, weight) in &weighted {
        while k < bins && below >= whole * k as f64 / bins as f64 {
            if weighted[0].0 < value && edges.last().is_none_or(|&last| last < value) {
                edges.push(value);
            }
            k += 1;
        }
        below += weight;
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::{Sample, quantiles};

    fn sample(most: usize, values: impl Iterator<Item = f32>) -> Sample {
        let mut sample = Sample::new(most);
        sample.add(&values.collect::<Vec<_>>());
        sample
    }

    #[test]
    fn a_sample_is_bounded_and_even() {
        let sample = sample(1000, (0..100_000).map(|v| v as f32));
        assert!((500..=1000).contains(&sample.kept.len()), "{}", sample.kept.len());
        let mean = sample.kept.iter().map(|&(_, v)| f64::from(v)).sum::<f64>() / sample.kept.len() as f64;
        assert!((mean - 50_000.0).abs() < 3000.0, "{mean}");
        assert!(Sample::new(0).kept.is_empty());
    }

    #[test]
    fn a_sample_does_not_depend_on_how_the_values_came() {
        let values: Vec<f32> = (0..5000).map(|v| (v % 64) as f32).collect();
        let (mut whole, mut parts) = (Sample::new(256), Sample::new(256));
        whole.add(&values);
        values.chunks(7).for_each(|values| parts.add(values));
        assert_eq!(whole.kept, parts.kept);
    }

    #[test]
    fn edges_cut_into_equal_parts() {
        let even = sample(1000, (0..100).map(|v| v as f32));
        assert_eq!(quantiles([(&even, 100)].into_iter(), 4), [25.0, 50.0, 75.0]);
        // Half of the values are zero: the two first bins are one.
        let halved = sample(1000, (0..100).map(|v| (v - 50).max(0) as f32));
        assert_eq!(quantiles([(&halved, 100)].into_iter(), 4), [25.0]);
        let constant = sample(1000, std::iter::repeat_n(3.0, 50));
        assert!(quantiles([(&constant, 50)].into_iter(), 8).is_empty());
        assert!(quantiles(std::iter::empty(), 8).is_empty());
    }
}
