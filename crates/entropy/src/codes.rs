//! Values of variables as small codes: the bins that they lie in.

use crate::run::Run;
use espalier_simd::{Bins, MOST_CODE_BITS, bin_indices, extremes};
use espalier_tensor::{Code, Error, Result};
use rayon::prelude::*;

/// The most bins of a variable whose joint histograms are counted.
pub const MOST_BINS: usize = 1 << MOST_CODE_BITS;
/// Most samples: a power of two, so that what is said of the exactness of sums holds.
pub const MOST_SAMPLES: usize = 1 << 20;

/// Samples of some variables: `values` is [samples, variables].
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    values: &'a [f32],
    variables: usize,
}

/// Where bins lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binning {
    /// 2 to [`MOST_BINS`].
    pub bins: usize,
    pub edges: Edges,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// Equal widths from the least value to the greatest.
    Width,
    /// As many values in each, as far as equal values allow: edge k is the value of rank ⌊k·N/B⌋.
    Quantile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The same edges for all variables: entropies compare how much they vary.
    Shared,
    /// Each variable's own: entropies compare the shapes of distributions alone.
    Own,
}

/// The code of each value, a variable's codes next to each other.
#[derive(Clone, Debug)]
pub struct Codes {
    codes: Vec<u8>,
    samples: usize,
    variables: usize,
    bits: u32,
}

impl<'a> Samples<'a> {
    /// - errors: `NON_FINITE` with the sample and the variable; `OPTION_INVALID` for no samples or more than
    ///   [`MOST_SAMPLES`]; `INTERNAL` where lengths do not fit
    pub fn new(values: &'a [f32], variables: usize) -> Result<Samples<'a>> {
        let samples = values.len().checked_div(variables).unwrap_or(0);
        if samples * variables != values.len() {
            return Err(Error::internal(format!("{} values of {variables} variables", values.len())));
        }
        if variables > 0 && !(1..=MOST_SAMPLES).contains(&samples) {
            let what = format!("{samples} samples to estimate information from");
            return Err(Error::new(Code::OptionInvalid, what).todo("Give from 1 to 1048576."));
        }
        match values.par_iter().position_first(|value| !value.is_finite()) {
            None => Ok(Samples { values, variables }),
            Some(place) => {
                let (sample, variable) = (place / variables, place % variables);
                let what =
                    format!("the activation of lane {variable} is {} in sample {sample}", values[place]);
                Err(Error::new(Code::NonFinite, what)
                    .todo("Check the calibration data, and what the model gives for it."))
            }
        }
    }

    pub fn variables(&self) -> usize {
        self.variables
    }

    pub fn samples(&self) -> usize {
        self.values.len().checked_div(self.variables).unwrap_or(0)
    }

    /// [samples, variables].
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The difference of the greatest and the least value; 0 without variables.
    pub fn range(&self, run: &Run) -> f64 {
        let found = extremes(run.isa, self.values);
        if self.values.is_empty() { 0.0 } else { f64::from(found.max) - f64::from(found.min) }
    }

    fn column(&self, variable: usize) -> impl Iterator<Item = f32> {
        self.values.iter().skip(variable).step_by(self.variables).copied()
    }
}

impl Codes {
    /// - errors: `OPTION_INVALID` for another number of bins than 2 to [`MOST_BINS`]; `ABORTED`
    /// - cost: O(samples · variables), times log of it for quantiles; a byte for each value
    pub fn new(samples: &Samples, binning: Binning, run: &Run) -> Result<Codes> {
        let Binning { bins, edges, span } = binning;
        if !(2..=MOST_BINS).contains(&bins) {
            let what = format!("{bins} bins for joint histograms");
            return Err(Error::new(Code::OptionInvalid, what).todo("Give from 2 to 64."));
        }
        let shared = match span {
            Span::Shared if !samples.values.is_empty() => {
                Some(Coder::new(samples.values.to_vec(), edges, bins, run))
            }
            _ => None,
        };
        let mut codes = vec![0; samples.values.len()];
        codes.par_chunks_mut(samples.samples().max(1)).enumerate().try_for_each(|(variable, codes)| {
            run.job.check()?;
            let values: Vec<f32> = samples.column(variable).collect();
            match &shared {
                Some(coder) => coder.write(&values, codes, run),
                None => Coder::new(values.clone(), edges, bins, run).write(&values, codes, run),
            }
            Ok(())
        })?;
        let bits = bins.next_power_of_two().trailing_zeros();
        Ok(Codes { codes, samples: samples.samples(), variables: samples.variables, bits })
    }

    pub fn variables(&self) -> usize {
        self.variables
    }

    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Bits of a code.
    pub(crate) fn bits(&self) -> u32 {
        self.bits
    }

    pub fn of(&self, variable: usize) -> &[u8] {
        &self.codes[variable * self.samples..][..self.samples]
    }
}

enum Coder {
    Width(Bins),
    /// Ascending.
    Edges(Vec<f32>),
}

impl Coder {
    /// `values`: not empty
    fn new(mut values: Vec<f32>, edges: Edges, bins: usize, run: &Run) -> Coder {
        match edges {
            Edges::Width => {
                let found = extremes(run.isa, &values);
                Coder::Width(Bins::new(found.min, found.max, bins))
            }
            Edges::Quantile => {
                values.par_sort_unstable_by(f32::total_cmp);
                Coder::Edges((1..bins).map(|k| values[k * values.len() / bins]).collect())
            }
        }
    }

    /// The code of a value on an edge is that of the bin above.
    fn write(&self, values: &[f32], codes: &mut [u8], run: &Run) {
        match self {
            Coder::Width(bins) => {
                let mut indices = vec![0; values.len()];
                bin_indices(run.isa, values, *bins, &mut indices);
                for (code, index) in codes.iter_mut().zip(indices) {
                    *code = index as u8;
                }
            }
            Coder::Edges(edges) => {
                for (code, &value) in codes.iter_mut().zip(values) {
                    *code = edges.partition_point(|&edge| edge <= value) as u8;
                }
            }
        }
    }
}
