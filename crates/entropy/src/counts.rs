//! The second pass for a histogram: the values of each class, counted in bins.

use crate::request::Group;
use crate::run::Run;
use crate::sums::for_each_index;
use crate::sweep::{Part, Scratch, sweep};
use crate::view::View;
use espalier_simd::{Bins, bin_indices, histogram};
use espalier_tensor::{Code, Error, Model, Result};
use std::ops::Range;
use std::sync::Mutex;

/// Counts that are held at a time, of all groups together: 16 MiB, which 16,384 classes of 256 bins need.
const HELD: usize = 4 << 20;
/// Counts that a thread holds of its own: 1 MiB, so that they stay in a core's own cache.
const OWN: usize = 1 << 18;
/// Counts left free behind those of each index, a cache line: one bin of many indices must not lie at a power of two apart,
/// where a cache holds few of them.
const APART: usize = 16;
/// Values in a row that are worth reading by themselves.
const ROW: u64 = 1024;
/// Values of one index that lie next to each other: from so many on they are counted as one run.
const RUN: usize = 64;

/// Classes of one group that are counted together.
#[derive(Debug, PartialEq)]
struct Window {
    group: usize,
    classes: Range<usize>,
}

impl Window {
    /// Which of the window's classes is it?
    fn place(&self, class: i32) -> Option<usize> {
        usize::try_from(class)
            .ok()
            .filter(|class| self.classes.contains(class))
            .map(|c| c - self.classes.start)
    }
}

/// A window, and the counts of each of its classes, end to end.
struct Counted<'c> {
    window: &'c Window,
    counts: Mutex<&'c mut [u32]>,
}

/// Calls `join(group, classes, counts)` until every class of every group was in it; `counts` holds `bins` counts for each.
/// - `placed`: for each slice of each group its bins, all with `bins` of them
/// - errors: `MODEL_TOO_LARGE` where a class has more values than a count holds
/// - memory: 16 MiB, or the bins of one class where that is more; what a window does not hold is read again
pub(crate) fn counts_of(
    model: &Model,
    run: &Run,
    groups: &[Group],
    placed: &[Vec<Option<Bins>>],
    bins: usize,
    mut join: impl FnMut(usize, Range<usize>, &[u32]),
) -> Result<()> {
    let batches = batches(groups, bins);
    for batch in &batches {
        let parts = parts_of(model, groups, placed, batch.iter().map(|window| (window, ())), bins)?;
        run.job.expect(parts.iter().map(|part| part.bytes(model)).sum());
    }
    let length = |window: &Window| window.classes.len() * bins;
    // One memory for all batches, written to from the start: what a system gives as zeros it gives again, page by page,
    // once they are written.
    let mut held = Vec::new();
    for batch in &batches {
        held.clear();
        held.resize(batch.iter().map(length).sum(), 0u32);
        let mut rest = held.as_mut_slice();
        let mut counted = Vec::with_capacity(batch.len());
        for window in batch {
            let (counts, others) = rest.split_at_mut(length(window));
            counted.push(Counted { window, counts: Mutex::new(counts) });
            rest = others;
        }
        let windows = counted.iter().map(|counted| (counted.window, counted));
        let parts = parts_of(model, groups, placed, windows, bins)?;
        sweep(
            model,
            run,
            &parts,
            usize::MAX,
            |part, scratch| count(model, run, part, scratch),
            |_, ()| Ok(()),
        )?;
        drop(parts);
        for Counted { window, counts } in counted {
            let counts = counts.into_inner().map_err(Error::poisoned)?;
            join(window.group, window.classes.clone(), counts);
        }
    }
    Ok(())
}

/// All classes in windows, and those in batches of at most [`HELD`] counts; without their counts yet.
fn batches(groups: &[Group], bins: usize) -> Vec<Vec<Window>> {
    let most = (HELD / bins).max(1);
    let mut batches = vec![Vec::new()];
    let mut room = most;
    for (group, Group { classes, .. }) in groups.iter().enumerate() {
        let mut start = 0;
        while start < *classes {
            if room == 0 {
                batches.push(Vec::new());
                room = most;
            }
            let end = (start + room).min(*classes);
            if let Some(batch) = batches.last_mut() {
                batch.push(Window { group, classes: start..end });
            }
            room -= end - start;
            start = end;
        }
    }
    batches
}

/// What a part counts into, and by which bins.
#[derive(Clone, Copy)]
struct Owner<T> {
    into: T,
    bins: Bins,
}

