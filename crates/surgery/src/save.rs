use std::path::Path;

use espalier_tensor::{Code, Error, Job, Model, Result};

use crate::Edits;
use crate::layout::layout;
use crate::output::{Output, unwritable};
use crate::piece;
use crate::write::Stream;

/// A protobuf message has less than this many bytes.
const PROTOBUF_LIMIT: u64 = 1 << 31;

/// Bytes that were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    pub bytes: u64,
    pub external_bytes: u64,
}

/// Writes the edited model to `path`; its external data, where it has some, to one file beside it, `<name>.data`.
///
/// Both are written under temporary names and renamed at the end; on every error, and when the job is cancelled, nothing
/// is left behind and what was there before still is. The model's own files are never written to, `force` or not.
/// A process that is ended in between leaves what was there, or no model under that name, never one with the data of
/// another; and files `.<name>.<process>.<number>.tmp`, which nobody needs.
///
/// - errors: `OUTPUT_EXISTS` without `force`, `OUTPUT_UNWRITABLE`, `FILE_UNREADABLE`, `MODEL_TOO_LARGE`, `INTERNAL` for
///   edits that do not fit, `ABORTED`
/// - cost: reads what is kept and writes it, in parallel on the current rayon pool; memory O(threads)
pub fn save(model: &Model, edits: &Edits, path: &Path, force: bool, job: &Job) -> Result<Saved> {
    let has_external = model.tensors().iter().any(|tensor| tensor.external.is_some());
    let data_path = has_external.then(|| data_path(path)).transpose()?;
    let mut output = Output::create(path, model, force)?;
    let data_output = data_path.map(|path| Output::create(&path, model, force)).transpose()?;
    let data_name = data_output.as_ref().and_then(|output| output.path().file_name());
    let layout = layout(model, edits, data_name.map(|name| name.to_string_lossy().into_owned()))?;
    let model_stream = Stream::new(model, &layout.model);
    let data_stream = Stream::new(model, &layout.data);
    check_size(model_stream.length)?;
    // No tensor has external data any more.
    let data_output = data_output.filter(|_| !layout.data.is_empty());
    job.expect(model_stream.length + data_stream.length);
    let write = |output: &Output, stream: &Stream| {
        let path = output.path().to_owned();
        stream.to_file(output.file()?, job, &|error| unwritable(&path, &error))
    };
    if let Some(output) = &data_output {
        write(output, &data_stream)?;
    }
    write(&output, &model_stream)?;
    job.check()?;
    model.check_unchanged()?;
    // Two names cannot be taken at once: a model that is there leaves before its data does.
    if data_output.as_ref().is_some_and(Output::replaces) {
        output.make_way()?;
    }
    let placed_data = data_output.map(|output| output.commit(force)).transpose()?;
    let placed = output.commit(force)?;
    placed.keep();
    if let Some(placed) = placed_data {
        placed.keep();
    }
    Ok(Saved { bytes: model_stream.length, external_bytes: data_stream.length })
}

/// The edited model in memory, its external data moved into it.
///
/// errors: `MODEL_TOO_LARGE` from 2 GiB on; else as [`save`]
pub fn save_to_bytes(model: &Model, edits: &Edits, job: &Job) -> Result<Vec<u8>> {
    let layout = layout(model, edits, None)?;
    check_size(piece::length(&layout.model))?;
    let stream = Stream::new(model, &layout.model);
    job.expect(stream.length);
    let bytes = stream.to_bytes(job)?;
    model.check_unchanged()?;
    Ok(bytes)
}

fn check_size(bytes: u64) -> Result<()> {
    if bytes < PROTOBUF_LIMIT {
        return Ok(());
    }
    Err(Error::new(
        Code::ModelTooLarge,
        format!("the model takes {bytes} bytes, but an .onnx file holds 2 GiB at most"),
    ))
}

fn data_path(path: &Path) -> Result<std::path::PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        let what = "the output's name is not Unicode, and the model must state it for its external data";
        Error::new(Code::OutputUnwritable, what).in_file(path)
    })?;
    Ok(path.with_file_name(format!("{name}.data")))
}
