//! Moments, refits, orders and entropies: against NumPy's answers, against the definitions written plainly, and against
//! each other.

mod fixtures;
mod gaussian;
mod information;
mod moments;
mod obs;
mod reference;
mod ridge;
mod samples;
mod threads;
