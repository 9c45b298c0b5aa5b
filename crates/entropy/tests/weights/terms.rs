use crate::models::{Tensor, file_of, model, model_of};
use espalier_entropy::{Named, Run, write_terms};
use espalier_simd::Isa;
use espalier_tensor::{Code, Error, Job, Model, Result};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

fn named(names: &[&str]) -> Vec<Named> {
    names.iter().enumerate().map(|(tensor, name)| Named { tensor, name: (*name).to_owned() }).collect()
}

fn write(model: &Model, tensors: &[Named], path: &Path, force: bool) -> Result<u64> {
    write_terms(model, tensors, path, force, &Run::new(&Job::new()))
}

/// The arrays of an `.npz`: the text of the header, and the elements.
fn read(path: &Path) -> BTreeMap<String, (String, Vec<f32>)> {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).expect("a file")).expect("an archive");
    let mut arrays = BTreeMap::new();
    for i in 0..zip.len() {
        let mut bytes = Vec::new();
        let mut entry = zip.by_index(i).expect("an entry");
        entry.read_to_end(&mut bytes).expect("an entry with the right checksum");
        let data = 10 + usize::from(bytes[8]) + 256 * usize::from(bytes[9]);
        let elements = bytes[data..].as_chunks().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
        let header = String::from_utf8_lossy(&bytes[10..data]).trim_end().to_owned();
        arrays.insert(entry.name().expect("a name").into_owned(), (header, elements));
    }
    arrays
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn zoo() -> Vec<Tensor> {
    vec![
        Tensor::random("layer/weight", &[40, 30, 3, 3], 1, 0.1, 0.0),
        Tensor::random("layer/bias", &[40], 2, 0.1, 0.0),
        Tensor::random("large", &[3, 400_000], 3, 0.1, 0.0),
        Tensor::random("scalar", &[], 4, 0.1, 1.0),
        Tensor::random("empty", &[0, 3], 5, 0.1, 0.0),
        Tensor::new("zero", &[3], vec![0.0, -0.0, 0.0]),
    ]
}

fn names(tensors: &[Tensor]) -> Vec<Named> {
    named(&tensors.iter().map(|tensor| tensor.name).collect::<Vec<_>>())
}

#[test]
fn every_weight_gets_its_own_term() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terms.npz");
    let tensors = zoo();
    let bytes = write(&model(&tensors), &names(&tensors), &path, false).expect("terms");
    assert_eq!(bytes, fs::metadata(&path).expect("a file").len());
    let arrays = read(&path);
    assert_eq!(arrays.len(), tensors.len());
    for tensor in &tensors {
        let (header, terms) = &arrays[&format!("{}.npy", tensor.name)];
        let shape: Vec<String> = tensor.dims.iter().map(u64::to_string).collect();
        let shape =
            if shape.len() == 1 { format!("({},)", shape[0]) } else { format!("({})", shape.join(", ")) };
        assert!(header.contains(&format!("'shape': {shape}")), "{header}");
        let total: f64 = tensor.values.iter().map(|v| f64::from(v.abs())).sum();
        assert_eq!(terms.len(), tensor.values.len());
        for (&term, v) in terms.iter().zip(&tensor.values) {
            let p = f64::from(v.abs()) / total;
            let expected = if p > 0.0 { -p * p.log2() } else { 0.0 };
            assert!((f64::from(term) - expected).abs() <= 1e-6 * expected, "{}: {term}", tensor.name);
        }
    }
}

#[test]
fn the_same_bytes_on_any_threads_and_instruction_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let tensors = zoo();
    let model = model(&tensors);
    let mut all = Vec::new();
    for (threads, isa) in [(1, Isa::Scalar), (1, Isa::best()), (3, Isa::best()), (2, Isa::Baseline)] {
        let path = folder.path().join(format!("{threads} {isa}.npz"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let job = Job::new();
        pool.install(|| write_terms(&model, &names(&tensors), &path, false, &Run { job: &job, isa }))
            .expect("terms");
        assert_eq!(job.done(), job.total());
        all.push(fs::read(&path).expect("a file"));
    }
    assert!(all.iter().all(|bytes| *bytes == all[0]));
}

#[test]
fn names_are_made_harmless_and_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terms.npz");
    let tensors = ["a", "b", "c", "d"].map(|name| Tensor::new(name, &[1], vec![1.0]));
    write(&model(&tensors), &named(&["w", "w", "../w", "w~2"]), &path, false).expect("terms");
    let found: Vec<String> = read(&path).into_keys().collect();
    assert_eq!(found, ["%2E%2E/w.npy", "w.npy", "w~2.npy", "w~2~2.npy"]);
}

#[test]
fn what_is_there_stays_without_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terms.npz");
    fs::write(&path, "kept").expect("a file");
    let tensors = [Tensor::random("w", &[3, 4], 1, 1.0, 0.0)];
    let model = model(&tensors);
    let error = write(&model, &names(&tensors), &path, false).expect_err("a refusal");
    assert_eq!(error.code(), Code::OutputExists);
    assert_eq!(fs::read(&path).expect("a file"), b"kept");
    write(&model, &names(&tensors), &path, true).expect("terms");
    assert_eq!(read(&path).len(), 1);
    assert_eq!(files(folder.path()), ["terms.npz"]);
}

#[test]
fn nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terms.npz");
    let mut bad = Tensor::random("bad", &[2, 600_000], 1, 1.0, 0.0);
    bad.values[700_000] = f32::NAN;
    let tensors = [Tensor::random("w", &[3, 4], 1, 1.0, 0.0), bad];
    let model = model(&tensors);
    let refused = |error: Result<u64>, code: Code| -> Error {
        let error = error.expect_err("a refusal");
        assert_eq!(error.code(), code);
        assert_eq!(files(folder.path()), [""; 0]);
        error
    };
    let error = refused(write(&model, &names(&tensors), &path, false), Code::NonFinite);
    assert_eq!(error.place().tensor.as_deref(), Some("bad"));
    assert!(error.what().contains("[1, 100000]"), "{}", error.what());
    let job = Job::new();
    job.cancel();
    refused(write_terms(&model, &names(&tensors), &path, false, &Run::new(&job)), Code::Aborted);
    let nowhere = folder.path().join("missing").join("terms.npz");
    refused(write(&model, &names(&tensors), &nowhere, false), Code::OutputUnwritable);
    let complex = model_of([("c", vec![1], 14, vec![0; 8])].into_iter());
    refused(write(&complex, &named(&["c"]), &path, false), Code::ModelUnsupported);
    refused(write(&model, &[Named { tensor: 7, name: "?".into() }], &path, false), Code::Internal);
}

#[test]
fn the_models_own_file_is_never_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.onnx");
    let bytes = file_of([("w", vec![1], 1, vec![0; 4])].into_iter());
    fs::write(&path, &bytes).expect("a file");
    let model = Model::open(&path, &Job::new()).expect("a model");
    for force in [false, true] {
        let error = write(&model, &named(&["w"]), &path, force).expect_err("a refusal");
        assert_eq!(error.code(), Code::OutputExists);
        let error = write(&model, &named(&["w"]), folder.path(), true).expect_err("a refusal");
        assert_eq!(error.code(), Code::OutputUnwritable);
    }
    assert_eq!(fs::read(&path).expect("a file"), bytes);
    assert_eq!(files(folder.path()), ["model.onnx"]);
}
