//! Copying what a [`Selection`] keeps, at the speed of memory.

use espalier_tensor::onnx::Id;
use espalier_tensor::{Model, Result};

use crate::select::Selection;

/// Bytes of a tensor held at a time.
const WINDOW: u64 = 1 << 20;
/// From this many bytes on, a run is read straight to its place.
const DIRECT: u64 = 16 * 1024;

/// A part of a tensor's bytes in memory; kept between calls so that its buffer is.
#[derive(Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    tensor: Option<Id>,
    start: u64,
}

impl Window {
    /// `length` bytes from `start` on. What is not there yet is read, up to `limit` where `ahead`.
    fn get(
        &mut self,
        model: &Model,
        tensor: Id,
        start: u64,
        length: u64,
        ahead: Option<u64>,
    ) -> Result<&[u8]> {
        let end = self.start + self.bytes.len() as u64;
        if self.tensor != Some(tensor) || start < self.start || start + length > end {
            let read = ahead.map_or(length, |limit| (limit - start).min(WINDOW).max(length));
            self.tensor = None;
            self.bytes.resize(read as usize, 0);
            model.read_bytes(tensor, start, &mut self.bytes)?;
            (self.tensor, self.start) = (Some(tensor), start);
        }
        let from = (start - self.start) as usize;
        Ok(&self.bytes[from..from + length as usize])
    }
}

/// Fills `out` with the bytes of the selected elements from byte `start` of the result on.
///
/// - cost: each source byte between the first and the last needed one is read at most once, except in gaps wider than a
///   window; memory O(window)
pub(crate) fn gather(
    model: &Model,
    tensor: Id,
    selection: &Selection,
    start: u64,
    out: &mut [u8],
    window: &mut Window,
) -> Result<()> {
    let found = model.tensor(tensor)?;
    let (bits, limit) = (found.dtype.bits(), found.bytes);
    if bits < 8 {
        return packed(model, tensor, selection, bits, start, out, window);
    }
    let unit = selection.inner * bits / 8;
    if unit == 0 {
        return Ok(());
    }
    let kept = selection.kept.len() as u64;
    let row_bytes = selection.length * unit;
    let (mut at, mut rest) = (start, out);
    while !rest.is_empty() {
        let (row, column) = (at / unit / kept, at / unit % kept);
        let source = selection.source_row(row) * row_bytes;
        let inside = at % unit;
        let left = rest.len() as u64;
        let taken;
        if inside != 0 || left < unit {
            taken = (unit - inside).min(left);
            let from = source + u64::from(selection.kept[column as usize]) * unit + inside;
            model.read_bytes(tensor, from, &mut rest[..taken as usize])?;
        } else {
            let units = (kept - column).min(left / unit);
            taken = units * unit;
            let row = Row {
                source,
                unit,
                kept: &selection.kept[column as usize..(column + units) as usize],
                in_runs: selection.in_runs,
                ahead: (row_bytes <= 4 * DIRECT).then_some(limit),
            };
            row.gather(model, tensor, &mut rest[..taken as usize], window)?;
        }
        rest = &mut rest[taken as usize..];
        at += taken;
    }
    Ok(())
}

/// Some whole units of one row.
struct Row<'s> {
    /// Where the row begins in the tensor.
    source: u64,
    unit: u64,
    kept: &'s [u32],
    in_runs: bool,
    /// Where reading ahead ends; none where rows are too long for that to pay.
    ahead: Option<u64>,
}

impl Row<'_> {
    fn gather(self, model: &Model, tensor: Id, out: &mut [u8], window: &mut Window) -> Result<()> {
        let unit = self.unit;
        let (mut kept, mut out) = (self.kept, out);
        while let Some(first) = kept.first() {
            let from = self.source + u64::from(*first) * unit;
            let run = run(kept);
            let count = if run as u64 * unit >= DIRECT {
                model.read_bytes(tensor, from, &mut out[..run * unit as usize])?;
                run
            } else {
                let within = |index: &u32| u64::from(index - first + 1) * unit <= WINDOW;
                let count = kept.partition_point(within).max(1);
                let span = u64::from(kept[count - 1] - first + 1) * unit;
                let bytes = window.get(model, tensor, from, span, self.ahead)?;
                pick(bytes, &kept[..count], unit as usize, self.in_runs, &mut out[..count * unit as usize]);
                count
            };
            kept = &kept[count..];
            out = &mut out[count * unit as usize..];
        }
        Ok(())
    }
}

/// How many of the first indices are neighbours.
fn run(kept: &[u32]) -> usize {
    let first = kept[0] as usize;
    // A whole run is common, and asking for it first is cheap.
    if kept[kept.len() - 1] as usize - first == kept.len() - 1 {
        return kept.len();
    }
    kept.iter().enumerate().take_while(|(index, kept)| **kept as usize == first + index).count()
}

/// The kept units of `source`, whose first byte belongs to index `kept[0]`.
fn pick(source: &[u8], kept: &[u32], unit: usize, in_runs: bool, out: &mut [u8]) {
    fn each<const UNIT: usize>(source: &[u8], kept: &[u32], out: &mut [u8]) {
        let source = source.as_chunks::<UNIT>().0;
        let first = kept[0];
        for (out, index) in out.as_chunks_mut::<UNIT>().0.iter_mut().zip(kept) {
            *out = source[(index - first) as usize];
        }
    }
    match unit {
        _ if in_runs => runs(source, kept, unit, out),
        1 => each::<1>(source, kept, out),
        2 => each::<2>(source, kept, out),
        4 => each::<4>(source, kept, out),
        8 => each::<8>(source, kept, out),
        16 => each::<16>(source, kept, out),
        // Kernels of 3 × 3 in half and single precision.
        18 => each::<18>(source, kept, out),
        36 => each::<36>(source, kept, out),
        _ => runs(source, kept, unit, out),
    }
}

fn runs(source: &[u8], mut kept: &[u32], unit: usize, mut out: &mut [u8]) {
    let Some(first) = kept.first().copied() else { return };
    while !kept.is_empty() {
        let run = run(kept);
        let from = (kept[0] - first) as usize * unit;
        let (now, later) = out.split_at_mut(run * unit);
        now.copy_from_slice(&source[from..from + run * unit]);
        kept = &kept[run..];
        out = later;
    }
}

/// Elements below a byte, one by one: the first in the lowest bits, the last byte padded with zeros.
fn packed(
    model: &Model,
    tensor: Id,
    selection: &Selection,
    bits: u64,
    start: u64,
    out: &mut [u8],
    window: &mut Window,
) -> Result<()> {
    let limit = model.tensor(tensor)?.bytes;
    let mask = (1u8 << bits) - 1;
    let (per_byte, elements) = (8 / bits, selection.elements());
    out.fill(0);
    for (index, byte) in out.iter_mut().enumerate() {
        let first = (start + index as u64) * per_byte;
        for slot in 0..per_byte.min(elements - first) {
            let bit = selection.source_element(first + slot) * bits;
            let source = window.get(model, tensor, bit / 8, 1, Some(limit))?[0];
            *byte |= (source >> (bit % 8) & mask) << (slot * bits);
        }
    }
    Ok(())
}
