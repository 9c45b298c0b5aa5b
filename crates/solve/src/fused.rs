//! `f64::mul_add` in WebAssembly.
//!
//! WebAssembly has no instruction that multiplies and adds with one rounding. Rust asks the C library for one then, which computes it
//! in integers, and what faer does with small matrices took most of the time of a refit. These take the places of the C library's
//! functions and round twice, as do the products of large matrices there. Nothing in these crates relies on one rounding.

#[unsafe(no_mangle)]
extern "C" fn fma(a: f64, b: f64, c: f64) -> f64 {
    a * b + c
}

#[unsafe(no_mangle)]
extern "C" fn fmaf(a: f32, b: f32, c: f32) -> f32 {
    a * b + c
}
