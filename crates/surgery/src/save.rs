use std::path::Path;

use espalier_tensor::output::{Output, unwritable};
use espalier_tensor::{Code, Error, Job, Model, Result};

use crate::Edits;
use crate::layout::{Place, layout};
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

/// Writes the edited model to `path`; its external data, where it has some, to one file beside it, `<name>.data`. Where the
/// model would take 2 GiB or more, all of its large data goes there.
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
    write(model, edits, path, force, job)?.place()
}

/// A model that is written, but for the names of its files: [`Written::place`] gives them. Dropped before, it leaves nothing behind.
pub struct Written {
    saved: Saved,
    output: Output,
    data: Option<Output>,
    force: bool,
}

impl Written {
    pub fn saved(&self) -> Saved {
        self.saved
    }

    /// errors: `OUTPUT_EXISTS` without `force` where something is there by now, `OUTPUT_UNWRITABLE`
    pub fn place(self) -> Result<Saved> {
        let Written { saved, mut output, data, force } = self;
        // Two names cannot be taken at once: a model that is there leaves before its data does.
        if data.as_ref().is_some_and(Output::replaces) {
            output.make_way()?;
        }
        let placed_data = data.map(|output| output.commit(force)).transpose()?;
        let placed = output.commit(force)?;
        placed.keep();
        if let Some(placed) = placed_data {
            placed.keep();
        }
        Ok(saved)
    }
}

/// As [`save`], up to where the files get their names.
pub fn write(model: &Model, edits: &Edits, path: &Path, force: bool, job: &Job) -> Result<Written> {
    write_within(model, edits, path, force, PROTOBUF_LIMIT, job)
}

/// As [`write`], where an .onnx file holds less than `limit` bytes.
fn write_within(
    model: &Model,
    edits: &Edits,
    path: &Path,
    force: bool,
    limit: u64,
    job: &Job,
) -> Result<Written> {
    let output = Output::create(path, model, force)?;
    let has_external = model.tensors().iter().any(|tensor| tensor.external.is_some());
    let place = if has_external { Place::Beside(name_of(&data_path(path)?)) } else { Place::Inside };
    let mut layout = layout(model, edits, place)?;
    if piece::length(&layout.model) >= limit {
        layout = self::layout(model, edits, Place::AllBeside(name_of(&data_path(path)?)))?;
    }
    check_size(piece::length(&layout.model), limit)?;
    let data_output = match layout.data.is_empty() {
        true => None,
        false => Some(Output::create(&data_path(path)?, model, force)?),
    };
    let model_stream = Stream::new(model, &layout.model);
    let data_stream = Stream::new(model, &layout.data);
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
    let saved = Saved { bytes: model_stream.length, external_bytes: data_stream.length };
    Ok(Written { saved, output, data: data_output, force })
}

/// The edited model in memory, its external data moved into it.
///
/// errors: `MODEL_TOO_LARGE` from 2 GiB on; else as [`save`]
pub fn save_to_bytes(model: &Model, edits: &Edits, job: &Job) -> Result<Vec<u8>> {
    let layout = layout(model, edits, Place::Inside)?;
    check_size(piece::length(&layout.model), PROTOBUF_LIMIT)?;
    let stream = Stream::new(model, &layout.model);
    job.expect(stream.length);
    let bytes = stream.to_bytes(job)?;
    model.check_unchanged()?;
    Ok(bytes)
}

fn check_size(bytes: u64, limit: u64) -> Result<()> {
    if bytes < limit {
        return Ok(());
    }
    Err(Error::new(
        Code::ModelTooLarge,
        format!(
            "the model takes {bytes} bytes without external data, but an .onnx file holds less than {limit}"
        ),
    ))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn data_path(path: &Path) -> Result<std::path::PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        let what = "the output's name is not Unicode, and the model must state it for its external data";
        Error::new(Code::OutputUnwritable, what).in_file(path)
    })?;
    Ok(path.with_file_name(format!("{name}.data")))
}

#[cfg(test)]
#[path = "../../tensor/tests/support/mod.rs"]
mod support;

#[cfg(test)]
mod tests {
    use super::support::*;
    use super::*;
    use crate::{FloatEdit, Kept, NewCopy, Select};
    use espalier_tensor::DType;
    use espalier_tensor::onnx::Data;
    use tempfile::TempDir;

    const LIMIT: u64 = 4000;

