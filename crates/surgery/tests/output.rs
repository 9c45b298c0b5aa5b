//! Files: what is written where, and that nothing is left behind when it goes wrong.

#[path = "../../tensor/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use espalier_surgery::*;
use espalier_tensor::{Code, DType, Error, Job, Model};
use support::*;
use tempfile::TempDir;

/// A folder with `in.onnx`, whose weights lie in `in.bin`: `w` of [4, 8], `tied` of the same bytes, and `small`.
fn external_model() -> (TempDir, Model) {
    let folder = TempDir::new().unwrap();
    let data: Vec<f32> = (0..40).map(|value| value as f32).collect();
    fs::write(folder.path().join("in.bin"), floats(&data)).unwrap();
    let place = |offset: &'static str| {
        [("location", "in.bin"), ("offset", offset), ("checksum", "00"), ("note", "n")]
    };
    let tensors = [
        external("w", DType::Float32, &[4, 8], &place("0")),
        external("tied", DType::Float32, &[4, 8], &place("0")),
        external("small", DType::Float32, &[3], &place("128")),
        counting("inside", &[2]),
    ];
    let path = folder.path().join("in.onnx");
    fs::write(&path, model_of(&tensors).0).unwrap();
    let model = Model::open(&path, &Job::new()).unwrap();
    (folder, model)
}

fn plain_model() -> Model {
    model_of(&[counting("w", &[64, 64])]).open().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn cut(tensor: usize, axis: usize, indices: &[u32]) -> Select {
    Select { tensor, kept: Kept { axis, indices: indices.to_vec() } }
}

fn save_plain(path: &Path, force: bool) -> Result<Saved, Error> {
    save(&plain_model(), &Edits::default(), path, force, &Job::new())
}

#[test]
fn external_data_moves_to_one_file_beside_the_output() {
    let (folder, model) = external_model();
    let out = folder.path().join("out.onnx");
    let copy = NewCopy {
        graph: 0,
        tensor: 2,
        name: "copy".to_owned(),
        selections: vec![Kept { axis: 0, indices: vec![2] }],
    };
    let edits = Edits { selections: vec![cut(0, 1, &[1, 5])], copies: vec![copy], ..Edits::default() };
    let job = Job::new();
    let saved = save(&model, &edits, &out, false, &job).unwrap();
    assert_eq!((job.done(), job.total()), (saved.bytes + saved.external_bytes, job.done()));
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx", "out.onnx", "out.onnx.data"]);
    let after = Model::open(&out, &Job::new()).unwrap();
    assert_eq!(after.read_numbers(0, 99).unwrap(), [1.0, 5.0, 9.0, 13.0, 17.0, 21.0, 25.0, 29.0]);
    assert_eq!(after.read_numbers(1, 99).unwrap().len(), 32);
    assert_eq!(after.read_numbers(2, 99).unwrap(), [32.0, 33.0, 34.0]);
    assert_eq!(after.read_numbers(4, 99).unwrap(), [34.0]);
    for tensor in after.tensors().iter().filter(|tensor| tensor.name != "inside") {
        let external = tensor.external.as_ref().unwrap();
        assert_eq!(external.location, "out.onnx.data");
        assert_eq!(external.offset % 64, 0);
        assert_eq!(external.length, Some(tensor.bytes));
        // A checksum is of the old file; what nobody knows is kept.
        assert_eq!(external.others, [("note".to_owned(), "n".to_owned())]);
    }
    let length = fs::metadata(folder.path().join("out.onnx.data")).unwrap().len();
    assert_eq!(length, saved.external_bytes);
}

#[test]
fn new_contents_of_external_data_lie_beside_the_output_too() {
    let (folder, model) = external_model();
    let out = folder.path().join("out.onnx");
    let content = FloatEdit { tensor: 1, dims: vec![2], values: vec![-1.0, 0.25] };
    let edits = Edits { contents: vec![content], ..Edits::default() };
    save(&model, &edits, &out, false, &Job::new()).unwrap();
    let after = Model::open(&out, &Job::new()).unwrap();
    let external = after.tensor(1).unwrap().external.as_ref().unwrap();
    assert_eq!((external.location.as_str(), external.length), ("out.onnx.data", Some(8)));
    assert_eq!(external.others, [("note".to_owned(), "n".to_owned())]);
    assert_eq!(after.read_numbers(1, 99).unwrap(), [-1.0, 0.25]);
    // What shared its data has it still.
    assert_eq!(after.read_numbers(0, 99).unwrap()[31], 31.0);
    let inside = Model::from_bytes(save_to_bytes(&model, &edits, &Job::new()).unwrap(), &Job::new()).unwrap();
    assert_eq!(inside.read_numbers(1, 99).unwrap(), [-1.0, 0.25]);
    assert!(inside.tensor(1).unwrap().external.is_none());
}

#[test]
fn data_of_a_node_that_is_gone_is_not_written() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in.bin"), [0; 64]).unwrap();
    let held = external("", DType::Float32, &[4], &[("location", "in.bin")]);
    let constant = node("Constant", &[], &["k"]).message(5, tensor_attribute("value", held));
    let path = folder.path().join("in.onnx");
    fs::write(&path, model(graph(&[]).message(1, constant)).0).unwrap();
    let model = Model::open(&path, &Job::new()).unwrap();
    let replaced = NewNode {
        before: 1,
        replaces: true,
        op: "Identity".to_owned(),
        domain: String::new(),
        name: String::new(),
        inputs: vec!["x".to_owned()],
        outputs: vec!["k".to_owned()],
        attributes: Vec::new(),
    };
    let edits = Edits { nodes: vec![replaced], ..Edits::default() };
    let saved = save(&model, &edits, &folder.path().join("out.onnx"), false, &Job::new()).unwrap();
    assert_eq!(saved.external_bytes, 0);
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx", "out.onnx"]);
}

