//! Sums over a run of values that their mean, spread, magnitude and sparseness follow from.

use crate::isa::{Instructions, Isa, Kernel};

/// Partial sums. Part of the definition: every instruction set adds in this order.
const PARTS: usize = 8;

/// What [`power_sums`] finds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PowerSums {
    /// `Σ(x - pivot)`.
    pub sum: f64,
    /// `Σ(x - pivot)²`.
    pub squares: f64,
    /// `Σ|x|`.
    pub magnitudes: f64,
    /// Values that are 0.0 or -0.0.
    pub zeros: u64,
}

/// The sums of `x`, counted from `pivot`: from a value of its own, so that a constant gives exact zeros.
/// - `x`: any length, any alignment; empty gives zeros. returns: NaN if `x` holds NaN
/// - order: element `i` goes to part `i % 8`; the parts are then added left to right
/// - panics: never
pub fn power_sums(isa: Isa, x: &[f32], pivot: f32) -> PowerSums {
    isa.run(Sums(x, f64::from(pivot)))
}

#[derive(Clone, Copy, Default)]
struct Parts {
    sum: [f64; PARTS],
    squares: [f64; PARTS],
    magnitudes: [f64; PARTS],
    zeros: [u64; PARTS],
}

impl Parts {
    #[inline(always)]
    fn add(&mut self, part: usize, value: f32, pivot: f64) {
        let apart = f64::from(value) - pivot;
        self.sum[part] += apart;
        self.squares[part] += apart * apart;
        self.magnitudes[part] += f64::from(value.abs());
        self.zeros[part] += u64::from(value == 0.0);
    }

    #[inline(always)]
    fn total(&self) -> PowerSums {
        PowerSums {
            sum: self.sum.iter().sum(),
            squares: self.squares.iter().sum(),
            magnitudes: self.magnitudes.iter().sum(),
            zeros: self.zeros.iter().sum(),
        }
    }
}

struct Sums<'a>(&'a [f32], f64);

impl Kernel for Sums<'_> {
    type Output = PowerSums;

    fn scalar(self) -> PowerSums {
        let mut parts = Parts::default();
        for (i, &value) in self.0.iter().enumerate() {
            parts.add(i % PARTS, value, self.1);
        }
        parts.total()
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, _: I) -> PowerSums {
        let mut parts = Parts::default();
        let (blocks, tail) = self.0.as_chunks::<PARTS>();
        for block in blocks {
            for (part, &value) in block.iter().enumerate() {
                parts.add(part, value, self.1);
            }
        }
        for (part, &value) in tail.iter().enumerate() {
            parts.add(part, value, self.1);
        }
        parts.total()
    }
}
