//! What pairs of variables share, and the tree that is made of it: against SciPy, closed forms and its own definition.

mod closed_forms;
mod fixtures;
mod refusals;
mod support;
mod tree;
