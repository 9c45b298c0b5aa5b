//! The kernels beside their definitions and beside the fastest full read of the same bytes, all in one run:
//! `cargo bench -p espalier-simd`. With `--test` each runs once, so that none can rot.

use espalier_simd::{
    Bins, Elements, Isa, Nibbles, abs_sum, abs_sum_columns, bin_indices, entropy_terms, extremes, histogram,
    square_sum, square_sum_columns,
};
use half::{bf16, f16};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// In the cache of a core, and far beyond all caches.
const SIZES: [(&str, usize); 2] = [("64 KiB", 64 << 10), ("128 MiB", 128 << 20)];
const COLUMNS: usize = 512;
const BINS: usize = 256;

type Kernel<'a> = Box<dyn FnMut(Isa, &[f32]) + 'a>;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let spent = if quick { Duration::ZERO } else { Duration::from_millis(600) };
    let isas = Isa::available();
    for (size, bytes) in SIZES {
        let x = weights(if quick { 4096 } else { bytes / 4 });
        let found = extremes(Isa::best(), &x);
        let bins = Bins::new(found.min, found.max, BINS);
        let total = abs_sum(Isa::best(), &x);
        let mut counts = vec![0; BINS];
        let mut sums = vec![0.0; COLUMNS];
        let mut squares = vec![0.0; COLUMNS];
        let mut indices = vec![0; x.len()];
        let mut terms = vec![0.0; x.len()];
        let mut kernels: Vec<(&str, Kernel)> = vec![
            ("abs_sum", Box::new(|isa, x| _ = black_box(abs_sum(isa, x)))),
            ("square_sum", Box::new(|isa, x| _ = black_box(square_sum(isa, x)))),
            ("abs_sum_columns", Box::new(|isa, x| abs_sum_columns(isa, x, &mut sums))),
            ("square_sum_columns", Box::new(|isa, x| square_sum_columns(isa, x, &mut squares))),
            ("extremes", Box::new(|isa, x| _ = black_box(extremes(isa, x)))),
            ("bin_indices", Box::new(|isa, x| bin_indices(isa, x, bins, &mut indices))),
            ("histogram", Box::new(|isa, x| histogram(isa, x, bins, &mut counts))),
            ("entropy_terms", Box::new(|isa, x| entropy_terms(isa, x, total, &mut terms))),
        ];

        println!("\n{size} of weights, {COLUMNS} columns, {BINS} bins, one thread");
        print!("{:20}", "");
        for isa in &isas {
            print!("{:>10}", format!("{isa}"));
        }
        println!("{:>10}{:>10}{:>12}", "", "speed-up", "of a read");
        let mut reads = Duration::MAX;
        for (name, kernel) in &mut kernels {
            // Taken in turns, so that a machine whose speed moves moves all of them.
            let mut best = vec![Duration::MAX; isas.len()];
            let began = Instant::now();
            loop {
                reads = reads.min(timed(|| _ = black_box(read::<false>(black_box(&x)))));
                reads = reads.min(timed(|| _ = black_box(read::<true>(black_box(&x)))));
                reads = reads.min(timed(|| _ = black_box(read_side_by_side(black_box(&x)))));
                for (best, &isa) in best.iter_mut().zip(&isas) {
                    *best = (*best).min(timed(|| kernel(isa, black_box(&x))));
                }
                if began.elapsed() >= spent {
                    break;
                }
            }
            print!("{name:20}");
            for &time in &best {
                print!("{:>10.2}", gigabytes(&x, time));
            }
            let (scalar, fastest) = (best[0].as_secs_f64(), best[isas.len() - 1].as_secs_f64());
            println!(
                "{:>10}{:>9.1}x{:>11.0}%",
                "GB/s",
                scalar / fastest,
                100.0 * reads.as_secs_f64() / fastest
            );
        }
        println!("{:20}{:>10.2} GB/s", "fastest full read", gigabytes(&x, reads));
    }
    types(if quick { 4096 } else { 128 << 20 }, spent);
}

/// Definitions are slow, and timed so often.
const DEFINITIONS: usize = 3;

/// Kernels of stored elements, in turns with reads of as many bytes and with a few times their definitions.
fn types(bytes: usize, spent: Duration) {
    let scratch = Scratch::new(bytes);
    println!(
        "\n{bytes} bytes of each type, one thread: GB/s, times the definition, percent of the fastest read"
    );
    print!("{:10}", "");
    for (name, _) in KERNELS {
        print!("{name:>24}");
    }
    println!("{:>10}", "read");
    for (name, x) in scratch.types() {
        print!("{name:10}");
        let mut reads = Duration::MAX;
        for (_, kernel) in KERNELS {
            let mut best = [Duration::MAX; 2];
            let mut definitions = 0;
            let began = Instant::now();
            loop {
                let of_bytes = black_box(&scratch.floats[..]);
                reads = reads.min(timed(|| _ = black_box(read::<false>(of_bytes))));
                reads = reads.min(timed(|| _ = black_box(read::<true>(of_bytes))));
                reads = reads.min(timed(|| _ = black_box(read_side_by_side(of_bytes))));
                best[0] = best[0].min(timed(|| kernel(Isa::best(), black_box(x))));
                best[0] = best[0].min(timed(|| kernel(Isa::best(), black_box(x))));
                if definitions < DEFINITIONS {
                    best[1] = best[1].min(timed(|| kernel(Isa::Scalar, black_box(x))));
                    definitions += 1;
                }
                if began.elapsed() >= spent {
                    break;
                }
            }
            let [fastest, scalar] = best.map(|time| time.as_secs_f64());
            print!(
                "{:>10.2} {:>6.1}x {:>4.0}%",
                bytes as f64 / fastest / 1e9,
                scalar / fastest,
                100.0 * reads.as_secs_f64() / fastest
            );
        }
        println!("{:>10.2}", bytes as f64 / reads.as_secs_f64() / 1e9);
    }
}

