//! Any statement of where a tensor's data lies: it is read from a file of the model's folder, or refused.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use espalier_tensor::wire::write;
use espalier_tensor::{Code, Job, Model};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

#[derive(Arbitrary, Debug)]
struct Tensor {
    location: Location,
    offset: Option<Text>,
    length: Option<Text>,
    dtype: u8,
    dims: [u16; 2],
}

#[derive(Arbitrary, Debug)]
enum Location {
    Any(String),
    /// Of the names that lie in the folder.
    Parts(Vec<Part>),
}

#[derive(Arbitrary, Debug)]
enum Part {
    Weights,
    Inner,
    Outside,
    OutsideFolder,
    Pipe,
    Broken,
    Circle,
    Up,
    Here,
    Slash,
    Backslash,
    Drive,
    Colon,
    Root,
    Nul,
}

#[derive(Arbitrary, Debug)]
enum Text {
    Number(u64),
    Near(u8),
    Any(String),
}

impl Text {
    fn text(&self) -> String {
        match self {
            Text::Number(number) => number.to_string(),
            Text::Near(number) => number.to_string(),
            Text::Any(text) => text.clone(),
        }
    }
}

impl Location {
    fn text(&self) -> String {
        match self {
            Location::Any(text) => text.clone(),
            Location::Parts(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Weights => "weights.bin",
                    Part::Inner => "inner",
                    Part::Outside => "outside.bin",
                    Part::OutsideFolder => "elsewhere",
                    Part::Pipe => "pipe",
                    Part::Broken => "broken",
                    Part::Circle => "circle",
                    Part::Up => "..",
                    Part::Here => ".",
                    Part::Slash => "/",
                    Part::Backslash => "\\",
                    Part::Drive => "C:",
                    Part::Colon => ":",
                    Part::Root => "/dev/zero",
                    Part::Nul => "\0",
                })
                .collect(),
        }
    }
}

struct Place {
    _root: TempDir,
    folder: PathBuf,
}

/// `model/` with files, links in and out of it, a pipe; `secret` beside it.
fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        use std::os::unix::fs::symlink;
        let root = TempDir::new().unwrap();
        let folder = root.path().join("model");
        let secret = root.path().join("secret");
        for folder in [&folder, &folder.join("inner"), &secret] {
            fs::create_dir(folder).unwrap();
        }
        for file in [&folder.join("weights.bin"), &folder.join("inner/weights.bin")] {
            fs::write(file, [1; 64]).unwrap();
        }
        // 2 is what must never be read.
        fs::write(secret.join("weights.bin"), [2; 64]).unwrap();
        symlink(secret.join("weights.bin"), folder.join("outside.bin")).unwrap();
        symlink(&secret, folder.join("elsewhere")).unwrap();
        symlink(folder.join("nothing"), folder.join("broken")).unwrap();
        symlink(folder.join("circle"), folder.join("circle")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.join("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()));
        Place { folder: folder.canonicalize().unwrap(), _root: root }
    })
}

fn encode(tensors: &[Tensor]) -> Vec<u8> {
    let mut graph = Vec::new();
    for tensor in tensors {
        let mut body = Vec::new();
        tensor.dims.iter().for_each(|length| write::integer(&mut body, 1, i64::from(*length)));
        write::integer(&mut body, 2, i64::from(tensor.dtype));
        write::integer(&mut body, 14, 1);
        let mut entry = |key: &str, value: &str| {
            let mut entry = Vec::new();
            write::bytes(&mut entry, 1, key.as_bytes());
            write::bytes(&mut entry, 2, value.as_bytes());
            write::bytes(&mut body, 13, &entry);
        };
        entry("location", &tensor.location.text());
        tensor.offset.iter().for_each(|text| entry("offset", &text.text()));
        tensor.length.iter().for_each(|text| entry("length", &text.text()));
        write::bytes(&mut graph, 5, &body);
    }
    let mut model = Vec::new();
    write::bytes(&mut model, 7, &graph);
    model
}

fuzz_target!(|tensors: Vec<Tensor>| {
    let place = place();
    let path = place.folder.join("model.onnx");
    fs::write(&path, encode(&tensors)).unwrap();
    let model = match Model::open(&path, &Job::new()) {
        Ok(model) => model,
        Err(error) => return assert_ne!(error.code(), Code::Internal, "{error}"),
    };
    for source in model.sources() {
        let path = source.path().unwrap().canonicalize().unwrap();
        assert!(path.starts_with(&place.folder), "{} was opened", path.display());
    }
    for (id, tensor) in model.tensors().iter().enumerate() {
        let mut bytes = vec![0; tensor.bytes as usize];
        model.read_bytes(id, 0, &mut bytes).unwrap();
        assert!(!bytes.contains(&2) || tensor.external.as_ref().unwrap().location.contains("model.onnx"));
    }
});
