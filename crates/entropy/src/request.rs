//! What is asked for.

use crate::scaling::Scaling;
use espalier_simd::Bins;
use espalier_tensor::{Code, Error, Model, Result};

/// Indices of axes, sorted into classes.
#[derive(Clone, Debug)]
pub struct Group {
    pub classes: usize,
    pub slices: Vec<Slice>,
}

/// The indices of one axis of one tensor.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The tensor's id.
    pub tensor: usize,
    pub axis: usize,
    /// For each index the class that it belongs to, or -1. A class may have many indices, next to each other or not.
    pub classes: Vec<i32>,
    /// What the tensor's integers stand for; none where its numbers are meant themselves.
    pub scaling: Option<Scaling>,
}

/// One number for each class, over the values at all positions of all of its indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The entropy of the values' histogram, in bits: `-Σ p log2 p` over bins of equal width. 0 for a class whose values
    /// are all the same, and for one without any.
    ///
    /// - `bins`: 2 to 65,536
    /// - `miller_madow`: adds (occupied bins - 1) / (2 N ln 2), as the estimate is biased low for small N
    Entropy { bins: usize, miller_madow: bool, range: Range },
    /// The class's own term `-p log2 p` with p = its `Σ|x|` over that of the group, in bits.
    Mass,
    /// `Σ|x|`.
    AbsSum,
    /// `Σx²`.
    SquareSum,
    /// The mean squared distance of the values from their mean.
    Variance,
    /// `Σ_k ‖x - x_k‖`, over the other classes k of the group: how far the class is from all others. Values of two classes
    /// belong together that lie at the same position of the same occurrence of each in a slice; where one has no such
    /// occurrence its values count as 0.
    Distance,
}

/// What the bins of a histogram span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// All values of the group: one set of bins, so that all classes are measured alike.
    #[default]
    Group,
    /// All values of the group in one tensor: bins for each tensor, so that the widest does not decide for all. The
    /// counts are added up, bin by bin.
    Tensor,
}

impl Statistic {
    /// errors: `OPTION_INVALID`
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Entropy { bins, .. } if !(2..=Bins::MOST).contains(&bins) => {
                let what = format!("a histogram of {bins} bins");
                Err(Error::new(Code::OptionInvalid, what).todo(format!("Take 2 to {} bins.", Bins::MOST)))
            }
            _ => Ok(()),
        }
    }
}

impl Group {
    /// errors: `INTERNAL` where it contradicts the model, `MODEL_UNSUPPORTED` for tensors that hold no real numbers
    pub(crate) fn check(&self, model: &Model) -> Result<()> {
        self.slices.iter().try_for_each(|slice| slice.check(model, self.classes))
    }
}

impl Slice {
    fn check(&self, model: &Model, classes: usize) -> Result<()> {
        let tensor = model.tensor(self.tensor)?;
        let fail = |what: String| Err(Error::internal(what).in_tensor(&tensor.name));
        if !tensor.dtype.is_numeric() {
            let what = format!("its elements are {}, not real numbers", tensor.dtype);
            return Err(Error::new(Code::ModelUnsupported, what).in_tensor(&tensor.name));
        }
        let Some(&length) = tensor.dims.get(self.axis) else {
            return fail(format!("there is no axis {} among {}", self.axis, tensor.dims.len()));
        };
        if length != self.classes.len() as u64 {
            return fail(format!("axis {} has {length} indices, not {}", self.axis, self.classes.len()));
        }
        let outside = |&&class: &&i32| class < -1 || i64::from(class) >= classes as i64;
        if let Some(class) = self.classes.iter().find(outside) {
            return fail(format!("axis {} names class {class} of {classes}", self.axis));
        }
        Ok(())
    }
}
