//! Statistics and terms against their definitions, on any number of threads and every instruction set.

mod models;
mod reference;
mod refusals;
mod scaled;
mod terms;
mod values;
