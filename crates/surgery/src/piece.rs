use std::ops::Range;

use espalier_tensor::onnx::Id;
use espalier_tensor::{Model, Result};

use crate::convert::Conversion;
use crate::gather::{Window, gather};
use crate::select::Selection;

/// A stretch of an output: where its bytes come from.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Literal(Vec<u8>),
    /// A range of the .onnx file.
    Copy(Range<u64>),
    /// A tensor's elements, in the form of `raw_data`.
    Tensor {
        tensor: Id,
        bytes: u64,
    },
    /// Floats as another type of floats.
    Converted {
        source: Box<Piece>,
        conversion: Box<Conversion>,
    },
    /// Some of a tensor's elements.
    Selected {
        tensor: Id,
        selection: Box<Selection>,
        bytes: u64,
    },
}

impl Piece {
    pub fn length(&self) -> u64 {
        match self {
            Piece::Literal(bytes) => bytes.len() as u64,
            Piece::Copy(range) => range.end - range.start,
            Piece::Tensor { bytes, .. } | Piece::Selected { bytes, .. } => *bytes,
            Piece::Converted { source, conversion } => conversion.length(source.length()),
        }
    }

    /// Fills `out` with its bytes from `start` on.
    pub fn read(&self, model: &Model, start: u64, out: &mut [u8], window: &mut Window) -> Result<()> {
        match self {
            Piece::Literal(bytes) => {
                let start = start as usize;
                out.copy_from_slice(&bytes[start..start + out.len()]);
                Ok(())
            }
            Piece::Copy(range) => model.sources()[0].read(range.start + start, out),
            Piece::Tensor { tensor, .. } => model.read_bytes(*tensor, start, out),
            Piece::Converted { source, conversion } => {
                let result = start..start + out.len() as u64;
                let from = conversion.source(&result);
                let mut bytes = vec![0; (from.end - from.start) as usize];
                source.read(model, from.start, &mut bytes, window)?;
                conversion.convert(&bytes, &result, out)
            }
            Piece::Selected { tensor, selection, .. } => {
                gather(model, *tensor, selection, start, out, window)
            }
        }
    }
}

pub(crate) fn length(pieces: &[Piece]) -> u64 {
    pieces.iter().map(Piece::length).sum()
}
