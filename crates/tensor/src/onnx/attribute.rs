use super::walk::Walk;
use super::{Attribute, AttributeValue, Id, MAX_ATTRIBUTE};
use crate::Result;
use crate::wire::{Field, malformed};

/// `AttributeProto.AttributeType`.
mod kind {
    pub const FLOAT: i64 = 1;
    pub const INT: i64 = 2;
    pub const STRING: i64 = 3;
    pub const TENSOR: i64 = 4;
    pub const GRAPH: i64 = 5;
    pub const FLOATS: i64 = 6;
    pub const INTS: i64 = 7;
    pub const STRINGS: i64 = 8;
    pub const GRAPHS: i64 = 10;
}

/// The fields of an attribute before its type says which of them counts.
#[derive(Default)]
struct Fields {
    kind: i64,
    name: String,
    reference: String,
    float: Option<f32>,
    int: Option<i64>,
    string: Option<Field>,
    tensor: Option<Field>,
    graph: Option<Field>,
    floats: Vec<f32>,
    ints: Vec<i64>,
    strings: Vec<Field>,
    graphs: Vec<Field>,
}

impl Walk<'_> {
    /// An `AttributeProto`, with the graphs and tensors in it.
    pub fn attribute(&mut self, field: &Field, parent: Id, depth: usize) -> Result<Attribute> {
        let message = self.message(field, parent, "NodeProto.attribute")?;
        let fields = self.attribute_fields(message)?;
        let at = field.start;
        let name = fields.name.clone();
        if name.is_empty() {
            return Err(malformed("an attribute has no name", at));
        }
        let lacks =
            |what: &str| malformed(format!("attribute \"{name}\" says it is {what} but has none"), at);
        let value = if !fields.reference.is_empty() {
            AttributeValue::Reference(fields.reference)
        } else {
            match if fields.kind == 0 { fields.guess() } else { fields.kind } {
                kind::FLOAT => AttributeValue::Float(fields.float.unwrap_or(0.0)),
                kind::INT => AttributeValue::Int(fields.int.unwrap_or(0)),
                kind::STRING => match &fields.string {
                    Some(field) => self.string(field)?.map_or(AttributeValue::Other, AttributeValue::String),
                    None => AttributeValue::String(Vec::new()),
                },
                kind::TENSOR => {
                    let field = fields.tensor.ok_or_else(|| lacks("a tensor"))?;
                    AttributeValue::Tensor(self.tensor(&field, message)?)
                }
                kind::GRAPH => {
                    let field = fields.graph.ok_or_else(|| lacks("a graph"))?;
                    AttributeValue::Graph(self.graph(&field, message, depth + 1)?)
                }
                kind::FLOATS if fields.floats.len() <= MAX_ATTRIBUTE => AttributeValue::Floats(fields.floats),
                kind::INTS if fields.ints.len() <= MAX_ATTRIBUTE => AttributeValue::Ints(fields.ints),
                kind::STRINGS => self.strings(&fields.strings)?,
                kind::GRAPHS => {
                    let graphs = fields.graphs.iter().map(|field| self.graph(field, message, depth + 1));
                    AttributeValue::Graphs(graphs.collect::<Result<_>>()?)
                }
                _ => AttributeValue::Other,
            }
        };
        Ok(Attribute { message, name, value })
    }

    fn attribute_fields(&mut self, message: Id) -> Result<Fields> {
        let range = self.index.messages[message].body.clone();
        let mut fields = Fields::default();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => fields.name = self.name(&field, "AttributeProto.name")?,
                2 => fields.float = Some(field.float("AttributeProto.f")?),
                3 => fields.int = Some(field.integer("AttributeProto.i")?),
                4 => fields.string = Some(field),
                5 if fields.tensor.is_some() => {
                    return Err(malformed("an attribute has two tensors", field.start));
                }
                5 => fields.tensor = Some(field),
                6 if fields.graph.is_some() => {
                    return Err(malformed("an attribute has two graphs", field.start));
                }
                6 => fields.graph = Some(field),
                7 => self.floats(&field, "AttributeProto.floats", MAX_ATTRIBUTE, &mut fields.floats)?,
                8 => self.integers(&field, "AttributeProto.ints", MAX_ATTRIBUTE, &mut fields.ints)?,
                9 => {
                    self.count()?;
                    fields.strings.push(field);
                }
                10 => self.refuse_external(field.payload("AttributeProto.tensors")?)?,
                11 => {
                    self.count()?;
                    fields.graphs.push(field);
                }
                20 => fields.kind = field.integer("AttributeProto.type")?,
                21 => fields.reference = self.name(&field, "AttributeProto.ref_attr_name")?,
                22 | 23 => {
                    self.sparse(field.payload("AttributeProto.sparse_tensor")?)?;
                }
                _ => {}
            }
        }
        Ok(fields)
    }

    /// A string attribute's bytes; none where it is too long to keep.
    fn string(&mut self, field: &Field) -> Result<Option<Vec<u8>>> {
        let range = field.payload("AttributeProto.s")?;
        if range.end - range.start > MAX_ATTRIBUTE as u64 {
            return Ok(None);
        }
        self.reader.bytes(range).map(Some)
    }

    fn strings(&mut self, fields: &[Field]) -> Result<AttributeValue> {
        let total: u64 = fields.iter().map(|field| field.end - field.start).sum();
        if total > MAX_ATTRIBUTE as u64 {
            return Ok(AttributeValue::Other);
        }
        let mut strings = Vec::with_capacity(fields.len());
        for field in fields {
            strings.push(self.reader.bytes(field.payload("AttributeProto.strings")?)?);
        }
        Ok(AttributeValue::Strings(strings))
    }
}

impl Fields {
    /// The type of an attribute of IR version 1, which did not have to say it.
    fn guess(&self) -> i64 {
        let present = [
            (self.float.is_some(), kind::FLOAT),
            (self.int.is_some(), kind::INT),
            (self.string.is_some(), kind::STRING),
            (self.tensor.is_some(), kind::TENSOR),
            (self.graph.is_some(), kind::GRAPH),
            (!self.floats.is_empty(), kind::FLOATS),
            (!self.ints.is_empty(), kind::INTS),
            (!self.strings.is_empty(), kind::STRINGS),
            (!self.graphs.is_empty(), kind::GRAPHS),
        ];
        present.into_iter().find_map(|(is, kind)| is.then_some(kind)).unwrap_or(0)
    }
}