#[test]
fn shared_data_stays_shared() {
    let (folder, model) = external_model();
    let out = folder.path().join("out.onnx");
    save(&model, &Edits::default(), &out, false, &Job::new()).unwrap();
    let after = Model::open(&out, &Job::new()).unwrap();
    let offset = |tensor: usize| after.tensors()[tensor].external.as_ref().unwrap().offset;
    assert_eq!(offset(0), offset(1));
    assert_ne!(offset(0), offset(2));
}

#[test]
fn in_memory_external_data_moves_inside() {
    let (_folder, model) = external_model();
    let edits = Edits { selections: vec![cut(2, 0, &[0, 2])], ..Edits::default() };
    let bytes = save_to_bytes(&model, &edits, &Job::new()).unwrap();
    let after = Model::from_bytes(bytes, &Job::new()).unwrap();
    assert!(after.tensors().iter().all(|tensor| tensor.external.is_none()));
    assert_eq!(after.read_numbers(1, 99).unwrap()[31], 31.0);
    assert_eq!(after.read_numbers(2, 99).unwrap(), [32.0, 34.0]);
}

#[test]
fn an_existing_output_needs_force() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.onnx");
    fs::write(&out, "before").unwrap();
    assert_eq!(save_plain(&out, false).unwrap_err().code(), Code::OutputExists);
    assert_eq!(fs::read(&out).unwrap(), b"before");
    save_plain(&out, true).unwrap();
    assert!(Model::open(&out, &Job::new()).is_ok());
    assert_eq!(names(folder.path()), ["out.onnx"]);
}

#[test]
fn an_existing_data_file_needs_force_too() {
    let (folder, model) = external_model();
    let (out, data) = (folder.path().join("out.onnx"), folder.path().join("out.onnx.data"));
    fs::write(&data, "before").unwrap();
    let error = save(&model, &Edits::default(), &out, false, &Job::new()).unwrap_err();
    assert_eq!(error.code(), Code::OutputExists);
    assert!(error.place().file.as_ref().unwrap().ends_with("out.onnx.data"));
    assert_eq!(fs::read(&data).unwrap(), b"before");
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx", "out.onnx.data"]);
    save(&model, &Edits::default(), &out, true, &Job::new()).unwrap();
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx", "out.onnx", "out.onnx.data"]);
}

#[test]
fn the_models_own_files_are_never_written() {
    let (folder, model) = external_model();
    let before = fs::read(folder.path().join("in.onnx")).unwrap();
    for force in [false, true] {
        let error =
            save(&model, &Edits::default(), &folder.path().join("in.onnx"), force, &Job::new()).unwrap_err();
        assert_eq!(error.code(), Code::OutputExists);
        assert!(error.what().contains("the model itself"), "{}", error.what());
        let error =
            save(&model, &Edits::default(), &folder.path().join("in.bin"), force, &Job::new()).unwrap_err();
        assert!(error.what().contains("the model itself"), "{}", error.what());
    }
    // By another way to the same file.
    let folder_again = folder.path().join("sub").join("..");
    fs::create_dir(folder.path().join("sub")).unwrap();
    let error =
        save(&model, &Edits::default(), &folder_again.join("in.onnx"), true, &Job::new()).unwrap_err();
    assert!(error.what().contains("the model itself"));
    #[cfg(unix)]
    {
        let link = folder.path().join("link.onnx");
        std::os::unix::fs::symlink(folder.path().join("in.onnx"), &link).unwrap();
        let error = save(&model, &Edits::default(), &link, true, &Job::new()).unwrap_err();
        assert!(error.what().contains("the model itself"));
        // The data file's place may be the model's own, too.
        std::os::unix::fs::symlink(folder.path().join("in.bin"), folder.path().join("o.onnx.data")).unwrap();
        let error =
            save(&model, &Edits::default(), &folder.path().join("o.onnx"), true, &Job::new()).unwrap_err();
        assert!(error.what().contains("the model itself"));
    }
    assert_eq!(fs::read(folder.path().join("in.onnx")).unwrap(), before);
}

