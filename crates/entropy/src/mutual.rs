//! Mutual information of pairs of variables, from their joint histograms.

use crate::codes::Codes;
use crate::run::Run;
use espalier_simd::{joint_histogram, log2};
use espalier_tensor::{Code, Error, Job, Result};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Most variables of which all pairs are held: 1 GiB.
const MOST_VARIABLES: usize = 1 << 14;

/// Entropies of variables and what each pair shares, in bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// I(a).
    pub entropies: Vec<f64>,
    /// I(a;b) of each pair a < b, at [`Pairs::index`].
    pub mutual: Vec<f64>,
}

impl Pairs {
    /// - errors: `INTERNAL` where there are not n(n-1)/2 pairs
    pub fn new(entropies: Vec<f64>, mutual: Vec<f64>) -> Result<Pairs> {
        let n = entropies.len();
        if mutual.len() != n * n.saturating_sub(1) / 2 {
            return Err(Error::internal(format!("{} pairs of {n} variables", mutual.len())));
        }
        Ok(Pairs { entropies, mutual })
    }

    /// Where the pair lies in the list (0,1), (0,2), …, (1,2), …
    pub fn index(n: usize, a: usize, b: usize) -> usize {
        let (a, b) = (a.min(b), a.max(b));
        a * (2 * n - a - 1) / 2 + (b - a - 1)
    }

    /// I(a;b), for a ≠ b.
    pub fn mutual_of(&self, a: usize, b: usize) -> f64 {
        self.mutual[Pairs::index(self.entropies.len(), a, b)]
    }

    /// I(a,b) = I(a) + I(b) - I(a;b).
    pub fn joint_of(&self, a: usize, b: usize) -> f64 {
        self.entropies[a] + self.entropies[b] - self.mutual_of(a, b)
    }

    /// errors: `MODEL_TOO_LARGE` beyond 16,384 variables
    pub fn check_size(variables: usize) -> Result<()> {
        if variables <= MOST_VARIABLES {
            return Ok(());
        }
        let what = format!("all pairs of {variables} lanes are more than fit in memory");
        Err(Error::new(Code::ModelTooLarge, what)
            .todo("Choose a criterion that looks at no pairs, or another group; 16384 lanes are the most."))
    }
}

/// Entropies of all variables and the mutual information I(a;b) = I(a) + I(b) - I(a,b) of all n(n-1)/2 pairs, in bits.
///
/// - `miller_madow`: adds (occupied cells - 1) / (2 N ln 2) to every entropy, marginal and joint, and with it takes from a
///   mutual information what chance adds; it may then lie below 0
/// - exactness: sums of k log2 k are of terms rounded to a common multiple, so that they are exact in any order: what is
///   equal by its counts is equal to the last bit, I(a;b) of a copy is I(a), and threads change nothing
/// - errors: `MODEL_TOO_LARGE` beyond 16,384 variables; `ABORTED`
/// - cost: n²/2 · samples increments; 4 n² bytes
/// - source: Shannon 1948; Cover & Thomas, Elements of Information Theory, 2.4; the correction is Miller 1955
pub fn mutual_information(codes: &Codes, miller_madow: bool, run: &Run) -> Result<Pairs> {
    let n = codes.variables();
    Pairs::check_size(n)?;
    let terms = Terms::new(codes.samples());
    let marginals: Vec<Tally> = (0..n).into_par_iter().map(|a| terms.marginal(codes, a)).collect();
    let mut mutual = vec![0.0; n * n.saturating_sub(1) / 2];
    run.job.expect(mutual.len() as u64 * codes.samples() as u64);
    rows_of(n, &mut mutual).into_par_iter().try_for_each(|(a, row)| {
        let mut counts = vec![0; 1 << (2 * codes.bits())];
        for (b, mutual) in (a + 1..).zip(row) {
            let joint = terms.joint(codes.of(a), codes.of(b), codes.bits(), &mut counts, run);
            *mutual = terms.mutual(marginals[a], marginals[b], joint, miller_madow);
            advance(run.job, codes.samples())?;
        }
        Ok(())
    })?;
    Ok(Pairs {
        entropies: marginals.iter().map(|&tally| terms.entropy(tally, miller_madow)).collect(),
        mutual,
    })
}

