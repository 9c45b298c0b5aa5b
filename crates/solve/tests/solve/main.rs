//! Moments, refits, orders and entropies: against NumPy's answers, against the definitions written plainly, and against
//! each other.

mod clipped;
mod fixtures;
mod gaussian;
mod grouped;
mod information;
mod logits;
mod moments;
mod obs;
mod pending;
mod product;
mod reference;
mod regression;
mod respond;
mod ridge;
mod samples;
mod threads;