type OfElements = fn(Isa, Elements);

const KERNELS: [(&str, OfElements); 6] = [
    ("abs_sum", |isa, x| _ = black_box(abs_sum(isa, x))),
    ("square_sum", |isa, x| _ = black_box(square_sum(isa, x))),
    ("512 columns", |isa, x| abs_sum_columns(isa, x, black_box(&mut [0.0; 512]))),
    ("8192 columns", |isa, x| abs_sum_columns(isa, x, black_box(&mut [0.0; 8192]))),
    ("extremes", |isa, x| _ = black_box(extremes(isa, x))),
    ("histogram", |isa, x| histogram(isa, x, Bins::new(-0.1, 0.1, BINS), black_box(&mut [0; BINS]))),
];

/// The same weights in every type.
struct Scratch {
    floats: Vec<f32>,
    halves: Vec<[u8; 2]>,
    brains: Vec<[u8; 2]>,
    doubles: Vec<[u8; 8]>,
    bytes: Vec<u8>,
}

impl Scratch {
    fn new(bytes: usize) -> Self {
        let floats = weights(bytes / 4);
        let repeated = || floats.iter().cycle();
        Self {
            halves: repeated().take(bytes / 2).map(|&v| f16::from_f32(v).to_le_bytes()).collect(),
            brains: repeated().take(bytes / 2).map(|&v| bf16::from_f32(v).to_le_bytes()).collect(),
            doubles: repeated().take(bytes / 8).map(|&v| f64::from(v).to_le_bytes()).collect(),
            bytes: repeated().take(bytes).map(|&v| (v * 1270.0) as i8 as u8).collect(),
            floats,
        }
    }

    fn types(&self) -> [(&str, Elements<'_>); 8] {
        let nibbles = Nibbles::new(&self.bytes, 0, 2 * self.bytes.len());
        [
            ("float32", Elements::F32(&self.floats)),
            ("float16", Elements::F16(&self.halves)),
            ("bfloat16", Elements::BF16(&self.brains)),
            ("float64", Elements::F64(&self.doubles)),
            ("int8", Elements::I8(&self.bytes)),
            ("uint8", Elements::U8(&self.bytes)),
            ("int4", Elements::I4(nibbles)),
            ("uint4", Elements::U4(nibbles)),
        ]
    }
}

/// Every byte, and next to nothing done with it: as the CPU fetches it, or asked for ahead.
fn read<const AHEAD: bool>(x: &[f32]) -> u32 {
    let (blocks, tail) = x.as_chunks::<64>();
    let mut parts = [0u32; 64];
    for block in blocks {
        if AHEAD {
            for line in (0..64).step_by(16) {
                prefetch(block.as_ptr().wrapping_add(1024 + line));
            }
        }
        for (part, v) in parts.iter_mut().zip(block) {
            *part ^= v.to_bits();
        }
    }
    parts.into_iter().chain(tail.iter().map(|v| v.to_bits())).fold(0, |a, b| a ^ b)
}

/// The same from four places in turn, two KiB apart.
fn read_side_by_side(x: &[f32]) -> u32 {
    let (groups, tail) = x.as_chunks::<2048>();
    let mut parts = [0u32; 16];
    for group in groups {
        let rows = group.as_chunks::<512>().0;
        for line in (0..512).step_by(16) {
            for row in rows {
                prefetch(row.as_ptr().wrapping_add(2048 + line));
                for (part, v) in parts.iter_mut().zip(&row[line..line + 16]) {
                    *part ^= v.to_bits();
                }
            }
        }
    }
    parts.into_iter().chain(tail.iter().map(|v| v.to_bits())).fold(0, |a, b| a ^ b)
}

fn prefetch(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: asking reads nothing that the program sees, and faults at no address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

fn timed(run: impl FnOnce()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed().max(Duration::from_nanos(1))
}

fn gigabytes(x: &[f32], time: Duration) -> f64 {
    size_of_val(x) as f64 / time.as_secs_f64() / 1e9
}

/// Bell-shaped about 0, as trained weights are.
fn weights(length: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..length).map(|_| (random.f32() + random.f32() + random.f32() + random.f32() - 2.0) * 0.05).collect()
}
