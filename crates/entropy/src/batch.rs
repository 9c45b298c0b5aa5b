//! A batch of a value, taken apart into classes.

use crate::run::Run;
use espalier_tensor::{Code, Error, Result};
use rayon::prelude::*;

/// Values of one index that lie next to each other: from so many on they are taken as they lie, below it gathered. Part of the
/// definition, since it is part of the order.
const RUN: usize = 32;
/// Values that are gathered before they are worked on.
const GATHERED: usize = 1024;
/// Classes that a task gathers side by side: their values share cache lines.
const TILE: usize = 64;

/// A value of a model for some samples, seen as [outer, n, inner].
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Its name, for errors.
    pub name: &'a str,
    pub values: &'a [f32],
    pub outer: usize,
    pub inner: usize,
    /// [n]: the class of each index, or -1.
    pub classes: &'a [i32],
}

impl Batch<'_> {
    /// errors: `INTERNAL` where it contradicts itself
    fn check(&self, classes: usize) -> Result<()> {
        let Self { values, outer, inner, .. } = *self;
        let n = self.classes.len();
        if outer.checked_mul(n).and_then(|rows| rows.checked_mul(inner)) != Some(values.len()) {
            let what = format!("{} values, not [{outer}, {n}, {inner}]", values.len());
            return Err(Error::internal(what).in_tensor(self.name));
        }
        let outside = |&&class: &&i32| class < -1 || i64::from(class) >= classes as i64;
        match self.classes.iter().find(outside) {
            Some(class) => Err(Error::internal(format!("class {class} of {classes}")).in_tensor(self.name)),
            None => Ok(()),
        }
    }

    /// The run of one index at one outer position.
    fn run(&self, row: usize, index: usize) -> &[f32] {
        &self.values[(row * self.classes.len() + index) * self.inner..][..self.inner]
    }

    /// The error that names the first value of a class that is not finite.
    fn non_finite(&self) -> Error {
        let (n, inner) = (self.classes.len(), self.inner);
        let broken = |&(i, v): &(usize, &f32)| self.classes[i / inner % n] >= 0 && !v.is_finite();
        let Some((i, value)) = self.values.iter().enumerate().find(broken) else {
            return Error::internal("a value was not finite").in_tensor(self.name);
        };
        let place = (i / inner / n, i / inner % n, i % inner);
        let what =
            format!("its value at {place:?} of [outer, lane, inner] of a batch of the data is {value}");
        Error::new(Code::NonFinite, what)
            .in_tensor(self.name)
            .todo("Check the calibration data, and what the model gives for it.")
    }
}

/// Calls `work(state, values)` with the values of each class, in the order of the batch; a state for each class.
/// - `work`: says whether all of the values were finite
/// - errors: `NON_FINITE`, `ABORTED`, `INTERNAL`
pub(crate) fn sweep<S: Send>(
    batch: &Batch<'_>,
    states: &mut [S],
    run: &Run,
    work: impl Fn(&mut S, &[f32]) -> bool + Sync,
) -> Result<()> {
    batch.check(states.len())?;
    if batch.values.is_empty() {
        return Ok(());
    }
    let mut indices: Vec<Vec<usize>> = vec![Vec::new(); states.len()];
    for (index, &class) in batch.classes.iter().enumerate().filter(|(_, class)| **class >= 0) {
        indices[class as usize].push(index);
    }
    let bytes = size_of_val(batch.values) as u64;
    run.job.expect(bytes);
    let tile = if batch.inner >= RUN { 1 } else { TILE };
    let each = |(states, indices): (&mut [S], &[Vec<usize>])| -> Result<bool> {
        run.job.check()?;
        if batch.inner >= RUN {
            Ok(states.iter_mut().zip(indices).all(|(state, indices)| straight(batch, state, indices, &work)))
        } else {
            Ok(gathered(batch, states, indices, &work))
        }
    };
    let done: Vec<Result<bool>> =
        states.par_chunks_mut(tile).zip(indices.par_chunks(tile)).map(each).collect();
    for finite in done {
        if !finite? {
            return Err(batch.non_finite());
        }
    }
    run.job.advance(bytes);
    Ok(())
}

fn straight<S>(
    batch: &Batch<'_>,
    state: &mut S,
    indices: &[usize],
    work: &impl Fn(&mut S, &[f32]) -> bool,
) -> bool {
    let mut finite = true;
    for row in 0..batch.outer {
        for &index in indices {
            finite &= work(state, batch.run(row, index));
        }
    }
    finite
}

fn gathered<S>(
    batch: &Batch<'_>,
    states: &mut [S],
    indices: &[Vec<usize>],
    work: &impl Fn(&mut S, &[f32]) -> bool,
) -> bool {
    let mut finite = true;
    let mut buffer = Vec::with_capacity(GATHERED);
    let rows = (GATHERED / batch.inner.max(1)).max(1);
    for first in (0..batch.outer).step_by(rows) {
        let last = (first + rows).min(batch.outer);
        for (state, indices) in states.iter_mut().zip(indices).filter(|(_, indices)| !indices.is_empty()) {
            buffer.clear();
            for row in first..last {
                indices.iter().for_each(|&index| buffer.extend_from_slice(batch.run(row, index)));
            }
            finite &= work(state, &buffer);
        }
    }
    finite
}
