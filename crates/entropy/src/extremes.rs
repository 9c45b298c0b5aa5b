//! The first pass for a histogram: what the values of a group span.

use crate::request::{Group, Range};
use crate::run::Run;
use crate::sweep::{Part, Scratch, non_finite, sweep};
use crate::view::View;
use espalier_simd::{Bins, Extremes};
use espalier_tensor::{Model, Result};

/// Bins for each slice of each group; none for a slice without values.
/// - errors: `NON_FINITE` for a value of a class
pub(crate) fn bins_of(
    model: &Model,
    run: &Run,
    groups: &[Group],
    range: Range,
    bins: usize,
) -> Result<Vec<Vec<Option<Bins>>>> {
    let mut parts = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        for (s, slice) in group.slices.iter().enumerate() {
            let view = View::new(model, slice)?;
            parts.extend(Part::of_slice(view, &slice.classes, usize::MAX, (g, s), |class| class >= 0));
        }
    }
    run.job.expect(parts.iter().map(|part| part.bytes(model)).sum());

    let mut found: Vec<Vec<Extremes>> =
        groups.iter().map(|group| vec![Extremes::NONE; group.slices.len()]).collect();
    sweep(
        model,
        run,
        &parts,
        usize::MAX,
        |part, scratch| extremes_of(model, run, part, scratch),
        |part, extremes| {
            let (g, s) = part.owner;
            found[g][s] = found[g][s].and(extremes, 0);
            Ok(())
        },
    )?;
    let bins_of_slice = |group: &Group, found: &[Extremes], s: usize| {
        let shares = |t: &usize| range == Range::Group || group.slices[*t].tensor == group.slices[s].tensor;
        let Extremes { min, max, .. } =
            (0..found.len()).filter(shares).fold(Extremes::NONE, |all, t| all.and(found[t], 0));
        (min <= max).then(|| Bins::new(min, max, bins))
    };
    let of_group = |(group, found): (&Group, &Vec<Extremes>)| {
        (0..found.len()).map(|s| bins_of_slice(group, found, s)).collect()
    };
    Ok(groups.iter().zip(&found).map(of_group).collect())
}

fn extremes_of<T>(model: &Model, run: &Run, part: &Part<T>, scratch: &mut Scratch) -> Result<Extremes> {
    let (view, task) = (part.view, &part.task);
    let (columns, runs) = (task.columns(), runs(part.classes, task.width()));
    let mut found = Extremes::NONE;
    view.read(model, task, &mut scratch.values, |row, column, values| {
        // Where all indices count, a block is one row.
        let whole = runs.len() == 1 && runs[0].len() == columns;
        let length = if whole { values.len() } else { columns };
        for (r, first) in (0..values.len()).step_by(length).enumerate() {
            let values = values.part(first..values.len().min(first + length));
            for stretch in &runs {
                let start = stretch.start.saturating_sub(column).min(values.len());
                let end = stretch.end.saturating_sub(column).min(values.len());
                let end = if whole { values.len() } else { end };
                let extremes = espalier_simd::extremes(run.isa, values.part(start..end));
                if let Some(offset) = extremes.non_finite {
                    let (row, column) = (row + r as u64, column + start + offset);
                    let element = view.element(task, row + (column / columns) as u64, column % columns);
                    return Err(non_finite(model, view.tensor, element, values.value(start + offset)));
                }
                found = found.and(extremes, 0);
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// The stretches of columns whose indices have a class.
fn runs(classes: &[i32], width: usize) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (i, _) in classes.iter().enumerate().filter(|(_, class)| **class >= 0) {
        let (start, end) = (i * width, (i + 1) * width);
        match runs.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => runs.push(start..end),
        }
    }
    runs
}
