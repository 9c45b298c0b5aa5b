//! Instruction sets, and the one place where a kernel is compiled for one that the target does not promise.

use crate::half::f16_to_f32;
use std::fmt;

/// What a kernel runs on. Only the speed depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// The kernel's definition.
    Scalar,
    /// The blocked form, compiled for what the target promises: SSE2, NEON, or WebAssembly's SIMD where it is on.
    Baseline,
    /// The blocked form, compiled for AVX2, FMA and F16C, which CPUs that have the first have together.
    Avx2(Avx2),
    /// The blocked form, compiled for AVX-512: F, BW, DQ and VL, which CPUs that have it have together since Skylake-X.
    Avx512(Avx512),
}

/// Proof that the running CPU has AVX2: only [`Isa::available`] and [`Isa::best`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("fma")
            && std::is_x86_feature_detected!("f16c")
        {
            return Some(Self(()));
        }
        None
    }
}

/// Proof that the running CPU has AVX-512: only [`Isa::available`] and [`Isa::best`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512(());

impl Avx512 {
    fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512vl")
        {
            return Some(Self(()));
        }
        None
    }
}

impl Isa {
    /// The fastest that the running CPU has. Detection is cached, so this is cheap to call.
    pub fn best() -> Self {
        let avx2 = || Avx2::detect().map(Self::Avx2);
        Avx512::detect().map(Self::Avx512).or_else(avx2).unwrap_or(Self::Baseline)
    }

    /// All that the running CPU has, slowest first.
    pub fn available() -> Vec<Self> {
        let (avx2, avx512) = (Avx2::detect().map(Self::Avx2), Avx512::detect().map(Self::Avx512));
        [Self::Scalar, Self::Baseline].into_iter().chain(avx2).chain(avx512).collect()
    }

    /// Runs the definition, or the blocked form compiled for this instruction set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Self::Scalar => kernel.scalar(),
            Self::Baseline => kernel.blocks(Baseline),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Avx2` is only made where the running CPU has it.
            Self::Avx2(proof) => unsafe { with_avx2(kernel, proof) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Avx512` is only made where the running CPU has it.
            Self::Avx512(proof) => unsafe { with_avx512(kernel, proof) },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2(_) | Self::Avx512(_) => kernel.blocks(Baseline),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scalar => "scalar",
            Self::Baseline => "baseline",
            Self::Avx2(_) => "avx2",
            Self::Avx512(_) => "avx512",
        })
    }
}

/// A kernel with its arguments bound.
pub(crate) trait Kernel {
    type Output;

    /// The definition.
    fn scalar(self) -> Self::Output;

    /// The same result, bit for bit: plain code over fixed arrays that compiles to vector instructions. It and all
    /// of what it calls that is to be fast must be `#[inline(always)]`, to be compiled for its caller's instruction set.
    /// - `with`: what that has an instruction for
    fn blocks<I: Instructions>(self, with: I) -> Self::Output;
}

/// What some instruction sets do in one instruction and plain code does not compile to.
pub(crate) trait Instructions: Copy {
    /// IEEE 754 binary16, little-endian, as f32. A NaN becomes quiet.
    #[inline(always)]
    fn halves(self, x: &[[u8; 2]; 16]) -> [f32; 16] {
        x.map(f16_to_f32)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Baseline;

impl Instructions for Baseline {}

impl Instructions for Avx2 {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn halves(self, x: &[[u8; 2]; 16]) -> [f32; 16] {
        use std::arch::x86_64::{_mm_loadu_si128, _mm256_cvtph_ps, _mm256_storeu_ps};
        let mut out = [0.0; 16];
        for (x, out) in x.as_chunks::<8>().0.iter().zip(out.as_chunks_mut::<8>().0) {
            // SAFETY: an `Avx2` is only made where the running CPU has F16C; 16 bytes are read and 32 written.
            unsafe {
                _mm256_storeu_ps(out.as_mut_ptr(), _mm256_cvtph_ps(_mm_loadu_si128(x.as_ptr().cast())));
            }
        }
        out
    }
}

impl Instructions for Avx512 {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn halves(self, x: &[[u8; 2]; 16]) -> [f32; 16] {
        use std::arch::x86_64::{_mm256_loadu_si256, _mm512_cvtph_ps, _mm512_storeu_ps};
        let mut out = [0.0; 16];
        // SAFETY: an `Avx512` is only made where the running CPU has AVX-512F; 32 bytes are read and 64 written.
        unsafe {
            _mm512_storeu_ps(out.as_mut_ptr(), _mm512_cvtph_ps(_mm256_loadu_si256(x.as_ptr().cast())));
        }
        out
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn with_avx2<K: Kernel>(kernel: K, proof: Avx2) -> K::Output {
    kernel.blocks(proof)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<K: Kernel>(kernel: K, proof: Avx512) -> K::Output {
    kernel.blocks(proof)
}