fn advance(job: &Job, samples: usize) -> Result<()> {
    job.check()?;
    job.advance(samples as u64);
    Ok(())
}

/// The pairs of each first variable.
fn rows_of(n: usize, mut pairs: &mut [f64]) -> Vec<(usize, &mut [f64])> {
    let mut rows = Vec::with_capacity(n);
    for a in 0..n {
        let (row, rest) = pairs.split_at_mut(n - 1 - a);
        rows.push((a, row));
        pairs = rest;
    }
    rows
}

/// What an entropy needs of a histogram: Σ k log2 k, and its occupied cells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    sum: f64,
    occupied: u32,
}

/// k·log2 k for all counts there can be, each rounded to a multiple of 2⁻ˢ that is coarse enough for N·log2 N to be a
/// whole number of them below 2⁵²: sums of them are exact. The error of an entropy is below cells · 2⁻³⁰ / N bits.
pub(crate) struct Terms {
    terms: Vec<f64>,
    samples: f64,
}

impl Terms {
    pub fn new(samples: usize) -> Terms {
        let exact = |k: usize| if k < 2 { 0.0 } else { k as f64 * log2(k as f64) };
        let unit = 2f64.powi(50 - exact(samples).max(1.0).log2().ceil() as i32);
        let terms = (0..=samples).map(|k| (exact(k) * unit).round() / unit).collect();
        Terms { terms, samples: samples.max(1) as f64 }
    }

    pub fn of_counts(&self, counts: &[u32]) -> Tally {
        const PARTS: usize = 4;
        let mut sums = [0.0; PARTS];
        let mut occupied = 0;
        for counts in counts.chunks(PARTS) {
            for (sum, &count) in sums.iter_mut().zip(counts) {
                *sum += self.terms[count as usize];
                occupied += u32::from(count > 0);
            }
        }
        Tally { sum: sums.iter().sum(), occupied }
    }

    pub fn marginal(&self, codes: &Codes, variable: usize) -> Tally {
        let mut counts = vec![0; 1 << codes.bits()];
        for &code in codes.of(variable) {
            counts[usize::from(code)] += 1;
        }
        self.of_counts(&counts)
    }

    /// `counts`: room for the cells
    pub fn joint(&self, a: &[u8], b: &[u8], bits: u32, counts: &mut [u32], run: &Run) -> Tally {
        counts.fill(0);
        joint_histogram(run.isa, a, b, bits, counts);
        self.of_counts(counts)
    }

    /// log2 N - Σ k log2 k / N, corrected or not.
    pub fn entropy(&self, Tally { sum, occupied }: Tally, miller_madow: bool) -> f64 {
        if occupied < 2 {
            return 0.0;
        }
        (log2(self.samples) - sum / self.samples).max(0.0)
            + self.correction(i64::from(occupied) - 1, miller_madow)
    }

    /// I(a) + I(b) - I(a,b), from the sums themselves: nothing is lost where it is small.
    pub fn mutual(&self, a: Tally, b: Tally, joint: Tally, miller_madow: bool) -> f64 {
        if a.occupied < 2 || b.occupied < 2 {
            return 0.0;
        }
        let cells = i64::from(a.occupied) + i64::from(b.occupied) - i64::from(joint.occupied) - 1;
        (log2(self.samples) - (a.sum + b.sum - joint.sum) / self.samples).max(0.0)
            + self.correction(cells, miller_madow)
    }

    fn correction(&self, cells: i64, miller_madow: bool) -> f64 {
        if miller_madow { cells as f64 / (2.0 * self.samples * LN_2) } else { 0.0 }
    }
}
