//! Statistics of a whole model beside a plain read of the same bytes, on one thread and on all, in one run:
//! `cargo bench -p espalier-entropy --bench statistics -- MODEL.onnx`. Without a model one of three large matrices is made in
//! memory, and then one tensor of each element type, seen about axes whose indices lie alone, in short runs and in long
//! ones; with `--test` small ones, once.

use espalier_entropy::{Group, Named, Range, Run, Slice, Statistic, statistics, write_terms};
use espalier_tensor::{DType, Job, Model};
use half::{bf16, f16};
use rayon::prelude::*;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const BLOCK: usize = 64 << 10;
const FLOATS: [DType; 4] = [DType::Float32, DType::Float16, DType::BFloat16, DType::Float64];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let spent = if quick { Duration::ZERO } else { Duration::from_millis(1500) };
    let path = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let model = match &path {
        Some(path) => Model::open(path, &Job::new()).expect("a model"),
        None => in_memory(if quick { 64 } else { 4096 }),
    };
    let floats: Vec<usize> =
        (0..model.tensors().len()).filter(|&id| FLOATS.contains(&model.tensors()[id].dtype)).collect();
    let bytes: u64 = floats.iter().map(|&id| model.tensors()[id].bytes).sum();
    let entropy = Statistic::Entropy { bins: 256, miller_madow: false, range: Range::Group };
    let folder = tempfile::tempdir().expect("a folder");
    let terms = folder.path().join("terms.npz");

    let source =
        path.as_deref().and_then(Path::file_name).map_or("three matrices".into(), |n| n.to_string_lossy());
    println!("\n{source}: {} tensors of floats, {:.1} MB", floats.len(), bytes as f64 / 1e6);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{:28}{:>22}{:>22}", "", "1 thread", format!("{cores} threads"));
    let row = |name: &str, run: &(dyn Fn() + Sync)| {
        print!("{name:28}");
        for threads in [1, cores] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let (began, mut best) = (Instant::now(), Duration::MAX);
            loop {
                let start = Instant::now();
                pool.install(run);
                best = best.min(start.elapsed());
                if began.elapsed() >= spent {
                    break;
                }
            }
            let seconds = best.as_secs_f64();
            print!("{:>10.1} ms {:>5.2} GB/s", seconds * 1e3, bytes as f64 / seconds / 1e9);
        }
        println!();
    };
    row("plain full read", &|| read(&model, &floats));
    for (axis, name) in [(0, "rows"), (1, "columns")] {
        let groups: Vec<Group> = floats.iter().filter_map(|&id| group(&model, id, axis)).collect();
        for (statistic, kind) in [
            (entropy, "entropy"),
            (Statistic::Mass, "mass"),
            (Statistic::AbsSum, "abs-sum"),
            (Statistic::SquareSum, "square-sum"),
        ] {
            row(&format!("{kind} of {name}"), &|| {
                black_box(
                    statistics(&model, &groups, statistic, &Run::new(&Job::new())).expect("statistics"),
                );
            });
        }
    }
    let named: Vec<Named> =
        floats.iter().map(|&tensor| Named { tensor, name: model.tensors()[tensor].name.clone() }).collect();
    row("terms to an .npz", &|| {
        black_box(write_terms(&model, &named, &terms, true, &Run::new(&Job::new())).expect("terms"));
    });
    if path.is_none() {
        types(quick, spent / 3);
    }
}

/// Every type of weights, along axes of every kind: gigabytes a second as they are stored, on all cores.
fn types(quick: bool, spent: Duration) {
    let side = if quick { 32 } else { 2048 };
    let shapes =
        [("inner 1", [side, 9 * side, 1]), ("9", [side, side, 9]), ("2304", [side, 8, side * 9 / 8])];
    println!("\n{:12}{:>12}{:>12}   GB/s as stored, all threads; abs-sum / entropy", "", "read", "to f32");
    print!("{:36}", "");
    for (name, _) in shapes {
        print!("{name:>20}");
    }
    println!();
    for dtype in TYPES {
        let raw = stored(dtype, 9 * side * side);
        let best = |bytes: usize, run: &dyn Fn()| {
            let (began, mut best) = (Instant::now(), Duration::MAX);
            while began.elapsed() < spent || best == Duration::MAX {
                let start = Instant::now();
                run();
                best = best.min(start.elapsed());
            }
            bytes as f64 / best.as_secs_f64() / 1e9
        };
        let mut cells = Vec::new();
        for (at, (_, dims)) in shapes.into_iter().enumerate() {
            let model = model_of(&[("w", &dims, dtype, &raw)]);
            if at == 0 {
                print!("{:12}", format!("{dtype}"));
                print!("{:>12.2}", best(raw.len(), &|| read_bytes(&model)));
                print!("{:>12.2}", best(raw.len(), &|| read(&model, &[0])));
            }
            let groups = [group(&model, 0, 1).expect("an axis")];
            let of = |statistic| {
                best(raw.len(), &|| {
                    black_box(
                        statistics(&model, &groups, statistic, &Run::new(&Job::new())).expect("statistics"),
                    );
                })
            };
            let entropy = Statistic::Entropy { bins: 256, miller_madow: false, range: Range::Group };
            cells.push(format!("{:.2} / {:.2}", of(Statistic::AbsSum), of(entropy)));
        }
        println!("{}", cells.iter().map(|cell| format!("{cell:>20}")).collect::<String>());
    }
}

