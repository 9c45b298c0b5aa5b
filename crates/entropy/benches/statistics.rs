//! Statistics of a whole model beside a plain read of the same bytes, on one thread and on all, in one run:
//! `cargo bench -p espalier-entropy -- MODEL.onnx`. Without a model one of three large matrices is made in memory; with
//! `--test` a small one, once.

use espalier_entropy::{Group, Named, Range, Run, Slice, Statistic, statistics, write_terms};
use espalier_tensor::{DType, Job, Model};
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
    let mut random = fastrand::Rng::with_seed(1);
    let mut graph = Vec::new();
    for name in ["a", "b", "c"] {
        let mut tensor = Vec::new();
        for length in [side, side] {
            tensor.push(1 << 3);
            varint(&mut tensor, length);
        }
        tensor.extend([2 << 3, 1]);
        field(&mut tensor, 8, name.as_bytes());
        let weight = |_| (random.f32() + random.f32() + random.f32() - 1.5) * 0.05;
        let raw: Vec<u8> = (0..side * side).map(weight).flat_map(f32::to_le_bytes).collect();
        field(&mut tensor, 9, &raw);
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
