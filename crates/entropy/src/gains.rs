//! What variables say of others: gains and gain ratios.

use crate::codes::Codes;
use crate::mutual::Terms;
use crate::run::Run;
use espalier_tensor::{Error, Result};
use rayon::prelude::*;
use std::collections::HashMap;

/// What one variable y says of all the targets x.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gain {
    /// I(y), in bits.
    pub entropy: f64,
    /// The mean over all x of G(x,y) = I(x) - I(x|y) = I(x;y), in bits.
    pub gain: f64,
    /// The mean over all x of the gain ratio G(x,y) / I(x); 0 for an x that is constant.
    pub ratio: f64,
    /// The x of the highest ratio, the lower index of two equal ones, and that ratio.
    pub target: u32,
    pub most: f64,
}

/// For each y the gains about the targets `x`, over the same samples.
///
/// - `miller_madow`: as [`crate::mutual_information`]; gains are held at 0 and above
/// - errors: `INTERNAL` where samples or bins are not as many; `ABORTED`
/// - cost: x · y · samples increments
pub fn gains(y: &Codes, x: &Codes, miller_madow: bool, run: &Run) -> Result<Vec<Gain>> {
    if y.samples() != x.samples() || y.bits() != x.bits() {
        return Err(Error::internal(format!("{} samples of y, {} of x", y.samples(), x.samples())));
    }
    let terms = Terms::new(y.samples());
    let of_x: Vec<_> = (0..x.variables()).into_par_iter().map(|x_| terms.marginal(x, x_)).collect();
    run.job.expect((y.variables() * x.variables() * y.samples()) as u64);
    (0..y.variables())
        .into_par_iter()
        .map(|index| {
            let own = terms.marginal(y, index);
            let mut counts = vec![0; 1 << (2 * y.bits())];
            let mut sum = Sum::new(terms.entropy(own, miller_madow));
            for (target, &tally) in of_x.iter().enumerate() {
                run.job.check()?;
                let joint = terms.joint(y.of(index), x.of(target), y.bits(), &mut counts, run);
                sum.add(
                    target,
                    terms.entropy(tally, miller_madow),
                    terms.mutual(own, tally, joint, miller_madow),
                );
                run.job.advance(y.samples() as u64);
            }
            Ok(sum.mean(of_x.len()))
        })
        .collect()
}

/// For each y its gain about one target: `labels`, one for each sample, such as the class that a model names.
///
/// - errors: `INTERNAL` where samples are not as many; `ABORTED`
pub fn gains_of_labels(y: &Codes, labels: &[u32], miller_madow: bool, run: &Run) -> Result<Vec<Gain>> {
    if y.samples() != labels.len() {
        return Err(Error::internal(format!("{} samples of y, {} labels", y.samples(), labels.len())));
    }
    let mut names = HashMap::new();
    let labels: Vec<usize> = labels
        .iter()
        .map(|label| {
            let next = names.len();
            *names.entry(label).or_insert(next)
        })
        .collect();
    let terms = Terms::new(labels.len());
    let bins = 1 << y.bits();
    let mut counts = vec![0; names.len()];
    labels.iter().for_each(|&label| counts[label] += 1);
    let whole = terms.of_counts(&counts);
    (0..y.variables())
        .into_par_iter()
        .map(|index| {
            run.job.check()?;
            let own = terms.marginal(y, index);
            let mut counts = vec![0; names.len() * bins];
            for (&label, &code) in labels.iter().zip(y.of(index)) {
                counts[label * bins + usize::from(code)] += 1;
            }
            let mut sum = Sum::new(terms.entropy(own, miller_madow));
            let joint = terms.of_counts(&counts);
            sum.add(0, terms.entropy(whole, miller_madow), terms.mutual(own, whole, joint, miller_madow));
            Ok(sum.mean(1))
        })
        .collect()
}

struct Sum(Gain);

impl Sum {
    fn new(entropy: f64) -> Sum {
        Sum(Gain { entropy, ..Gain::default() })
    }

    fn add(&mut self, target: usize, entropy: f64, mutual: f64) {
        let gain = mutual.max(0.0);
        let ratio = if entropy > 0.0 { gain / entropy } else { 0.0 };
        self.0.gain += gain;
        self.0.ratio += ratio;
        if ratio > self.0.most {
            (self.0.target, self.0.most) = (target as u32, ratio);
        }
    }

    fn mean(self, targets: usize) -> Gain {
        let n = targets.max(1) as f64;
        Gain { gain: self.0.gain / n, ratio: self.0.ratio / n, ..self.0 }
    }
}
