//! Sums over the positions of each class.

use crate::request::Group;
use crate::run::Run;
use crate::sweep::{Part, Scratch, non_finite, sweep};
use crate::view::View;
use espalier_simd::{
    Elements, Isa, abs_sum, abs_sum_columns, square_sum, square_sum_columns, value_sum, value_sum_columns,
};
use espalier_tensor::{Error, Model, Result};
use std::ops::Range;

/// Values of one index that lie next to each other: from so many on they are summed as one run, below it column by
/// column. Part of the definition, since it is part of the order.
const RUN: usize = 32;

/// What is summed of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Value,
    Abs,
    Square,
}

impl Term {
    fn sum(self, isa: Isa, x: Elements) -> f64 {
        match self {
            Term::Value => value_sum(isa, x),
            Term::Abs => abs_sum(isa, x),
            Term::Square => square_sum(isa, x),
        }
    }

    fn sum_columns(self, isa: Isa, x: Elements, sums: &mut [f64]) {
        match self {
            Term::Value => value_sum_columns(isa, x, sums),
            Term::Abs => abs_sum_columns(isa, x, sums),
            Term::Square => square_sum_columns(isa, x, sums),
        }
    }
}

/// For each group the sum of each class.
/// - errors: `NON_FINITE` for a value of a class
pub(crate) fn sums_of(model: &Model, run: &Run, groups: &[Group], term: Term) -> Result<Vec<Vec<f64>>> {
    let mut parts = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        for slice in &group.slices {
            let view = View::new(model, slice)?;
            parts.extend(Part::of_slice(view, &slice.classes, usize::MAX, g, |class| class >= 0));
        }
    }
    run.job.expect(parts.iter().map(|part| part.bytes(model)).sum());

    let mut sums: Vec<Vec<f64>> = groups.iter().map(|group| vec![0.0; group.classes]).collect();
    sweep(
        model,
        run,
        &parts,
        usize::MAX,
        |part, scratch| sums_of_part(model, run, part, scratch, term),
        |part, partial: Vec<f64>| {
            for (&class, sum) in part.classes.iter().zip(partial) {
                if class >= 0 {
                    sums[part.owner][class as usize] += sum;
                }
            }
            Ok(())
        },
    )?;
    Ok(sums)
}

/// The sum of each of a part's indices.
/// - errors: `NON_FINITE` for a value of a class
pub(crate) fn sums_of_part<T>(
    model: &Model,
    run: &Run,
    part: &Part<T>,
    scratch: &mut Scratch,
    term: Term,
) -> Result<Vec<f64>> {
    let Scratch { values, sums: columns, .. } = scratch;
    let width = part.task.width();
    let mut sums = vec![0.0; part.classes.len()];
    if width >= RUN {
        part.view.read(model, &part.task, values, |_, column, values| {
            for_each_index(part.task.columns(), width, column, values.len(), |index, own| {
                sums[index] += term.sum(run.isa, values.part(own));
            });
            Ok(())
        })?;
    } else {
        columns.clear();
        columns.resize(part.task.columns(), 0.0);
        part.view.read(model, &part.task, values, |_, column, values| {
            term.sum_columns(run.isa, values, &mut columns[column..]);
            Ok(())
        })?;
        for (sum, columns) in sums.iter_mut().zip(columns.chunks_exact(width)) {
            *sum = columns.iter().sum();
        }
    }
    // Neither sum overflows for finite values, so a sum tells of all that it was made of.
    let broken = |(&class, sum): (&i32, &f64)| class >= 0 && !sum.is_finite();
    if part.classes.iter().zip(&sums).any(broken) {
        return Err(first_non_finite(model, part, values)?);
    }
    Ok(sums)
}

/// Calls `work(index, own)` for every stretch of a block that belongs to one index.
/// - `length`: values of the block, from `column` on, in rows of `columns`; `width` columns for each index
pub(crate) fn for_each_index(
    columns: usize,
    width: usize,
    column: usize,
    length: usize,
    mut work: impl FnMut(usize, Range<usize>),
) {
    let (mut index, mut start, mut end) = (column / width, 0, width - column % width);
    while start < length {
        work(index, start..end.min(length));
        index = if (index + 1) * width == columns { 0 } else { index + 1 };
        (start, end) = (end, end + width);
    }
}

fn first_non_finite<T>(model: &Model, part: &Part<T>, buffer: &mut [f32]) -> Result<Error> {
    let (view, task) = (part.view, &part.task);
    let (columns, width) = (task.columns(), task.width());
    let mut found = None;
    view.read(model, task, buffer, |row, column, values| {
        let broken =
            |&(i, v): &(usize, f32)| part.classes[(column + i) % columns / width] >= 0 && !v.is_finite();
        if found.is_none() {
            found = (0..values.len()).map(|i| (i, values.value(i))).find(broken).map(|(i, v)| {
                let element =
                    view.element(task, row + ((column + i) / columns) as u64, (column + i) % columns);
                non_finite(model, view.tensor, element, v)
            });
        }
        Ok(())
    })?;
    Ok(found.unwrap_or_else(|| Error::internal("a sum is not finite, its values are")))
}
