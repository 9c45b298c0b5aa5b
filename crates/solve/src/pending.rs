//! Samples that wait until there are enough of them to be multiplied.

use crate::accumulate::{Source, gather_rows};
use crate::moments::Moments;
use crate::patches::{PatchSource, Patches};
use crate::rows::{Rows, check_finite};
use espalier_tensor::{Job, Result};
use std::ops::Range;

/// Samples that are worth a product: with fewer, adding the product to the sums would take longer than making it.
const ENOUGH: usize = 1024;

/// Samples that have been handed over, but not added yet. Whoever reads the moments adds them first: [`Pending::settle`].
#[derive(Clone, Debug, Default)]
pub struct Pending {
    rows: usize,
    /// [rows, in] and [rows, out].
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Pending {
    /// Takes a batch, and adds what is enough.
    /// - errors: as [`Moments::add`] and [`Moments::add_patches`]
    pub fn add(
        &mut self,
        moments: &mut Moments,
        (x, y): (&[f32], &[f32]),
        patches: Option<&Patches>,
        job: &Job,
    ) -> Result<()> {
        let lengths = (moments.inputs(), moments.outputs());
        check_finite(x, "an input")?;
        check_finite(y, "a target")?;
        match patches {
            Some(patches) => self.take(moments, &PatchSource::new(patches, x, y, lengths)?, job),
            None => self.take(moments, &Rows::checked(x, y, lengths.0, lengths.1)?, job),
        }
    }

    /// Adds what waits.
    /// - errors: `ABORTED`
    pub fn settle(&mut self, moments: &mut Moments, job: &Job) -> Result<()> {
        if self.rows > 0 {
            let rows = Rows { rows: self.rows, x: &self.x, y: &self.y };
            moments.add_source(&rows, job)?;
        }
        self.rows = 0;
        self.x.clear();
        self.y.clear();
        Ok(())
    }

    /// Gives back the memory that waiting takes, until samples wait again.
    pub fn release(&mut self) {
        self.x.shrink_to_fit();
        self.y.shrink_to_fit();
    }

    fn take(&mut self, moments: &mut Moments, source: &impl Source, job: &Job) -> Result<()> {
        let positions = source.positions();
        let mut at = 0;
        if self.rows > 0 || positions < ENOUGH {
            at = positions.min(ENOUGH - self.rows);
            self.append(moments, source, 0, at);
            if self.rows == ENOUGH {
                self.settle(moments, job)?;
            }
        }
        if positions - at >= ENOUGH {
            return moments.add_source(&After { source, first: at }, job);
        }
        self.append(moments, source, at, positions - at);
        Ok(())
    }

    fn append(&mut self, moments: &Moments, source: &impl Source, first: usize, count: usize) {
        let lengths = (moments.inputs(), moments.outputs());
        let before = self.rows;
        self.rows += count;
        self.x.resize(self.rows * lengths.0, 0.0);
        self.y.resize(self.rows * lengths.1, 0.0);
        let (x, y) = (&mut self.x[before * lengths.0..], &mut self.y[before * lengths.1..]);
        gather_rows(source, first..first + count, lengths, x, y);
    }
}

/// What a source has from some position on.
struct After<'a, S> {
    source: &'a S,
    first: usize,
}

impl<S: Source> Source for After<'_, S> {
    fn positions(&self) -> usize {
        self.source.positions() - self.first
    }

    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]) {
        self.source.gather(self.first + positions.start..self.first + positions.end, x, y);
    }
}
