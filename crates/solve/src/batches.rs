//! Samples in batches, as rows or as patches, held one behind the other.

use crate::accumulate::{Source, gather_rows};
use crate::patches::{PatchSource, Patches};
use crate::rows::{Rows, check_finite};
use espalier_tensor::Result;
use std::ops::Range;

/// Numbers that may be held as rows where patches are fewer: a row is read once for each round, and its patch gathered anew.
const MOST_ROWS: usize = 1 << 24;

/// Inputs x [in] and targets y [targets] of many positions, copied.
#[derive(Debug)]
pub(crate) struct Batches {
    inputs: usize,
    targets: usize,
    batches: Vec<Batch>,
    /// Numbers that are held of patches as rows.
    spread: usize,
}

#[derive(Debug)]
struct Batch {
    x: Vec<f32>,
    y: Vec<f32>,
    patches: Option<Patches>,
}

impl Batches {
    pub fn new(inputs: usize, targets: usize) -> Batches {
        Batches { inputs, targets, batches: Vec::new(), spread: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Adds a batch; one without positions is left out.
    ///
    /// - `x`: [rows, in], or [n, c, length...] with patches; `y`: [rows, targets] or [n, targets, length'...]
    /// - errors: `NON_FINITE` for an input; `INTERNAL` for lengths that do not fit
    pub fn add(&mut self, x: Vec<f32>, y: Vec<f32>, patches: Option<&Patches>) -> Result<()> {
        check_finite(&x, "an input")?;
        let batch = Batch { x, y, patches: patches.cloned() };
        let source = batch.source(self.inputs, self.targets)?;
        let positions = source.positions();
        if positions == 0 {
            return Ok(());
        }
        let numbers = positions * (self.inputs + self.targets);
        if batch.patches.is_none() || self.spread + numbers > MOST_ROWS {
            drop(source);
            self.batches.push(batch);
            return Ok(());
        }
        self.spread += numbers;
        let rows = as_rows(&*source, self.inputs, self.targets);
        self.batches.push(rows);
        Ok(())
    }

    /// All of them, as one source.
    pub fn joined(&self) -> Result<Joined<'_>> {
        let mut parts = Vec::with_capacity(self.batches.len());
        let mut positions = 0;
        for batch in &self.batches {
            let source = batch.source(self.inputs, self.targets)?;
            let start = positions;
            positions += source.positions();
            parts.push((start, source));
        }
        Ok(Joined { inputs: self.inputs, targets: self.targets, parts, positions })
    }
}

impl Batch {
    fn source(&self, inputs: usize, targets: usize) -> Result<Box<dyn Source + '_>> {
        Ok(match &self.patches {
            Some(patches) => Box::new(PatchSource::new(patches, &self.x, &self.y, (inputs, targets))?),
            None => Box::new(Rows::checked(&self.x, &self.y, inputs, targets)?),
        })
    }
}

fn as_rows(source: &dyn Source, inputs: usize, targets: usize) -> Batch {
    let positions = source.positions();
    let (mut x, mut y) = (vec![0.0; positions * inputs], vec![0.0; positions * targets]);
    gather_rows(source, 0..positions, (inputs, targets), &mut x, &mut y);
    Batch { x, y, patches: None }
}

/// Batches as one source.
pub(crate) struct Joined<'a> {
    inputs: usize,
    targets: usize,
    /// Where each begins.
    parts: Vec<(usize, Box<dyn Source + 'a>)>,
    positions: usize,
}

impl Source for Joined<'_> {
    fn positions(&self) -> usize {
        self.positions
    }

    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]) {
        let first = self.parts.partition_point(|&(start, _)| start <= positions.start) - 1;
        for (start, source) in &self.parts[first..] {
            let from = positions.start.max(*start);
            let to = positions.end.min(start + source.positions());
            if from >= to {
                break;
            }
            let own = from - positions.start..to - positions.start;
            let x = &mut x[own.start * self.inputs..own.end * self.inputs];
            let y = &mut y[own.start * self.targets..own.end * self.targets];
            source.gather(from - start..to - start, x, y);
        }
    }
}

/// The first of the targets alone.
pub(crate) struct FirstTargets<'a, S> {
    pub source: &'a S,
    /// Of so many, this many.
    pub targets: usize,
    pub first: usize,
}

impl<S: Source> Source for FirstTargets<'_, S> {
    fn positions(&self) -> usize {
        self.source.positions()
    }

    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]) {
        if self.first == self.targets {
            return self.source.gather(positions, x, y);
        }
        let mut all = vec![0.0; positions.len() * self.targets];
        self.source.gather(positions, x, &mut all);
        for (own, all) in y.chunks_exact_mut(self.first.max(1)).zip(all.chunks_exact(self.targets)) {
            own.copy_from_slice(&all[..self.first]);
        }
    }
}
