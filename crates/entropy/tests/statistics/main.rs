//! Statistics against their definitions, on any number of threads and every instruction set.

mod models;
mod reference;
mod refusals;
mod values;
