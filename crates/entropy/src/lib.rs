//! Statistics of weights, straight from a model's file: of slices of tensors, and of single weights. And what variables
//! share of which samples are held: mutual information, gains, the pruning tree.
//!
//! A slice is one index of one axis of one tensor, so a tensor is seen as [outer, n, inner]. A group sorts such indices,
//! of one tensor or of many, into classes, and each statistic is one number for each class. All of them are additive over
//! the positions of a class; the work is cut into tasks whose bounds depend on shapes alone and whose results are joined
//! in a fixed order, so the numbers have the same bits on any number of threads and any instruction set.

mod activations;
mod batch;
mod codes;
mod counts;
mod distances;
mod extremes;
mod gains;
mod mutual;
mod npz;
mod quantiles;
mod request;
mod run;
mod scaling;
mod shannon;
mod statistics;
mod sums;
mod sweep;
mod terms;
mod tree;
mod view;

pub use activations::{Activations, Summary};
pub use batch::Batch;
pub use codes::{Binning, Codes, Edges, MOST_BINS, MOST_SAMPLES, Samples, Span};
pub use gains::{Gain, gains, gains_of_labels};
pub use mutual::{Pairs, mutual_information};
pub use request::{Group, Range, Slice, Statistic};
pub use run::Run;
pub use scaling::{ScaledBy, Scaling};
pub use shannon::entropy_of_counts;
pub use statistics::statistics;
pub use terms::{Named, WrittenTerms, terms_beside, write_terms};
pub use tree::{Parent, Tree, pruning_tree};
