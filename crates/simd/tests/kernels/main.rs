//! Every kernel on every instruction set that this machine has, against its definition and against known values.

mod entropy_terms;
mod extremes;
mod histogram;
mod inputs;
mod joint;
mod moments;
mod stored;
mod sums;
