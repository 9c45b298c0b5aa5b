//! External data: found among what is given and in the model's folder, and nowhere else.

mod support;

use std::fs;
use std::path::Path;

use espalier_tensor::{Code, DType, Given, GivenFiles, Job, Model, Result, Source};
use support::*;
use tempfile::TempDir;

/// A folder with `weights.bin` of 64 bytes and a model whose one tensor, float32 [4], says that its data is there.
fn folder(entries: &[(&str, &str)]) -> (TempDir, Result<Model>) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("weights.bin"), (0..64).collect::<Vec<u8>>()).unwrap();
    let model = open(folder.path(), entries);
    (folder, model)
}

fn open(folder: &Path, entries: &[(&str, &str)]) -> Result<Model> {
    let path = folder.join("model.onnx");
    fs::write(&path, model_of(&[external("w", DType::Float32, &[4], entries)]).0).unwrap();
    Model::open(&path, &Job::new())
}

#[test]
fn data_is_read_from_its_place() {
    let (_folder, model) = folder(&[("location", "weights.bin"), ("offset", "4"), ("length", "16")]);
    let mut bytes = [0; 16];
    model.unwrap().read_bytes(0, 0, &mut bytes).unwrap();
    assert_eq!(bytes.to_vec(), (4..20).collect::<Vec<u8>>());
    // Offset and length are optional.
    let (_folder, model) = folder(&[("location", "./weights.bin")]);
    model.unwrap().read_bytes(0, 15, &mut bytes[..1]).unwrap();
    assert_eq!(bytes[0], 15);
}

#[test]
fn what_is_wrong_with_the_place() {
    let refuses = |entries: &[(&str, &str)], what: &str| {
        let (_folder, model) = folder(entries);
        let error = model.unwrap_err();
        assert_eq!(error.code(), Code::ExternalData, "{}", error.what());
        assert!(error.what().contains(what), "{}", error.what());
        assert_eq!(error.place().tensor.as_deref(), Some("w"));
    };
    refuses(&[], "not the name of a file");
    refuses(&[("location", "")], "not the name of a file");
    refuses(&[("location", "/etc/passwd")], "not the name of a file");
    refuses(&[("location", "../weights.bin")], "not the name of a file");
    refuses(&[("location", "a/../../weights.bin")], "not the name of a file");
    refuses(&[("location", "..\\weights.bin")], "not the name of a file");
    refuses(&[("location", "C:\\weights.bin")], "not the name of a file");
    refuses(&[("location", "C:weights.bin")], "not the name of a file");
    refuses(&[("location", "weights\0.bin")], "not the name of a file");
    refuses(&[("location", "absent.bin")], "cannot be found");
    refuses(&[("location", ".")], "a folder");
    refuses(&[("location", "weights.bin"), ("offset", "49")], "has 64 bytes");
    refuses(&[("location", "weights.bin"), ("offset", "18446744073709551615")], "has 64 bytes");
    refuses(&[("location", "weights.bin"), ("offset", "-1")], "not a number");
    refuses(&[("location", "weights.bin"), ("length", "15")], "said to hold 15 bytes");
}

#[test]
fn a_model_in_memory_has_no_folder() {
    let model = model_of(&[external("w", DType::Float32, &[4], &[("location", "weights.bin")])]);
    let error = model.open().unwrap_err();
    assert_eq!(error.code(), Code::ExternalData);
    assert!(error.remedy().contains("by its path"));
}

#[test]
fn data_here_and_there_is_refused() {
    let both = external("w", DType::Float32, &[1], &[("location", "weights.bin")]).bytes(9, [0; 4]);
    assert_eq!(model_of(&[both]).open().unwrap_err().code(), Code::ModelMalformed);
    let sparse = Message::new().message(1, external("w", DType::Float32, &[1], &[]));
    let sparse = model(graph(&[]).message(15, sparse)).open().unwrap_err();
    assert_eq!(sparse.code(), Code::ModelUnsupported);
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    let (folder, model) = folder(&[("location", "weights.bin")]);
    fs::write(folder.path().join("weights.bin"), [0; 8]).unwrap();
    let error = model.unwrap().read_bytes(0, 0, &mut [0; 16]).unwrap_err();
    assert_eq!(error.code(), Code::FileUnreadable);
    assert!(error.what().contains("became shorter"));
}

#[test]
fn models_in_more_files_than_may_be_open() {
    let folder = TempDir::new().unwrap();
    let tensors = (0..100u8).map(|number| {
        let name = format!("part{number}");
        fs::write(folder.path().join(&name), [number]).unwrap();
        external("w", DType::UInt8, &[1], &[("location", &name)])
    });
    let path = folder.path().join("model.onnx");
    fs::write(&path, model_of(&tensors.collect::<Vec<_>>()).0).unwrap();
    let model = Model::open(&path, &Job::new()).unwrap();
    for tensor in 0..100 {
        assert_eq!(model.read_numbers(tensor, 1).unwrap(), [tensor as f64]);
    }
}