    fn save_within(
        model: &Model,
        edits: &Edits,
        path: &Path,
        force: bool,
        limit: u64,
        job: &Job,
    ) -> Result<Saved> {
        write_within(model, edits, path, force, limit, job)?.place()
    }

    /// 4,096 bytes of weights that are cut to half, as many that stay, a small vector, and strings.
    fn large() -> Model {
        let words = bare_tensor("words", DType::String, &[2]).bytes(6, b"a").bytes(6, b"b");
        // As some writers do: the place is said after the data, and was another before.
        let place = Message::new().bytes(1, "location").bytes(2, "gone.bin");
        let whole = counting("whole", &[1024]).message(13, place).int(14, 0);
        let typed = bare_tensor("typed", DType::Int64, &[2]).packed(7, &[3, 4]);
        let tensors = [counting("cut", &[16, 64]), whole, counting("small", &[4]), words, typed];
        model_of(&tensors).open().unwrap()
    }

    fn edits() -> Edits {
        let half = Kept { axis: 1, indices: (0..64).step_by(2).collect() };
        Edits { selections: vec![Select { tensor: 0, kept: half }], ..Edits::default() }
    }

    #[test]
    fn data_goes_beside_a_model_that_would_be_too_large() {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("out.onnx");
        let copy =
            |tensor, name: &str| NewCopy { graph: 0, tensor, name: name.to_owned(), selections: Vec::new() };
        let copies = vec![copy(1, "copy"), copy(2, "small copy")];
        let refilled = FloatEdit { tensor: 2, dims: vec![2], values: vec![0.5, -0.5] };
        let edits = Edits { copies, contents: vec![refilled], ..edits() };
        let saved = save_within(&large(), &edits, &out, false, LIMIT, &Job::new()).unwrap();
        assert!(saved.bytes < LIMIT, "{} bytes", saved.bytes);
        // The copy shares the data of what it copies.
        assert_eq!(saved.external_bytes, 2048 + 4096);
        let after = Model::open(&out, &Job::new()).unwrap();
        let beside = |id: usize| after.tensors()[id].external.as_ref().map(|e| e.location.as_str());
        assert_eq!((0..7).map(beside).collect::<Vec<_>>(), {
            let data = Some("out.onnx.data");
            [data, data, None, None, None, data, None]
        });
        let even: Vec<f64> = (0..1024).step_by(2).map(f64::from).collect();
        assert_eq!(after.read_numbers(0, 4096).unwrap(), even);
        assert_eq!(after.read_numbers(1, 4096).unwrap()[1023], 1023.0);
        assert_eq!(after.read_numbers(2, 4096).unwrap(), [0.5, -0.5]);
        assert_eq!(after.read_strings(3).unwrap(), [b"a", b"b"]);
        assert_eq!(after.read_numbers(4, 4096).unwrap(), [3.0, 4.0]);
        // What was not edited and stays is as it was, typed fields too.
        assert!(matches!(after.tensor(4).unwrap().data, Data::Typed(_)));
        assert_eq!(after.read_numbers(5, 4096).unwrap()[1023], 1023.0);
    }

    #[test]
    fn nothing_moves_where_there_is_room() {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("out.onnx");
        let saved = save_within(&large(), &edits(), &out, false, 8000, &Job::new()).unwrap();
        assert_eq!(saved.external_bytes, 0);
        assert!(!folder.path().join("out.onnx.data").exists());
    }

    #[test]
    fn what_does_not_fit_without_its_data_is_an_error_that_leaves_nothing() {
        let folder = TempDir::new().unwrap();
        let error = save_within(&large(), &edits(), &folder.path().join("out.onnx"), false, 100, &Job::new());
        assert_eq!(error.unwrap_err().code(), Code::ModelTooLarge);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_gets_no_name_leaves_nothing() {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("out.onnx");
        let written = write_within(&large(), &edits(), &out, false, LIMIT, &Job::new()).unwrap();
        assert!(!out.exists());
        drop(written);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn data_that_is_there_already_is_not_replaced() {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("out.onnx");
        std::fs::write(folder.path().join("out.onnx.data"), b"mine").unwrap();
        let error = save_within(&large(), &edits(), &out, false, LIMIT, &Job::new()).unwrap_err();
        assert_eq!(error.code(), Code::OutputExists);
        assert_eq!(std::fs::read(folder.path().join("out.onnx.data")).unwrap(), b"mine");
        assert!(!out.exists());
    }
}
