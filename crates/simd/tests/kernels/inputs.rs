//! What the kernels are tried on.

use espalier_simd::{Isa, PARTS};

/// Values that a kernel may take for another: every kind of float by name.
pub const ODD: [f32; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f32::MIN_POSITIVE,
    1e-40,
    -1e-45,
    1e-45,
    f32::MAX,
    f32::MIN,
    f32::EPSILON,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

/// Weights as a trained layer has them: mostly small, a few large, some zeros.
pub fn weights(seed: u64, length: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length)
        .map(|_| match random.u8(..16) {
            0 => 0.0,
            1 => (random.f32() - 0.5) * 8.0,
            _ => (random.f32() + random.f32() + random.f32() - 1.5) * 0.05,
        })
        .collect()
}

/// Bits of any kind, so NaNs with payloads, infinities and denormals too.
pub fn bits(seed: u64, length: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| f32::from_bits(random.u32(..))).collect()
}

/// Runs `check` on every instruction set with every start and length about a block, and on odd values at every place.
pub fn everywhere(check: impl Fn(Isa, &[f32])) {
    const LENGTH: usize = 3 * PARTS + 1;
    let long = [weights(1, 2000), bits(2, 2000)];
    for isa in Isa::available() {
        for source in &long {
            for start in 0..PARTS {
                for length in 0..=LENGTH {
                    check(isa, &source[start..start + length]);
                }
            }
            for length in [255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 1999] {
                check(isa, &source[1..][..length]);
            }
        }
        for odd in ODD {
            for place in 0..LENGTH {
                let mut x = weights(3, LENGTH);
                x[place] = odd;
                check(isa, &x);
            }
            check(isa, &vec![odd; LENGTH]);
        }
    }
}

/// The same number to the last bit, or both NaN (which NaN is not said by IEEE 754).
pub fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}
