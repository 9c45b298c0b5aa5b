//! Kernels over elements as they are stored, `f32` or not: the only crate that compiles code for one instruction set.
//!
//! Each kernel has one scalar definition, and a blocked form that equals it bit for bit on every instruction set: the
//! order of summation is part of the definition, nothing is contracted into a fused multiply-add, and no logarithm
//! comes from the platform's library. A score is therefore the same number everywhere.

mod columns;
mod dispatch;
mod elements;
mod entropy_terms;
mod extremes;
mod formats;
mod half;
mod histogram;
mod integers;
mod isa;
mod joint;
mod log2;
mod moments;
mod nibbles;
mod prefetch;
mod source;
mod sums;
mod widen;

pub use columns::{abs_sum_columns, square_sum_columns, value_sum_columns};
pub use elements::Elements;
pub use entropy_terms::entropy_terms;
pub use extremes::{Extremes, extremes};
pub use histogram::{Bins, bin_indices, histogram};
pub use isa::{Avx2, Avx512, Isa};
pub use joint::{MOST_CODE_BITS, joint_histogram};
pub use log2::log2;
pub use moments::{PowerSums, power_sums};
pub use nibbles::Nibbles;
pub use sums::{PARTS, abs_sum, square_distance, square_sum, value_sum};
pub use widen::widen;