#[test]
fn a_file_that_is_exchanged_is_an_error() {
    let folder = TempDir::new().unwrap();
    let name = |number: u8| format!("part{number}");
    let tensors = (0..100u8).map(|number| {
        fs::write(folder.path().join(name(number)), [number]).unwrap();
        external("w", DType::UInt8, &[1], &[("location", &name(number))])
    });
    let path = folder.path().join("model.onnx");
    fs::write(&path, model_of(&tensors.collect::<Vec<_>>()).0).unwrap();
    let model = Model::open(&path, &Job::new()).unwrap();
    assert!(model.check_unchanged().is_ok());
    // One that is opened for each read: another file takes its name, or a pipe.
    let last = folder.path().join(name(99));
    fs::write(folder.path().join("other"), [7]).unwrap();
    fs::rename(folder.path().join("other"), &last).unwrap();
    let refused = || model.read_numbers(99, 1).unwrap_err();
    assert_eq!(refused().code(), Code::FileUnreadable);
    assert!(refused().what().contains("changed"), "{}", refused().what());
    assert!(model.check_unchanged().is_err());
    #[cfg(unix)]
    {
        fs::remove_file(&last).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&last).status().unwrap().success());
        assert_eq!(refused().code(), Code::FileUnreadable);
    }
}

#[cfg(unix)]
#[test]
fn what_would_be_waited_for_is_refused() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = open(folder.path(), &[("location", "pipe")]).unwrap_err();
    assert_eq!(error.code(), Code::ExternalData);
    assert!(error.what().contains("not a regular file"), "{}", error.what());
    assert_eq!(Model::open(&pipe, &Job::new()).unwrap_err().code(), Code::FileUnreadable);
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let elsewhere = TempDir::new().unwrap();
        fs::write(elsewhere.path().join("secret"), [0; 64]).unwrap();
        let folder = TempDir::new().unwrap();
        symlink(elsewhere.path().join("secret"), folder.path().join("link")).unwrap();
        symlink(elsewhere.path(), folder.path().join("sub")).unwrap();
        symlink("/dev/zero", folder.path().join("device")).unwrap();
        for location in ["link", "sub/secret", "device"] {
            let error = open(folder.path(), &[("location", location)]).unwrap_err();
            assert_eq!(error.code(), Code::ExternalData);
            assert!(error.what().contains("leads out of"), "{}", error.what());
        }
    }

    /// Caches of downloads keep files under their hash, and link the model and its data to them.
    #[test]
    fn a_model_and_its_data_may_both_be_links_to_one_folder() {
        let store = TempDir::new().unwrap();
        let (files, names) = (store.path().join("files"), store.path().join("names"));
        fs::create_dir(&files).unwrap();
        fs::create_dir(&names).unwrap();
        fs::write(files.join("1234"), [7; 64]).unwrap();
        let model = model_of(&[external("w", DType::UInt8, &[4], &[("location", "model.data")])]);
        fs::write(files.join("abcd"), model.0).unwrap();
        symlink(files.join("abcd"), names.join("model.onnx")).unwrap();
        symlink(files.join("1234"), names.join("model.data")).unwrap();
        let model = Model::open(&names.join("model.onnx"), &Job::new()).unwrap();
        assert_eq!(model.read_numbers(0, 4).unwrap(), [7.0; 4]);
    }
}

#[test]
fn what_is_no_file() {
    let code = |path: &Path| Model::open(path, &Job::new()).unwrap_err().code();
    let folder = TempDir::new().unwrap();
    assert_eq!(code(&folder.path().join("absent.onnx")), Code::FileNotFound);
    assert_eq!(code(folder.path()), Code::FileUnreadable);
    #[cfg(unix)]
    assert_eq!(code(Path::new("/dev/zero")), Code::FileUnreadable);
}

/// A model in memory has no folder: its data is in files that are given with it, in memory or by their paths.
#[test]
fn external_data_that_is_given() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("somewhere.bin");
    fs::write(&path, floats(&[5.0, 6.0])).unwrap();
    let stored = |name, location| external(name, DType::Float32, &[2], &[("location", location)]);
    let message = model_of(&[stored("a", "weights/a.bin"), stored("b", "./b.bin")]);
    let open =
        |given: GivenFiles| Model::with_files(Source::from_bytes(message.0.as_slice()), given, &Job::new());
    let bytes = Given::Bytes(floats(&[1.0, 2.0]).into());
    let both = [("weights\\a.bin", bytes.clone()), ("b.bin", Given::Path(path))];
    let model = open(both.map(|(name, file)| (name.to_owned(), file)).into()).unwrap();
    assert_eq!(model.read_numbers(0, 9).unwrap(), [1.0, 2.0]);
    assert_eq!(model.read_numbers(1, 9).unwrap(), [5.0, 6.0]);
    let error = open([("other.bin".to_owned(), bytes)].into()).unwrap_err();
    assert_eq!(error.code(), Code::ExternalData);
    assert!(
        error.what().contains("\"weights/a.bin\", which was not given (but other.bin)"),
        "{}",
        error.what()
    );
}
