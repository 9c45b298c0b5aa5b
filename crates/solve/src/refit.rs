//! What a regression has come to.

/// y ≈ W' x[keep] + b'.
#[derive(Clone, Debug, PartialEq)]
pub struct Refit {
    /// W', [out, keep].
    pub weights: Vec<f64>,
    /// b', [out]. It is not damped.
    pub bias: Vec<f64>,
    /// The damping that it took: what was asked for, or more where that was too little.
    pub damping: f64,
}
