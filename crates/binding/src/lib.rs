//! The addon: conversions, cancellation, progress. No algorithm is in here.

// What only Node calls is not called in a test build, where napi registers nothing.
#![cfg_attr(test, allow(dead_code))]

mod activations;
mod background;
mod derive;
mod edits;
mod error;
mod grouped;
mod job;
mod model;
mod moments;
mod regression;
mod resample;
mod serial;
mod statistics;
mod threads;
mod tree;
mod written;
