//! Every single weight's own term in the entropy of its tensor, to a file.

use crate::npz::Npz;
use crate::run::Run;
use crate::sums::{Term, sums_of_part};
use crate::sweep::{Part, Scratch, sweep};
use crate::view::View;
use espalier_simd::entropy_terms;
use espalier_tensor::output::{Output, unwritable};
use espalier_tensor::{Code, Error, Model, Result};
use std::path::Path;

/// A tensor whose terms are asked for, and the name that they get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub tensor: usize,
    pub name: String,
}

/// Writes `-p log2 p`, in bits, of every weight to an `.npz`, with p = |w| / Σ|w| over the weight's tensor.
///
/// One array of float32 for each of `tensors`, with its shape and name; a name is escaped with `%XX` where it is no name
/// for a file. Written under another name and renamed at the end: nothing is left behind on an error.
///
/// - returns: bytes written
/// - errors: `OUTPUT_EXISTS` without `force`, or where `path` is a file of the model; `OUTPUT_UNWRITABLE`; `NON_FINITE`
///   with the tensor and the place; `MODEL_UNSUPPORTED` for strings and complex numbers; `FILE_UNREADABLE`; `ABORTED`
/// - cost: reads each tensor twice, with a few MiB for each thread
/// - the same bytes on any number of threads and any instruction set
pub fn write_terms(model: &Model, tensors: &[Named], path: &Path, force: bool, run: &Run) -> Result<u64> {
    terms_beside(model, tensors, path, force, run)?.place()
}

/// Terms that are written, but for the name of their file: [`WrittenTerms::place`] gives it. Dropped before, they leave nothing behind.
pub struct WrittenTerms {
    bytes: u64,
    output: Output,
    force: bool,
}

impl WrittenTerms {
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// errors: `OUTPUT_EXISTS` without `force` where something is there by now, `OUTPUT_UNWRITABLE`
    pub fn place(self) -> Result<u64> {
        let WrittenTerms { bytes, output, force } = self;
        output.commit(force)?.keep();
        Ok(bytes)
    }
}

/// As [`write_terms`], up to where the file gets its name.
pub fn terms_beside(
    model: &Model,
    tensors: &[Named],
    path: &Path,
    force: bool,
    run: &Run,
) -> Result<WrittenTerms> {
    let named = |error: Error| model.path().map_or(error.clone(), |path| error.in_file(path));
    let parts = parts(model, tensors).map_err(named)?;
    let output = Output::create(path, model, force)?;
    let failed = |error: std::io::Error| unwritable(path, &error);

    // Once for the sums, once for the terms.
    run.job.expect(2 * parts.iter().map(|part| part.bytes(model)).sum::<u64>());
    let sums = sums(model, run, &parts, tensors.len()).map_err(named)?;
    let mut npz = Npz::new(output.file()?);
    let mut parts = &parts[..];
    for (t, Named { tensor, name }) in tensors.iter().enumerate() {
        let (own, others) = parts.split_at(parts.partition_point(|part| part.owner <= t));
        parts = others;
        npz.begin(name, &model[*tensor].dims).map_err(failed)?;
        let terms = |part: &Part<usize>, scratch: &mut _| terms_of_part(model, run, part, scratch, sums[t]);
        sweep(model, run, own, 2 * rayon::current_num_threads(), terms, |_, terms| {
            npz.write(&terms).map_err(failed)
        })
        .map_err(named)?;
    }
    npz.finish().map_err(failed)?;
    run.job.check()?;
    model.check_unchanged()?;
    let bytes = output.file()?.metadata().map_err(failed)?.len();
    Ok(WrittenTerms { bytes, output, force })
}

/// Each tensor as one index of one axis, in pieces; the owner is its place in the list.
fn parts(model: &Model, tensors: &[Named]) -> Result<Vec<Part<'static, usize>>> {
    let mut parts = Vec::new();
    for (t, named) in tensors.iter().enumerate() {
        let tensor = model.tensor(named.tensor)?;
        if !tensor.dtype.is_numeric() {
            let what = format!("its elements are {}, not real numbers", tensor.dtype);
            return Err(Error::new(Code::ModelUnsupported, what).in_tensor(&named.name));
        }
        let view = View { tensor: named.tensor, outer: 1, indices: 1, inner: tensor.elements, scaling: None };
        parts.extend(Part::of_slice(view, &[0], usize::MAX, t, |_| true));
    }
    Ok(parts)
}

/// `Σ|w|` of each tensor.
fn sums(model: &Model, run: &Run, parts: &[Part<usize>], tensors: usize) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; tensors];
    let sum = |part: &Part<usize>, scratch: &mut _| sums_of_part(model, run, part, scratch, Term::Abs);
    sweep(model, run, parts, usize::MAX, sum, |part, sum| {
        sums[part.owner] += sum.iter().sum::<f64>();
        Ok(())
    })?;
    Ok(sums)
}

/// The terms of a part's weights as little-endian bytes.
fn terms_of_part<T>(
    model: &Model,
    run: &Run,
    part: &Part<T>,
    scratch: &mut Scratch,
    total: f64,
) -> Result<Vec<u8>> {
    let Scratch { values, terms, .. } = scratch;
    let mut bytes = Vec::with_capacity(part.task.elements() as usize * 4);
    part.view.read(model, &part.task, values, |_, _, values| {
        let terms = &mut terms[..values.len()];
        entropy_terms(run.isa, values, total, terms);
        let start = bytes.len();
        bytes.resize(start + values.len() * 4, 0);
        for (bytes, term) in bytes[start..].as_chunks_mut().0.iter_mut().zip(terms) {
            *bytes = term.to_le_bytes();
        }
        Ok(())
    })?;
    Ok(bytes)
}
