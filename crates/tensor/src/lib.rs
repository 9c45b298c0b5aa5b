//! Tensors in ONNX files: element types, bytes by position, the wire format, an index of a model, and reading elements.
//!
//! A [`Model`] knows where everything in a file lies and loads none of its weights; reading goes by position, so a model
//! may be larger than memory.

mod decode;
mod digest;
mod document;
mod dtype;
mod error;
mod external;
mod job;
mod model;
pub mod onnx;
pub mod output;
mod source;
mod typed;
pub mod wire;

pub use dtype::DType;
pub use error::{Code, Error, Place, Result};
pub use external::{Given, GivenFiles};
pub use job::Job;
pub use model::{Compute, Model};
pub use source::Source;
