//! The linear algebra of reconstruction and of the price of an input: matrices and indices, nothing of networks.
//!
//! [`Moments`] are the second moments of inputs x and targets y over many samples. From them alone come the least-squares
//! refit of y on a part of the inputs ([`ridge`]), the order in which blocks of inputs may leave with the price of each
//! ([`obs`]), and what each block knows that no other does ([`information`]). [`logits`]
//! are products of two responses with fewer dims.
//!
//! faer works on blocks whose bounds depend on shapes alone, each on one thread, and what they give is joined in a fixed
//! order: on one machine the numbers have the same bits on any number of threads. (Another machine may have wider vectors,
//! and rounds otherwise.) The work is done on the current rayon pool.

mod accumulate;
mod batches;
mod blocks;
mod clipped;
mod columns;
mod damping;
#[cfg(target_family = "wasm")]
mod fused;
mod gaussian;
mod gram;
mod grouped;
mod information;
mod logits;
mod matrix;
mod moments;
mod obs;
mod patches;
mod pending;
mod product;
mod products;
mod refit;
mod regression;
mod ridge;
mod rows;
mod surgeon;

pub use gaussian::{GaussianPairs, gaussian_pairs};
pub use grouped::GroupedMoments;
pub use information::{Information, information};
pub use logits::{Logits, Responses, logits, responses};
pub use moments::{Moments, Precision};
pub use obs::{Consumer, Order, obs};
pub use patches::{Patches, sampled};
pub use pending::Pending;
pub use product::product;
pub use refit::Refit;
pub use regression::{Regression, Solved, Solving};
pub use ridge::{ridge, ridge_near, ridge_through_zero};
