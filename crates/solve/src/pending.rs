//! Samples that wait until there are enough of them to be multiplied.

use crate::accumulate::{GATHERED, Source};
use crate::moments::Moments;
use crate::patches::{PatchSource, Patches};
use crate::ridge::Refit;
use crate::rows::{Rows, check_finite};
use espalier_tensor::{Job, Result};
use rayon::prelude::*;
use std::ops::Range;

/// Samples that are worth a product: with fewer, adding the product to the sums would take longer than making it.
const ENOUGH: usize = 1024;

/// Samples that have been handed over, but not added yet. Whoever reads the moments adds them first: [`Pending::settle`].
#[derive(Clone, Debug, Default)]
pub struct Pending {
    rows: usize,
    /// [rows, in] and [rows, parts·out].
    x: Vec<f32>,
    y: Vec<f32>,
    /// Where targets are seen between bounds only: their parts, and what answers beyond.
    clipped: Option<(usize, Refit)>,
}

impl Pending {
    /// From here on targets are as [`Moments::add_clipped`] has them. Those that the moments had are gone.
    /// - errors: `INTERNAL` where the refit does not fit; `ABORTED`
    pub fn clip(&mut self, moments: &mut Moments, parts: usize, refit: Refit, job: &Job) -> Result<()> {
        moments.check_clipped(parts, &refit)?;
        self.settle(moments, job)?;
        moments.clear_targets();
        self.clipped = Some((parts, refit));
        Ok(())
    }

    /// Takes a batch, and adds what is enough.
    /// - errors: as [`Moments::add`] and [`Moments::add_patches`]
    pub fn add(
        &mut self,
        moments: &mut Moments,
        (x, y): (&[f32], &[f32]),
        patches: Option<&Patches>,
        job: &Job,
    ) -> Result<()> {
        let lengths = (moments.inputs(), self.targets(moments));
        check_finite(x, "an input")?;
        // Bounds may be infinite.
        if self.clipped.is_none() {
            check_finite(y, "a target")?;
        }
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
            self.multiply(moments, &rows, job)?;
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

    fn targets(&self, moments: &Moments) -> usize {
        self.clipped.as_ref().map_or(1, |(parts, _)| *parts) * moments.outputs()
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
            return self.multiply(moments, &After { source, first: at }, job);
        }
        self.append(moments, source, at, positions - at);
        Ok(())
    }

    fn append(&mut self, moments: &Moments, source: &impl Source, first: usize, count: usize) {
        let (inputs, targets) = (moments.inputs(), self.targets(moments));
        let before = self.rows;
        self.rows += count;
        self.x.resize(self.rows * inputs, 0.0);
        self.y.resize(self.rows * targets, 0.0);
        let (x, y) = (&mut self.x[before * inputs..], &mut self.y[before * targets..]);
        if inputs == 0 || targets == 0 {
            // Nothing can be cut into chunks of nothing.
            source.gather(first..first + count, x, y);
            return;
        }
        let chunks = x.par_chunks_mut(GATHERED * inputs).zip(y.par_chunks_mut(GATHERED * targets));
        chunks.enumerate().for_each(|(chunk, (x, y))| {
            let start = first + chunk * GATHERED;
            source.gather(start..start + x.len() / inputs, x, y);
        });
    }

    fn multiply(&self, moments: &mut Moments, source: &impl Source, job: &Job) -> Result<()> {
        match &self.clipped {
            Some((parts, refit)) => moments.add_clipped_source(source, *parts, refit, job),
            None => moments.add_source(source, job),
        }
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
