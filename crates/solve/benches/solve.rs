//! Moments, refit and order at a size that large layers have, on one thread and on all, in one run:
//! `cargo bench -p espalier-solve`. GFLOP/s count the arithmetic of the plain algorithm, a symmetric half where there is one.
//! With `--bench solve -- --python PYTHON` NumPy does the same beside it, on all threads (conditional entropies: the inverse that they take).

use espalier_solve::{Consumer, Moments, Patches, Precision, information, obs, ridge};
use espalier_tensor::Job;
use std::collections::HashMap;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let python = std::env::args().skip_while(|argument| argument != "--python").nth(1);
    let spent = if quick { Duration::ZERO } else { Duration::from_millis(1500) };
    let (n, rows, outputs, channels) = if quick { (96, 256, 32, 8) } else { (2048, 8192, 512, 64) };
    let mut random = fastrand::Rng::with_seed(1);
    let mut values = |count: usize| -> Vec<f32> { (0..count).map(|_| random.f32() - 0.5).collect() };
    let (x, y) = (values(rows * n), values(rows * outputs));
    let patches = Patches {
        batch: 8,
        channels,
        lengths: vec![28, 28],
        kernel: vec![3, 3],
        strides: vec![1, 1],
        dilations: vec![1, 1],
        pads: vec![(1, 1); 2],
        every: 1,
    };
    let (image, image_y) = (values(8 * channels * 28 * 28), values(8 * channels * 28 * 28));
    let job = &Job::new();
    let mut moments = Moments::new(n, outputs, Precision::Double).expect("moments");
    moments.add(&x, &y, job).expect("a batch");
    let singles: Vec<Vec<usize>> = (0..n).map(|input| vec![input]).collect();
    let heads: Vec<Vec<usize>> = (0..n / 8).map(|block| (block * 8..block * 8 + 8).collect()).collect();
    let half: Vec<usize> = (0..n).step_by(2).collect();

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("\n{n} inputs, {outputs} targets, {rows} samples");
    let numpy = python.map(|python| by_numpy(&python, [n, rows, outputs], spent));
    let last = if numpy.is_some() { "NumPy, its ms of ours" } else { "" };
    println!("{:36}{:>24}{:>24}{last:>26}", "", "1 thread", format!("{cores} threads"));
    let row = |name: &str, operations: f64, run: &(dyn Fn() + Sync)| {
        print!("{name:36}");
        let mut ours = f64::INFINITY;
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
            print!("{:>9.1} ms {:>5.0} GFLOP/s", seconds * 1e3, operations / seconds / 1e9);
            ours = ours.min(seconds * 1e3);
        }
        if let Some(theirs) = numpy.as_ref().and_then(|numpy| numpy.get(name)) {
            print!("{theirs:>15.1} ms {:>6.2} x", theirs / ours);
        }
        println!();
    };
    let (n_, rows_, outputs_) = (n as f64, rows as f64, outputs as f64);
    for (precision, name) in [(Precision::Double, "f64"), (Precision::Single, "f32")] {
        row(&format!("moments in {name}"), rows_ * n_ * (n_ + 2.0 * outputs_), &|| {
            let mut moments = Moments::new(n, outputs, precision).expect("moments");
            moments.add(&x, &y, job).expect("a batch");
            black_box(&moments);
        });
        let (taps, positions) = (patches.inputs() as f64, 8.0 * 28.0 * 28.0);
        let name = format!("moments of 3x3 patches, {channels} ch., {name}");
        row(&name, positions * taps * (taps + 2.0 * channels as f64), &|| {
            let mut moments = Moments::new(patches.inputs(), channels, precision).expect("moments");
            moments.add_patches(&image, &image_y, &patches, job).expect("a batch");
            black_box(&moments);
        });
    }
    let kept = half.len() as f64;
    row("refit on half", kept * kept * (kept / 3.0 + 2.0 * outputs_), &|| {
        black_box(ridge(&moments, &half, 1e-3, job).expect("a refit"));
    });
    row("conditional entropies", n_.powi(3), &|| {
        black_box(information(&moments, &singles, 1e-3, job).expect("entropies"));
    });
    let inverse_and_weights = n_ * n_ * (n_ + 3.0 * outputs_);
    for (blocks, name) in [(&singles, "order of all, one by one"), (&heads, "order of all, in eights")] {
        row(name, inverse_and_weights + n_.powi(3), &|| {
            let consumer = Consumer { moments: &moments, blocks, weight: 1.0 };
            black_box(obs(&[consumer], 1e-3, 0, job).expect("an order"));
        });
    }
}

/// Milliseconds by name.
fn by_numpy(python: &str, sizes: [usize; 3], spent: Duration) -> HashMap<String, f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer.py");
    let output = Command::new(python)
        .arg(script)
        .args(sizes.map(|size| size.to_string()))
        .arg(spent.as_secs_f64().to_string())
        .stderr(Stdio::inherit())
        .output()
        .expect("a Python with NumPy and SciPy");
    let lines = String::from_utf8(output.stdout).expect("text");
    let line =
        |line: &str| Some((line.split('\t').next()?.to_owned(), line.split('\t').nth(1)?.parse().ok()?));
    lines.lines().filter_map(line).collect()
}
