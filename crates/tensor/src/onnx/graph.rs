use std::ops::Range;

use super::walk::Walk;
use super::{Dim, Function, Graph, Id, MAX_RANK, Node, Operand, Value};
use crate::wire::{Field, malformed};
use crate::{DType, Result};

impl Walk<'_> {
    /// A `GraphProto` and everything in it. Returns its id.
    pub fn graph(&mut self, field: &Field, parent: Id, depth: usize) -> Result<Id> {
        self.check_depth(depth, field.start)?;
        self.count()?;
        let message = self.message(field, parent, "a graph")?;
        let id = self.index.graphs.len();
        self.index.graphs.push(Graph::default());
        let mut graph = Graph { message, ..Graph::default() };
        let range = self.index.messages[message].body.clone();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => graph.nodes.push(self.node(&field, message, Some(id), depth)?),
                2 => graph.name = self.name(&field, "GraphProto.name")?,
                5 => {
                    graph.initializers.push(self.tensor(&field, message)?);
                    graph.initializers_end = Some(field.end);
                }
                11 => graph.inputs.push(self.value(&field, message)?),
                12 => graph.outputs.push(self.value(&field, message)?),
                13 => graph.value_infos.push(self.value(&field, message)?),
                15 => {
                    self.count()?;
                    let payload = field.payload("GraphProto.sparse_initializer")?;
                    graph.sparse_initializers.push(self.sparse(payload)?);
                }
                _ => {}
            }
        }
        self.index.graphs[id] = graph;
        Ok(id)
    }

    /// A `FunctionProto`.
    pub fn function(&mut self, field: &Field) -> Result<()> {
        let message = self.message(field, 0, "ModelProto.functions")?;
        let range = self.index.messages[message].body.clone();
        let mut function = Function::default();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            self.count()?;
            match field.number {
                1 => function.name = self.name(&field, "FunctionProto.name")?,
                4 => function.inputs.push(self.name(&field, "FunctionProto.input")?),
                5 => function.outputs.push(self.name(&field, "FunctionProto.output")?),
                6 => function.attributes.push(self.name(&field, "FunctionProto.attribute")?),
                7 => function.nodes.push(self.node(&field, message, None, 0)?),
                9 => function.opsets.push(self.opset(field.payload("FunctionProto.opset_import")?)?),
                10 => function.domain = self.name(&field, "FunctionProto.domain")?,
                11 => {
                    let payload = field.payload("FunctionProto.attribute_proto")?;
                    function.attributes.push(self.first_name(payload, 1)?);
                }
                13 => function.overload = self.name(&field, "FunctionProto.overload")?,
                _ => {}
            }
        }
        self.index.functions.push(function);
        Ok(())
    }

    /// A `NodeProto`. Its id is taken before those of the nodes in its sub-graphs.
    fn node(&mut self, field: &Field, parent: Id, graph: Option<Id>, depth: usize) -> Result<Id> {
        self.count()?;
        let message = self.message(field, parent, "a node")?;
        let range = self.index.messages[message].body.clone();
        let id = self.index.nodes.len();
        self.index.nodes.push(Node::default());
        let mut node = Node { message, graph, ..Node::default() };
        let mut attributes = Vec::new();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => {
                    self.count()?;
                    node.inputs
                        .push(Operand { name: self.name(&field, "NodeProto.input")?, span: field.span() });
                }
                2 => {
                    self.count()?;
                    node.outputs.push(self.name(&field, "NodeProto.output")?);
                }
                3 => node.name = self.name(&field, "NodeProto.name")?,
                4 => node.op = self.name(&field, "NodeProto.op_type")?,
                5 => {
                    self.count()?;
                    attributes.push(field);
                }
                7 => node.domain = self.name(&field, "NodeProto.domain")?,
                _ => {}
            }
        }
        for field in attributes {
            let attribute = self
                .attribute(&field, message, depth)
                .map_err(|error| error.in_node(&node.name, &node.op))?;
            node.attributes.push(attribute);
        }
        self.index.nodes[id] = node;
        Ok(id)
    }

    /// A `ValueInfoProto`.
    fn value(&mut self, field: &Field, container: Id) -> Result<Id> {
        self.count()?;
        let range = field.payload("a value")?;
        let mut value =
            Value { container, span: field.span(), name: String::new(), dtype: None, shape: None };
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => value.name = self.name(&field, "ValueInfoProto.name")?,
                2 => self.value_type(field.payload("ValueInfoProto.type")?, &mut value)?,
                _ => {}
            }
        }
        self.index.values.push(value);
        Ok(self.index.values.len() - 1)
    }

    fn value_type(&mut self, range: Range<u64>, value: &mut Value) -> Result<()> {
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            if field.number != 1 {
                continue;
            }
            let range = field.payload("TypeProto.tensor_type")?;
            let mut at = range.start;
            while let Some(field) = self.reader.next(&mut at, range.end)? {
                match field.number {
                    1 => value.dtype = DType::from_onnx(field.integer("TypeProto.Tensor.elem_type")?),
                    2 => value.shape = Some(self.shape(field.payload("TypeProto.Tensor.shape")?)?),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn shape(&mut self, range: Range<u64>) -> Result<Vec<Dim>> {
        let mut shape = Vec::new();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            if field.number != 1 {
                continue;
            }
            if shape.len() == MAX_RANK {
                return Err(malformed(format!("a shape has more than {MAX_RANK} axes"), field.start));
            }
            let range = field.payload("TensorShapeProto.dim")?;
            let mut dim = Dim::Unknown;
            let mut at = range.start;
            while let Some(field) = self.reader.next(&mut at, range.end)? {
                dim = match field.number {
                    1 => {
                        u64::try_from(field.integer("Dimension.dim_value")?).map_or(Dim::Unknown, Dim::Length)
                    }
                    2 => match self.name(&field, "Dimension.dim_param")? {
                        name if name.is_empty() => Dim::Unknown,
                        name => Dim::Symbol(name),
                    },
                    _ => dim,
                };
            }
            shape.push(dim);
        }
        Ok(shape)
    }

    /// The name in a string field of a message that is not read otherwise.
    pub fn first_name(&mut self, range: Range<u64>, number: u32) -> Result<String> {
        let mut name = String::new();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            if field.number == number {
                name = self.name(&field, "a name")?;
            }
        }
        Ok(name)
    }
}
