//! Instruction sets, and the one place where a kernel is compiled for one that the target does not promise.

use std::fmt;

/// What a kernel runs on. Only the speed depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// The kernel's definition.
    Scalar,
    /// The blocked form, compiled for what the target promises: SSE2, NEON, or WebAssembly's SIMD where it is on.
    Baseline,
    /// The blocked form, compiled for AVX2.
    Avx2(Avx2),
}

/// Proof that the running CPU has AVX2: only [`Isa::available`] and [`Isa::best`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            return Some(Self(()));
        }
        None
    }
}

impl Isa {
    /// The fastest that the running CPU has. Detection is cached, so this is cheap to call.
    pub fn best() -> Self {
        Avx2::detect().map_or(Self::Baseline, Self::Avx2)
    }

    /// All that the running CPU has, slowest first.
    pub fn available() -> Vec<Self> {
        [Self::Scalar, Self::Baseline].into_iter().chain(Avx2::detect().map(Self::Avx2)).collect()
    }

    /// Runs the definition, or the blocked form compiled for this instruction set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Self::Scalar => kernel.scalar(),
            Self::Baseline => kernel.blocks(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Avx2` is only made where the running CPU has it.
            Self::Avx2(_) => unsafe { with_avx2(kernel) },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2(_) => kernel.blocks(),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scalar => "scalar",
            Self::Baseline => "baseline",
            Self::Avx2(_) => "avx2",
        })
    }
}

/// A kernel with its arguments bound.
pub(crate) trait Kernel {
    type Output;

    /// The definition.
    fn scalar(self) -> Self::Output;

    /// The same result, bit for bit: plain code over fixed arrays that compiles to vector instructions. It and all
    /// that it calls must be `#[inline(always)]`, so that it is compiled for its caller's instruction set.
    fn blocks(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.blocks()
}
