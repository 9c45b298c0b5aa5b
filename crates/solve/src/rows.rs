//! Samples as rows, and what makes values fit to be added.

use crate::accumulate::Source;
use espalier_tensor::{Code, Error, Result};
use rayon::prelude::*;
use std::ops::Range;

/// x [rows, in] and y [rows, targets].
pub(crate) struct Rows<'a> {
    pub rows: usize,
    pub x: &'a [f32],
    pub y: &'a [f32],
}

impl<'a> Rows<'a> {
    /// errors: `INTERNAL` for lengths that do not fit
    pub fn checked(x: &'a [f32], y: &'a [f32], inputs: usize, targets: usize) -> Result<Self> {
        let rows = x.len().checked_div(inputs).or(y.len().checked_div(targets)).unwrap_or(0);
        if x.len() != rows * inputs || y.len() != rows * targets {
            let what = format!("{} values of {inputs} inputs, {} of {targets} targets", x.len(), y.len());
            return Err(Error::internal(what));
        }
        Ok(Self { rows, x, y })
    }
}

impl Source for Rows<'_> {
    fn positions(&self) -> usize {
        self.rows
    }

    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]) {
        let part = |all: &[f32]| all.len().checked_div(self.rows).unwrap_or(0);
        let (inputs, targets) = (part(self.x), part(self.y));
        x.copy_from_slice(&self.x[positions.start * inputs..positions.end * inputs]);
        y.copy_from_slice(&self.y[positions.start * targets..positions.end * targets]);
    }
}

/// errors: `NON_FINITE`
pub(crate) fn check_finite(values: &[f32], what: &str) -> Result<()> {
    const RUN: usize = 1 << 14;
    let broken = |run: &[f32]| !run.iter().fold(true, |finite, value| finite & value.is_finite());
    let Some(run) = values.par_chunks(RUN).position_first(broken) else { return Ok(()) };
    let rest = values[run * RUN..].iter().enumerate();
    let Some((place, value)) = rest.map(|(i, v)| (run * RUN + i, v)).find(|(_, v)| !v.is_finite()) else {
        return Ok(());
    };
    let what = format!("{what} of the calibration is {value} at {place} of its batch");
    Err(Error::new(Code::NonFinite, what)
        .todo("Check the calibration data, and what the model gives for it."))
}
