//! Increments of joint histograms a second, on one thread and on all, and whole trees: `cargo bench -p espalier-entropy
//! --bench pairs`. With `--test` a small one, once.

use espalier_entropy::{Binning, Codes, Edges, Run, Samples, Span, mutual_information, pruning_tree};
use espalier_tensor::Job;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let spent = if quick { Duration::ZERO } else { Duration::from_millis(1500) };
    let (samples, variables) = if quick { (64, 8) } else { (4096, 256) };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("\n{variables} lanes, {samples} samples: 10^9 increments a second");
    println!("{:36}{:>12}{:>12}", "", "1 thread", format!("{cores} threads"));
    for (name, values) in
        [("bell-shaped", bells(samples, variables)), ("half zeros", halves(samples, variables))]
    {
        for bins in [8, 16, 32, 64] {
            print!("{:36}", format!("{name}, {bins} bins"));
            for threads in [1, cores] {
                let best = best_of(threads, spent, || pairs(&values, variables, bins));
                let increments = (variables * (variables - 1) / 2 * samples) as f64;
                print!("{:>12.2}", increments / best.as_secs_f64() / 1e9);
            }
            println!();
        }
    }
    if !quick {
        let (samples, variables) = (4096, 2048);
        let values = bells(samples, variables);
        let best = best_of(cores, Duration::ZERO, || tree(&values, variables));
        println!("{variables} lanes, {samples} samples, the tree: {:.2} s", best.as_secs_f64());
    }
}

fn best_of(threads: usize, spent: Duration, run: impl Fn() + Sync) -> Duration {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let (began, mut best) = (Instant::now(), Duration::MAX);
    loop {
        let start = Instant::now();
        pool.install(&run);
        best = best.min(start.elapsed());
        if began.elapsed() >= spent {
            return best;
        }
    }
}

fn pairs(values: &[f32], variables: usize, bins: usize) {
    let job = Job::new();
    let run = Run::new(&job);
    let samples = Samples::new(values, variables).expect("samples");
    let binning = Binning { bins, edges: Edges::Width, span: Span::Shared };
    let codes = Codes::new(&samples, binning, &run).expect("codes");
    black_box(mutual_information(&codes, false, &run).expect("pairs"));
}

fn tree(values: &[f32], variables: usize) {
    let job = Job::new();
    let run = Run::new(&job);
    let samples = Samples::new(values, variables).expect("samples");
    let binning = Binning { bins: 16, edges: Edges::Width, span: Span::Shared };
    let codes = Codes::new(&samples, binning, &run).expect("codes");
    black_box(pruning_tree(&mutual_information(&codes, false, &run).expect("pairs")));
}

fn bells(samples: usize, variables: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..samples * variables).map(|_| random.f32() + random.f32() + random.f32() - 1.5).collect()
}

/// As behind a ReLU.
fn halves(samples: usize, variables: usize) -> Vec<f32> {
    bells(samples, variables).into_iter().map(|v| v.max(0.0)).collect()
}
