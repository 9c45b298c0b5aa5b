//! What lies where in an ONNX file: graphs, nodes, attributes, values and tensors, with the byte ranges that an edit needs.

mod attribute;
mod graph;
mod tensor;
mod walk;

use std::ops::Range;

use serde::Serialize;

use crate::DType;

pub(crate) use tensor::typed;
pub(crate) use walk::index;

/// Index of something in its list in [`Index`], in file order, depth first through sub-graphs.
pub type Id = usize;

/// Deepest nesting of graphs in graphs that is followed.
pub const MAX_DEPTH: usize = 64;
/// Most nodes, operands, attributes, values and tensors of one file together.
pub const MAX_ITEMS: usize = 1 << 21;
/// Longest name, in bytes.
pub const MAX_NAME: u64 = 1 << 20;
/// Longest list or string of an attribute that is kept in the index; longer ones are [`AttributeValue::Other`].
pub const MAX_ATTRIBUTE: usize = 1 << 20;
/// Most axes of one tensor.
pub const MAX_RANK: usize = 255;

#[derive(Debug, Default)]
pub struct Index {
    /// All messages that something can be edited in; 0 is the model itself, and parents come before their children.
    pub messages: Vec<Message>,
    pub ir_version: i64,
    pub producer: String,
    pub opsets: Vec<Opset>,
    pub metadata: Vec<Metadata>,
    /// 0 is the main graph.
    pub graphs: Vec<Graph>,
    pub nodes: Vec<Node>,
    pub values: Vec<Value>,
    pub tensors: Vec<Tensor>,
    pub functions: Vec<Function>,
    /// The file holds graphs for training, which are copied and never read.
    pub has_training: bool,
}

/// A length-delimited message and where its tag, its length and its content lie.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub parent: Id,
    /// Nesting: 0 for the model.
    pub depth: u32,
    pub tag: u64,
    pub length_at: u64,
    pub body: Range<u64>,
}

#[derive(Clone, Debug)]
pub struct Opset {
    pub domain: String,
    pub version: i64,
}

#[derive(Clone, Debug)]
pub struct Metadata {
    pub key: String,
    pub value: String,
    pub span: Range<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub message: Id,
    pub name: String,
    pub nodes: Vec<Id>,
    pub inputs: Vec<Id>,
    pub outputs: Vec<Id>,
    pub value_infos: Vec<Id>,
    pub initializers: Vec<Id>,
    pub sparse_initializers: Vec<Sparse>,
    /// Where its last initializer ends.
    pub initializers_end: Option<u64>,
}

/// A sparse tensor: what it is called, and how long its axes are. It is copied as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sparse {
    pub name: String,
    pub dims: Vec<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Function {
    pub name: String,
    pub domain: String,
    pub overload: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Vec<String>,
    pub opsets: Vec<Opset>,
    pub nodes: Vec<Id>,
}

#[derive(Clone, Debug, Default)]
pub struct Node {
    pub message: Id,
    /// The graph it is in; none in a function's body.
    pub graph: Option<Id>,
    pub name: String,
    pub op: String,
    pub domain: String,
    pub inputs: Vec<Operand>,
    pub outputs: Vec<String>,
    pub attributes: Vec<Attribute>,
}

#[derive(Clone, Debug)]
pub struct Operand {
    pub name: String,
    pub span: Range<u64>,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub message: Id,
    pub name: String,
    pub value: AttributeValue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    Int(i64),
    Float(f32),
    String(Vec<u8>),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Strings(Vec<Vec<u8>>),
    Tensor(Id),
    Graph(Id),
    Graphs(Vec<Id>),
    /// The name of an attribute of the function around it.
    Reference(String),
    /// Sparse tensors, types, very long lists: kept in the file, not read.
    Other,
}

/// A graph's input, output or stated intermediate value.
#[derive(Clone, Debug)]
pub struct Value {
    /// The message that holds it: its graph.
    pub container: Id,
    pub span: Range<u64>,
    pub name: String,
    pub dtype: Option<DType>,
    pub shape: Option<Vec<Dim>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    Length(u64),
    Symbol(String),
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Tensor {
    pub message: Id,
    pub name: String,
    pub dtype: DType,
    pub dims: Vec<u64>,
    /// The product of `dims`.
    pub elements: u64,
    /// Bytes of its elements in the form of `raw_data`; of strings, their bytes together.
    pub bytes: u64,
    /// Bytes of its data as it lies in the file.
    pub stored: u64,
    pub data: Data,
    pub external: Option<External>,
    pub spans: TensorSpans,
}

/// Where a tensor's elements are.
#[derive(Clone, Debug)]
pub enum Data {
    /// One after the other, little-endian, in one of the model's sources.
    Bytes { source: usize, offset: u64 },
    /// In typed fields of the .onnx file, to be decoded.
    Typed(Vec<Chunk>),
    /// The bytes of each string.
    Strings(Vec<Range<u64>>),
    /// In no file: computed when they are first read.
    Derived,
}

/// A run of values of one typed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub field: u32,
    /// Packed: the payload. Otherwise: whole fields, each with its tag.
    pub range: Range<u64>,
    pub packed: bool,
    pub values: u64,
}

/// What the .onnx file says about data that lies in another one.
#[derive(Clone, Debug, Default)]
pub struct External {
    pub location: String,
    pub offset: u64,
    pub length: Option<u64>,
    /// Other entries, in their order.
    pub others: Vec<(String, String)>,
}

/// The fields of a tensor that change with its content. Everything else of it is copied.
#[derive(Clone, Debug, Default)]
pub struct TensorSpans {
    pub dims: Vec<Range<u64>>,
    pub data: Vec<Range<u64>>,
    pub external: Vec<Range<u64>>,
    pub location: Vec<Range<u64>>,
}
