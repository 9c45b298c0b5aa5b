//! Edits to a model, written as a stream: everything that is not edited is copied byte for byte.
//!
//! An edit becomes splices of the file ([`splice`]); splices and the lengths around them become a list of pieces
//! ([`piece`]); and pieces are written in blocks, in parallel, from the model's files to the output ([`write`]).

mod convert;
mod edits;
mod encode;
mod gather;
mod layout;
mod nodes;
mod part;
mod piece;
mod save;
mod select;
mod splice;
mod tensors;
mod values;
mod write;

pub use edits::{
    AttributeEdit, AxisLength, Dropped, Edits, FloatEdit, Fold, InputEdit, IntegerEdit, Kept, MetadataEdit,
    NewAttribute, NewAttributeValue, NewCopy, NewLiteral, NewNode, NewOutput, Part, PartInput, Retype,
    Select, ValueInfoEdit,
};
pub use save::{Saved, Written, save, save_to_bytes, write};