fn parts_of<'a, T: Copy>(
    model: &Model,
    groups: &'a [Group],
    placed: &[Vec<Option<Bins>>],
    windows: impl Iterator<Item = (&'a Window, T)>,
    bins: usize,
) -> Result<Vec<Part<'a, Owner<T>>>> {
    let mut parts = Vec::new();
    for (window, into) in windows {
        let mut values = vec![0u64; window.classes.len()];
        for (slice, placed) in groups[window.group].slices.iter().zip(&placed[window.group]) {
            let view = View::new(model, slice)?;
            let Some(placed) = *placed else { continue };
            for place in slice.classes.iter().filter_map(|&class| window.place(class)) {
                values[place] += view.outer * view.inner;
            }
            if values.iter().any(|&values| values > u64::from(u32::MAX)) {
                let what = format!("a class of slices has more than {} values", u32::MAX);
                return Err(Error::new(Code::ModelTooLarge, what).todo("Choose another statistic."));
            }
            // A thread counts for so many indices on its own, unless that leaves rows too short to be read singly.
            let own = (OWN / bins).max(1);
            let most = if (own as u64).saturating_mul(view.inner) < ROW { usize::MAX } else { own };
            let owner = Owner { into, bins: placed };
            let wanted = |class| window.place(class).is_some();
            parts.extend(Part::of_slice(view, &slice.classes, most, owner, wanted));
        }
    }
    Ok(parts)
}

fn count(model: &Model, run: &Run, part: &Part<Owner<&Counted>>, scratch: &mut Scratch) -> Result<()> {
    let own = part.classes.len() * part.owner.bins.count();
    // Clearing and adding up counts of one's own is cheap, but not for a few values.
    if own <= OWN && own as u64 <= 8 * part.task.elements() {
        count_apart(model, run, part, scratch)
    } else {
        count_together(model, run, part, scratch)
    }
}

/// Into counts of one's own, which are then added to the window's.
fn count_apart(model: &Model, run: &Run, part: &Part<Owner<&Counted>>, scratch: &mut Scratch) -> Result<()> {
    let Owner { into: Counted { window, counts: all }, bins } = part.owner;
    let Scratch { values, bins: indices, counts, .. } = scratch;
    let (columns, width) = (part.task.columns(), part.task.width());
    counts.clear();
    let stride = bins.count() + APART;
    counts.resize(part.classes.len() * stride, 0);
    part.view.read(model, &part.task, values, |_, column, values| {
        if width >= RUN {
            for_each_index(columns, width, column, values.len(), |index, own| {
                let counts = &mut counts[index * stride..][..bins.count()];
                histogram(run.isa, values.part(own), bins, counts);
            });
        } else {
            let indices = &mut indices[..values.len()];
            bin_indices(run.isa, values, bins, indices);
            for row in indices.chunks(columns - column) {
                let counts = counts[column / width * stride..].chunks_exact_mut(stride);
                for (counts, indices) in counts.zip(row.chunks_exact(width)) {
                    indices.iter().for_each(|&bin| counts[usize::from(bin)] += 1);
                }
            }
        }
        Ok(())
    })?;
    let mut all = all.lock().map_err(Error::poisoned)?;
    for (&class, counts) in part.classes.iter().zip(counts.chunks_exact(stride)) {
        if let Some(place) = window.place(class) {
            for (all, count) in all[place * bins.count()..][..bins.count()].iter_mut().zip(counts) {
                *all += count;
            }
        }
    }
    Ok(())
}

/// Straight into the window's counts, one thread at a time; only the bins are found side by side.
fn count_together(
    model: &Model,
    run: &Run,
    part: &Part<Owner<&Counted>>,
    scratch: &mut Scratch,
) -> Result<()> {
    let Owner { into: Counted { window, counts: all }, bins } = part.owner;
    let Scratch { values, bins: indices, .. } = scratch;
    let (columns, width) = (part.task.columns(), part.task.width());
    part.view.read(model, &part.task, values, |_, column, values| {
        let indices = &mut indices[..values.len()];
        bin_indices(run.isa, values, bins, indices);
        let mut all = all.lock().map_err(Error::poisoned)?;
        for_each_index(columns, width, column, indices.len(), |index, own| {
            if let Some(place) = window.place(part.classes[index]) {
                let counts = &mut all[place * bins.count()..][..bins.count()];
                indices[own].iter().for_each(|&bin| counts[usize::from(bin)] += 1);
            }
        });
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::{HELD, batches};
    use crate::request::Group;

    #[test]
    fn batches_hold_every_class_once_and_no_more_than_there_is_room_for() {
        let sizes = [3, 0, HELD / 256 - 3, 1, 2 * HELD / 256 + 5, 7];
        let groups = sizes.map(|classes| Group { classes, slices: Vec::new() });
        for bins in [2, 256, 65_536, HELD, 2 * HELD] {
            let batches = batches(&groups, bins);
            let mut next = [0; 6];
            for batch in &batches {
                let classes: usize = batch.iter().map(|window| window.classes.len()).sum();
                assert!(classes * bins <= HELD || classes == 1, "{classes} classes of {bins} bins");
                for window in batch {
                    assert_eq!(window.classes.start, next[window.group]);
                    next[window.group] = window.classes.end;
                }
            }
            assert_eq!(next, sizes);
        }
    }
}
