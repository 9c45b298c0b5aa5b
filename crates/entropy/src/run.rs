//! How a call is carried out.

use espalier_simd::Isa;
use espalier_tensor::Job;

/// What the caller of a long call decides about how it runs; it changes no result. The work is done on the current rayon
/// pool.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Cancels the call, and sees how far it is.
    pub job: &'a Job,
    pub isa: Isa,
}

impl<'a> Run<'a> {
    /// On the fastest instruction set.
    pub fn new(job: &'a Job) -> Self {
        Self { job, isa: Isa::best() }
    }
}
