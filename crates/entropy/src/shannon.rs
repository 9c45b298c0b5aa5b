//! Entropy, in bits.

use espalier_simd::log2;
use std::f64::consts::LN_2;
use std::sync::OnceLock;

/// Partial sums, so that no addition waits for the one before.
const PARTS: usize = 4;
/// Counts whose k·log2 k is looked up: with rows of a few hundred weights the logarithms would take longest.
const KNOWN: usize = 4096;

/// The entropy `-Σ p log2 p` of a histogram, p = counts / N, in bits.
///
/// - `miller_madow`: adds (occupied bins - 1) / (2 N ln 2)
/// - returns: 0 or more; 0 where only one bin, or none, is occupied
/// - method: `log2 N - Σ k log2 k / N`; the term of bin `i` goes to part `i % PARTS`, and the parts are added left to right
/// - source: Shannon 1948; the correction is Miller 1955
pub fn entropy_of_counts(counts: &[u32], miller_madow: bool) -> f64 {
    let known = known();
    let (mut total, mut occupied, mut parts) = (0u64, 0u64, [0.0; PARTS]);
    for counts in counts.chunks(PARTS) {
        for (part, &count) in parts.iter_mut().zip(counts) {
            total += u64::from(count);
            occupied += u64::from(count > 0);
            *part += known.get(count as usize).copied().unwrap_or_else(|| term(count));
        }
    }
    let sum: f64 = parts.iter().sum();
    if occupied < 2 {
        return 0.0;
    }
    let total = total as f64;
    let correction = if miller_madow { (occupied - 1) as f64 / (2.0 * total * LN_2) } else { 0.0 };
    (log2(total) - sum / total).max(0.0) + correction
}

/// `-p log2 p` with p = `share / whole`, in bits; 0 where `share` is 0.
pub(crate) fn mass_term(share: f64, whole: f64) -> f64 {
    let p = share / whole;
    if p > 0.0 { 0.0 - p * log2(p) } else { 0.0 }
}

fn known() -> &'static [f64] {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    TABLE.get_or_init(|| (0..KNOWN as u32).map(term).collect())
}

/// k·log2 k.
fn term(count: u32) -> f64 {
    if count == 0 { 0.0 } else { f64::from(count) * log2(f64::from(count)) }
}

#[cfg(test)]
mod tests {
    use super::{entropy_of_counts, mass_term};

    #[test]
    fn a_uniform_histogram_of_2_to_the_k_bins_has_k_bits() {
        for k in 0..=16 {
            for each in [1, 8, 4096, 1 << 15] {
                assert_eq!(entropy_of_counts(&vec![each; 1 << k], false), f64::from(k));
            }
        }
    }

    #[test]
    fn published_values() {
        // scipy.stats.entropy(counts, base=2)
        for (counts, bits) in [
            (&[1, 2, 3, 4][..], 1.846_439_344_671_015_4),
            (&[9, 5], 0.940_285_958_670_631_1), // Quinlan's weather: 9 days of play, 5 of none
            (&[1, 0, 0, 5000], 0.002_745_561_223_820_304),
            (&[100_000, 7, 20], 0.003_812_253_398_700_884_6),
        ] {
            let found = entropy_of_counts(counts, false);
            assert!((found - bits).abs() < 1e-12, "{counts:?}: {found}, not {bits}");
        }
    }

    #[test]
    fn one_bin_or_none_says_nothing() {
        for counts in [&[][..], &[0, 0], &[7], &[0, 12_345, 0]] {
            assert_eq!(entropy_of_counts(counts, false).to_bits(), 0);
            assert_eq!(entropy_of_counts(counts, true).to_bits(), 0);
        }
    }

    #[test]
    fn miller_madow_adds_its_term() {
        let counts = [3, 1, 0, 4];
        let added = entropy_of_counts(&counts, true) - entropy_of_counts(&counts, false);
        assert!((added - 2.0 / (2.0 * 8.0 * std::f64::consts::LN_2)).abs() < 1e-15);
    }

    #[test]
    fn mass_terms_of_a_half_and_of_all_and_of_nothing() {
        assert_eq!(mass_term(3.0, 6.0), 0.5);
        assert_eq!(mass_term(0.1, 0.1).to_bits(), 0);
        assert_eq!(mass_term(0.0, 5.0).to_bits(), 0);
        assert_eq!(mass_term(0.0, 0.0).to_bits(), 0);
    }
}