#[test]
fn places_that_cannot_be_written() {
    let folder = TempDir::new().unwrap();
    let absent = folder.path().join("absent").join("out.onnx");
    let error = save_plain(&absent, false).unwrap_err();
    assert_eq!(error.code(), Code::OutputUnwritable);
    assert_eq!(error.place().file.as_deref(), absent.to_str());
    assert_eq!(save_plain(folder.path(), true).unwrap_err().code(), Code::OutputUnwritable);
    assert_eq!(save_plain(Path::new("/"), true).unwrap_err().code(), Code::OutputUnwritable);
    assert_eq!(save_plain(Path::new(".."), true).unwrap_err().code(), Code::OutputUnwritable);
    #[cfg(unix)]
    assert_eq!(save_plain(Path::new("/dev/null"), true).unwrap_err().code(), Code::OutputUnwritable);
    let long = folder.path().join("n".repeat(250));
    save_plain(&long, false).unwrap();
    assert_eq!(names(folder.path()), ["n".repeat(250)]);
}

#[test]
fn nothing_is_left_behind() {
    let (folder, model) = external_model();
    let out = folder.path().join("out.onnx");
    // Edits that do not fit.
    let edits = Edits { selections: vec![cut(0, 0, &[9])], ..Edits::default() };
    assert_eq!(save(&model, &edits, &out, false, &Job::new()).unwrap_err().code(), Code::Internal);
    // A cancelled job.
    let job = Job::new();
    job.cancel();
    assert_eq!(save(&model, &Edits::default(), &out, false, &job).unwrap_err().code(), Code::Aborted);
    // Weights that went away.
    fs::write(folder.path().join("in.bin"), "short").unwrap();
    let error = save(&model, &Edits::default(), &out, false, &Job::new()).unwrap_err();
    assert_eq!(error.code(), Code::FileUnreadable);
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx"]);
    // With force, what was there before stays.
    fs::write(&out, "before").unwrap();
    fs::write(folder.path().join("out.onnx.data"), "data before").unwrap();
    assert!(save(&model, &Edits::default(), &out, true, &Job::new()).is_err());
    assert_eq!(fs::read(&out).unwrap(), b"before");
    assert_eq!(fs::read(folder.path().join("out.onnx.data")).unwrap(), b"data before");
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx", "out.onnx", "out.onnx.data"]);
}

#[test]
fn a_race_for_the_name_replaces_nothing() {
    // Two savers without force: one wins, the other is told, and the file is whole.
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.onnx");
    let results: Vec<bool> = std::thread::scope(|scope| {
        let savers: Vec<_> = (0..8).map(|_| scope.spawn(|| save_plain(&out, false).is_ok())).collect();
        savers.into_iter().map(|saver| saver.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|ok| **ok).count(), 1);
    assert_eq!(names(folder.path()), ["out.onnx"]);
    assert!(Model::open(&out, &Job::new()).is_ok());
}

#[test]
fn a_model_that_is_replaced_never_has_the_data_of_another() {
    let (folder, model) = external_model();
    let (out, data) = (folder.path().join("out.onnx"), folder.path().join("out.onnx.data"));
    fs::write(&out, "before").unwrap();
    fs::write(&data, "data before").unwrap();
    save(&model, &Edits::default(), &out, true, &Job::new()).unwrap();
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx", "out.onnx", "out.onnx.data"]);
    assert_eq!(Model::open(&out, &Job::new()).unwrap().read_numbers(0, 99).unwrap()[31], 31.0);
}

#[test]
fn weights_that_change_meanwhile_are_no_model() {
    let (folder, model) = external_model();
    let out = folder.path().join("out.onnx");
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(folder.path().join("in.bin"), [7; 160]).unwrap();
    for error in [
        save(&model, &Edits::default(), &out, false, &Job::new()).unwrap_err(),
        save_to_bytes(&model, &Edits::default(), &Job::new()).unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::FileUnreadable);
        assert!(error.what().contains("changed while it was read"), "{}", error.what());
        assert!(error.place().file.as_ref().unwrap().ends_with("in.bin"));
    }
    assert_eq!(names(folder.path()), ["in.bin", "in.onnx"]);
}
