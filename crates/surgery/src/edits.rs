use espalier_tensor::DType;
use espalier_tensor::onnx::Id;

/// Edits to one model. Ids are those of its index; what is not named here stays as it is, byte for byte.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    pub selections: Vec<Select>,
    pub integers: Vec<IntegerEdit>,
    pub contents: Vec<FloatEdit>,
    pub retyped: Vec<Retype>,
    pub copies: Vec<NewCopy>,
    pub literals: Vec<NewLiteral>,
    pub attributes: Vec<AttributeEdit>,
    pub inputs: Vec<InputEdit>,
    pub nodes: Vec<NewNode>,
    pub value_infos: Vec<ValueInfoEdit>,
    pub outputs: Vec<NewOutput>,
    pub part: Option<Part>,
    /// Derived tensors that become initializers of the main graph; a part says that of itself.
    pub folded: Vec<Fold>,
    pub dropped: Dropped,
    pub metadata: Vec<MetadataEdit>,
}

/// A derived tensor becomes an initializer of this name, with what other edits say of its content.
#[derive(Clone, Debug)]
pub struct Fold {
    pub tensor: Id,
    pub name: String,
}

/// What leaves the main graph, since nothing reads it any more.
#[derive(Clone, Debug, Default)]
pub struct Dropped {
    pub nodes: Vec<Id>,
    pub tensors: Vec<Id>,
}

/// A stored tensor keeps these indices of an axis. Several axes of one tensor may be cut, each by its own.
#[derive(Clone, Debug)]
pub struct Select {
    pub tensor: Id,
    pub kept: Kept,
}

/// The indices of an axis that stay: strictly ascending, at least one.
#[derive(Clone, Debug)]
pub struct Kept {
    pub axis: usize,
    pub indices: Vec<u32>,
}

/// A stored tensor gets another content of the same type; integers saturate.
#[derive(Clone, Debug)]
pub struct IntegerEdit {
    pub tensor: Id,
    pub dims: Vec<u64>,
    pub values: Vec<f64>,
}

/// A stored tensor of floats gets another content, rounded to its type, ties to even. Selections of it are void.
#[derive(Clone, Debug)]
pub struct FloatEdit {
    pub tensor: Id,
    pub dims: Vec<u64>,
    pub values: Vec<f32>,
}

/// An initializer of floats, as other edits leave it, is written under another name and as another type of floats: rounded to the
/// nearest, ties to even. Nothing makes its old name any more.
#[derive(Clone, Debug)]
pub struct Retype {
    pub tensor: Id,
    pub dtype: DType,
    pub name: String,
}

/// A new initializer of a graph, selected from a stored tensor.
#[derive(Clone, Debug)]
pub struct NewCopy {
    pub graph: Id,
    pub tensor: Id,
    pub name: String,
    pub selections: Vec<Kept>,
}

/// A new initializer of a graph.
#[derive(Clone, Debug)]
pub struct NewLiteral {
    pub graph: Id,
    pub name: String,
    pub dtype: DType,
    pub dims: Vec<u64>,
    pub values: Vec<f64>,
}

/// A node's attribute, replaced, added where it has none of that name, or removed.
#[derive(Clone, Debug)]
pub struct AttributeEdit {
    pub node: Id,
    pub attribute: NewAttribute,
}

#[derive(Clone, Debug)]
pub struct NewAttribute {
    pub name: String,
    pub value: NewAttributeValue,
}

#[derive(Clone, Debug)]
pub enum NewAttributeValue {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
    Floats(Vec<f32>),
    Text(String),
    Texts(Vec<String>),
    Remove,
}

/// An operand reads another value; past the end, absent operands fill the gap.
#[derive(Clone, Debug)]
pub struct InputEdit {
    pub node: Id,
    pub index: usize,
    pub name: String,
}

/// A node put before another one, or in its place; several before the same one stay in their order.
#[derive(Clone, Debug)]
pub struct NewNode {
    pub before: Id,
    pub replaces: bool,
    pub op: String,
    pub domain: String,
    pub name: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Vec<NewAttribute>,
}

/// Stated lengths of a value.
#[derive(Clone, Debug)]
pub struct ValueInfoEdit {
    pub value: Id,
    pub dims: Vec<AxisLength>,
}

#[derive(Clone, Copy, Debug)]
pub struct AxisLength {
    pub axis: usize,
    /// None: the length is open, and no symbol stands for it.
    pub length: Option<u64>,
}

/// A value of the main graph becomes an output too, of stated name only; nothing where it is one already.
#[derive(Clone, Debug)]
pub struct NewOutput {
    pub name: String,
}

/// A part of the main graph that stands for itself: what other edits say of what leaves is void.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Nodes of the main graph that leave, with all that they hold.
    pub nodes: Vec<Id>,
    /// Initializers that leave.
    pub tensors: Vec<Id>,
    /// All of its inputs but for initializers; of one that is new only name and type are stated.
    pub inputs: Vec<PartInput>,
    /// All of its outputs.
    pub outputs: Vec<String>,
    /// Derived tensors that are its initializers.
    pub folded: Vec<Fold>,
}

#[derive(Clone, Debug)]
pub struct PartInput {
    pub name: String,
    pub dtype: DType,
}

/// A `metadata_props` entry, replaced or appended.
#[derive(Clone, Debug)]
pub struct MetadataEdit {
    pub key: String,
    pub value: String,
}