const TYPES: [DType; 7] =
    [DType::Float32, DType::Float16, DType::BFloat16, DType::Float64, DType::Int8, DType::UInt8, DType::Int4];

/// Random elements of a type, as they lie in a file.
fn stored(dtype: DType, count: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut weight = move || (random.f32() + random.f32() + random.f32() - 1.5) * 0.05;
    let count = count as usize;
    match dtype {
        DType::Float32 => (0..count).flat_map(|_| weight().to_le_bytes()).collect(),
        DType::Float16 => (0..count).flat_map(|_| f16::from_f32(weight()).to_le_bytes()).collect(),
        DType::BFloat16 => (0..count).flat_map(|_| bf16::from_f32(weight()).to_le_bytes()).collect(),
        DType::Float64 => (0..count).flat_map(|_| f64::from(weight()).to_le_bytes()).collect(),
        DType::Int4 => (0..count / 2).map(|_| (weight() * 1700.0) as i8 as u8).collect(),
        _ => (0..count).map(|_| (weight() * 1700.0) as i8 as u8).collect(),
    }
}

/// Every byte once.
fn read_bytes(model: &Model) {
    let bytes = model.tensors()[0].bytes;
    let blocks: Vec<u64> = (0..bytes).step_by(4 * BLOCK).collect();
    blocks.par_iter().for_each_init(
        || vec![0u8; 4 * BLOCK],
        |buffer, &start| {
            let length = (bytes - start).min(4 * BLOCK as u64) as usize;
            model.read_bytes(0, start, black_box(&mut buffer[..length])).expect("bytes");
        },
    );
}

/// Every element once, as f32.
fn read(model: &Model, tensors: &[usize]) {
    let blocks: Vec<(usize, u64)> = tensors
        .iter()
        .flat_map(|&id| (0..model.tensors()[id].elements).step_by(BLOCK).map(move |start| (id, start)))
        .collect();
    blocks.par_iter().for_each_init(
        || vec![0.0; BLOCK],
        |buffer, &(id, start)| {
            let length = (model.tensors()[id].elements - start).min(BLOCK as u64) as usize;
            model.read_elements_f32(id, start, black_box(&mut buffer[..length])).expect("elements");
        },
    );
}

/// Each index of an axis is a class of its own; vectors have rows only.
fn group(model: &Model, tensor: usize, axis: usize) -> Option<Group> {
    let length = *model.tensors()[tensor].dims.get(axis)? as i32;
    Some(Group {
        classes: length as usize,
        slices: vec![Slice { tensor, axis, classes: (0..length).collect(), scaling: None }],
    })
}

/// A model of three square matrices of random weights.
fn in_memory(side: u64) -> Model {
    let raw = stored(DType::Float32, side * side);
    let dims = [side, side];
    model_of(&["a", "b", "c"].map(|name| (name, &dims[..], DType::Float32, &raw[..])))
}

/// A model in memory of nothing but these tensors.
fn model_of(tensors: &[(&str, &[u64], DType, &[u8])]) -> Model {
    let mut graph = Vec::new();
    for &(name, dims, dtype, raw) in tensors {
        let mut tensor = Vec::new();
        for &length in dims {
            tensor.push(1 << 3);
            varint(&mut tensor, length);
        }
        tensor.push(2 << 3);
        varint(&mut tensor, dtype.to_onnx() as u64);
        field(&mut tensor, 8, name.as_bytes());
        field(&mut tensor, 9, raw);
        field(&mut graph, 5, &tensor);
    }
    let mut model = vec![1 << 3, 8];
    field(&mut model, 7, &graph);
    Model::from_bytes(model, &Job::new()).expect("a model")
}

fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}
