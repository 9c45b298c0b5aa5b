use std::sync::Arc;

use espalier_tensor::onnx::Tensor;
use espalier_tensor::{Error, Result};

use crate::Kept;

/// Indices kept along some axes of a tensor: what the result looks like, and where its parts lie in the source.
///
/// Axes are merged where no cut lies between them, so that the tensor is `outer × [length of the last cut axis] × inner`:
/// a *row* is one pass along the last cut axis, a *unit* the `inner` elements at one index of it.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The lengths that remain.
    pub dims: Vec<u64>,
    /// Before the last cut axis.
    pub outer: Vec<Axis>,
    /// Indices kept of the last cut axis.
    pub kept: Arc<[u32]>,
    /// Length of the last cut axis in the source.
    pub length: u64,
    /// Elements at one index of the last cut axis.
    pub inner: u64,
    /// Are most kept indices neighbours, so that copying runs pays?
    pub in_runs: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// Its length in the source.
    pub length: u64,
    /// None: all.
    pub kept: Option<Arc<[u32]>>,
}

impl Axis {
    fn count(&self) -> u64 {
        self.kept.as_ref().map_or(self.length, |kept| kept.len() as u64)
    }
}

impl Selection {
    /// The selection of these indices. None where nothing is cut.
    ///
    /// errors: `INTERNAL` for an axis that does not exist or is named twice, and for indices that are none, not
    /// ascending, or out of range
    pub fn new(tensor: &Tensor, selections: &[&Kept]) -> Result<Option<Selection>> {
        let mut axes =
            tensor.dims.iter().map(|length| Axis { length: *length, kept: None }).collect::<Vec<_>>();
        for kept in selections {
            let place =
                |what: String| Error::internal(what).in_tensor(&tensor.name).on_axis(kept.axis as u32);
            let axis = axes
                .get_mut(kept.axis)
                .ok_or_else(|| place(format!("a selection, but it has {} axes", tensor.dims.len())))?;
            if axis.kept.is_some() {
                return Err(place("two selections of one axis".to_owned()));
            }
            check(&kept.indices, axis.length).map_err(place)?;
            axis.kept = Some(kept.indices.as_slice().into());
        }
        let dims = axes.iter().map(Axis::count).collect::<Vec<_>>();
        if dims == tensor.dims {
            return Ok(None);
        }
        let mut merged: Vec<Axis> = Vec::new();
        for mut axis in axes {
            if axis.count() == axis.length {
                axis.kept = None;
            }
            match merged.last_mut() {
                // Only a tensor without elements can saturate: the product of all dims was checked.
                Some(last) if last.kept.is_none() && axis.kept.is_none() => {
                    last.length = last.length.saturating_mul(axis.length);
                }
                _ => merged.push(axis),
            }
        }
        let mut inner = 1;
        let last = loop {
            match merged.pop() {
                Some(Axis { length, kept: Some(kept) }) => break (length, kept),
                Some(Axis { length, kept: None }) => inner = length,
                None => return Ok(None),
            }
        };
        let (length, kept) = last;
        let runs = 1 + kept.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
        let in_runs = kept.len() / runs >= 16;
        Ok(Some(Selection { dims, outer: merged, kept, length, inner, in_runs }))
    }

    /// Elements that remain.
    pub fn elements(&self) -> u64 {
        if self.dims.contains(&0) { 0 } else { self.dims.iter().product() }
    }

    /// The source row of a row of the result.
    pub fn source_row(&self, mut row: u64) -> u64 {
        let (mut source, mut stride) = (0, 1);
        for axis in self.outer.iter().rev() {
            let count = axis.count();
            let index = row % count;
            row /= count;
            source += stride * axis.kept.as_ref().map_or(index, |kept| u64::from(kept[index as usize]));
            stride *= axis.length;
        }
        source
    }

    /// The source element of an element of the result.
    pub fn source_element(&self, element: u64) -> u64 {
        let unit = element / self.inner;
        let (row, column) = (unit / self.kept.len() as u64, unit % self.kept.len() as u64);
        let index = self.source_row(row) * self.length + u64::from(self.kept[column as usize]);
        index * self.inner + element % self.inner
    }
}

fn check(indices: &[u32], length: u64) -> Result<(), String> {
    let Some(last) = indices.last() else { return Err("a selection that keeps nothing".to_owned()) };
    if let Some(pair) = indices.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(format!("a selection that is not ascending: {} before {}", pair[0], pair[1]));
    }
    if u64::from(*last) >= length {
        return Err(format!("a selection of index {last}, but the axis has the length {length}"));
    }
    Ok(())
}
