//! One pass over parts of a model: tasks on all threads, their results joined in the order of the tasks.

use crate::run::Run;
use crate::view::{BLOCK, Task, View};
use espalier_tensor::{Code, Error, Model, Result};
use rayon::prelude::*;
use std::sync::Mutex;

/// Most tasks whose results may wait to be joined.
const WAVE: usize = 256;

/// A task, and what it is a part of.
#[derive(Debug)]
pub(crate) struct Part<'a, T> {
    pub view: View<'a>,
    pub task: Task,
    /// The class of each of the task's indices, or -1.
    pub classes: &'a [i32],
    pub owner: T,
}

impl<'a, T: Copy> Part<'a, T> {
    /// The parts of a slice, without those in which `wanted` has no class.
    /// - `most`: indices that a part may have
    pub fn of_slice(
        view: View<'a>,
        classes: &'a [i32],
        most: usize,
        owner: T,
        wanted: impl Fn(i32) -> bool,
    ) -> impl Iterator<Item = Self> {
        view.tasks(most)
            .into_iter()
            .map(move |task| Part { view, classes: &classes[task.indices.clone()], task, owner })
            .filter(move |part| part.classes.iter().any(|&class| wanted(class)))
    }

    /// Bytes of its values as they are stored.
    pub fn bytes(&self, model: &Model) -> u64 {
        model[self.view.tensor].dtype.bits() * self.task.elements() / 8
    }
}

/// Memory that a thread works in; kept from task to task.
pub(crate) struct Scratch {
    /// [`BLOCK`] values.
    pub values: Vec<f32>,
    /// [`BLOCK`] bins.
    pub bins: Vec<u16>,
    /// [`BLOCK`] terms of an entropy.
    pub terms: Vec<f32>,
    pub sums: Vec<f64>,
    pub counts: Vec<u32>,
}

impl Scratch {
    fn new() -> Self {
        Self {
            values: vec![0.0; BLOCK],
            bins: vec![0; BLOCK],
            terms: vec![0.0; BLOCK],
            sums: Vec::new(),
            counts: Vec::new(),
        }
    }
}

/// Calls `work` for every part, on the threads of the current pool, and `join` with its result, in the order of the parts.
/// - `wave`: how many results may wait to be joined; at most 256 do
/// - errors: the first in the order of the parts; `ABORTED` once the job is cancelled
/// - the job advances by [`Part::bytes`]; it must expect them already
pub(crate) fn sweep<T: Copy + Send + Sync, R: Send>(
    model: &Model,
    run: &Run,
    parts: &[Part<T>],
    wave: usize,
    work: impl Fn(&Part<T>, &mut Scratch) -> Result<R> + Sync,
    mut join: impl FnMut(&Part<T>, R) -> Result<()>,
) -> Result<()> {
    let spare = Mutex::new(Vec::new());
    for wave in parts.chunks(wave.clamp(1, WAVE)) {
        let each = |part: &Part<T>| {
            run.job.check()?;
            let mut scratch = spare.lock().map_err(Error::poisoned)?.pop().unwrap_or_else(Scratch::new);
            let result = work(part, &mut scratch)?;
            spare.lock().map_err(Error::poisoned)?.push(scratch);
            run.job.advance(part.bytes(model));
            Ok(result)
        };
        let results: Vec<Result<R>> = wave.par_iter().map(each).collect();
        for (part, result) in wave.iter().zip(results) {
            join(part, result?)?;
        }
    }
    Ok(())
}

/// The error that names the value which is not finite.
pub(crate) fn non_finite(model: &Model, tensor: usize, element: u64, value: f32) -> Error {
    let tensor = &model[tensor];
    let mut rest = element;
    let mut index: Vec<String> = Vec::new();
    for &length in tensor.dims.iter().rev() {
        index.push((rest % length).to_string());
        rest /= length;
    }
    index.reverse();
    let value = if value.is_nan() { "NaN".to_owned() } else { format!("{value}") };
    Error::new(Code::NonFinite, format!("the value at [{}] is {value}", index.join(", ")))
        .in_tensor(&tensor.name)
}
