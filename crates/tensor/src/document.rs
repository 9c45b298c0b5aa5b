//! The model as JSON: the shape that `src/model/document.ts` declares.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::onnx::{AttributeValue, Dim, Function, Id, Index, Node, Opset};
use crate::{Error, Model, Result};

pub(crate) fn json(model: &Model) -> Result<String> {
    serde_json::to_string(&Document::of(model)).map_err(|error| Error::internal(error.to_string()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'m> {
    ir_version: i64,
    producer: &'m str,
    opsets: Opsets<'m>,
    metadata: Metadata<'m>,
    graph: Graph<'m>,
    functions: Functions<'m>,
    tensors: Tensors<'m>,
    bytes: u64,
    external_bytes: u64,
}

impl Document<'_> {
    fn of(model: &Model) -> Document<'_> {
        let index = model.index();
        let external = index.tensors.iter().filter(|tensor| tensor.external.is_some());
        Document {
            ir_version: index.ir_version,
            producer: &index.producer,
            opsets: Opsets(&index.opsets),
            metadata: Metadata(index),
            graph: Graph { index, id: 0 },
            functions: Functions(index),
            tensors: Tensors(index),
            bytes: model.sources()[0].length(),
            external_bytes: external.map(|tensor| tensor.bytes).sum(),
        }
    }
}

struct Opsets<'m>(&'m [Opset]);

impl Serialize for Opsets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'m> {
            domain: &'m str,
            version: i64,
        }
        serializer
            .collect_seq(self.0.iter().map(|opset| Row { domain: &opset.domain, version: opset.version }))
    }
}

struct Metadata<'m>(&'m Index);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.metadata.iter().map(|entry| (&entry.key, &entry.value)))
    }
}

struct Graph<'m> {
    index: &'m Index,
    id: Id,
}

impl Serialize for Graph<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = self.index;
        let graph = &index.graphs[self.id];
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("name", &graph.name)?;
        map.serialize_entry("nodes", &Nodes { index, ids: &graph.nodes })?;
        map.serialize_entry("inputs", &Values { index, ids: &graph.inputs })?;
        map.serialize_entry("outputs", &Values { index, ids: &graph.outputs })?;
        map.serialize_entry("valueInfos", &Values { index, ids: &graph.value_infos })?;
        map.serialize_entry("initializers", &graph.initializers)?;
        map.serialize_entry("sparseInitializers", &graph.sparse_initializers)?;
        map.end()
    }
}

struct Functions<'m>(&'m Index);

impl Serialize for Functions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = self.0;
        serializer.collect_seq(index.functions.iter().map(|function| FunctionRow { index, function }))
    }
}

struct FunctionRow<'m> {
    index: &'m Index,
    function: &'m Function,
}

impl Serialize for FunctionRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let FunctionRow { index, function } = self;
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("name", &function.name)?;
        map.serialize_entry("domain", &function.domain)?;
        map.serialize_entry("overload", &function.overload)?;
        map.serialize_entry("inputs", &function.inputs)?;
        map.serialize_entry("outputs", &function.outputs)?;
        map.serialize_entry("attributes", &function.attributes)?;
        map.serialize_entry("opsets", &Opsets(&function.opsets))?;
        map.serialize_entry("nodes", &Nodes { index, ids: &function.nodes })?;
        map.end()
    }
}

struct Nodes<'m> {
    index: &'m Index,
    ids: &'m [Id],
}

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = self.index;
        serializer.collect_seq(self.ids.iter().map(|&id| NodeRow { index, id, node: &index.nodes[id] }))
    }
}

struct NodeRow<'m> {
    index: &'m Index,
    id: Id,
    node: &'m Node,
}

impl Serialize for NodeRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NodeRow { index, id, node } = self;
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("name", &node.name)?;
        map.serialize_entry("op", &node.op)?;
        map.serialize_entry("domain", &node.domain)?;
        map.serialize_entry("inputs", &node.inputs.iter().map(|input| &*input.name).collect::<Vec<_>>())?;
        map.serialize_entry("outputs", &node.outputs)?;
        map.serialize_entry("attributes", &Attributes { index, node })?;
        map.end()
    }
}

struct Attributes<'m> {
    index: &'m Index,
    node: &'m Node,
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = self.index;
        let rows = self.node.attributes.iter();
        serializer.collect_map(rows.map(|row| (&row.name, Attribute { index, value: &row.value })))
    }
}

struct Attribute<'m> {
    index: &'m Index,
    value: &'m AttributeValue,
}

impl Serialize for Attribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = self.index;
        let mut map = serializer.serialize_map(None)?;
        match self.value {
            AttributeValue::Int(value) => entry(&mut map, "int", value)?,
            AttributeValue::Float(value) => entry(&mut map, "float", &Float(*value))?,
            AttributeValue::String(value) => entry(&mut map, "string", &String::from_utf8_lossy(value))?,
            AttributeValue::Ints(values) => entry(&mut map, "ints", values)?,
            AttributeValue::Floats(values) => {
                entry(&mut map, "floats", &values.iter().map(|value| Float(*value)).collect::<Vec<_>>())?;
            }
            AttributeValue::Strings(values) => {
                let texts = values.iter().map(|value| String::from_utf8_lossy(value));
                entry(&mut map, "strings", &texts.collect::<Vec<_>>())?;
            }
            AttributeValue::Tensor(id) => entry(&mut map, "tensor", id)?,
            AttributeValue::Graph(id) => entry(&mut map, "graph", &Graph { index, id: *id })?,
            AttributeValue::Graphs(ids) => entry(&mut map, "graphs", &Graphs { index, ids })?,
            AttributeValue::Reference(name) => entry(&mut map, "reference", name)?,
            AttributeValue::Other => map.serialize_entry("type", "other")?,
        }
        map.end()
    }
}

fn entry<M: SerializeMap>(
    map: &mut M,
    kind: &str,
    value: &(impl Serialize + ?Sized),
) -> Result<(), M::Error> {
    map.serialize_entry("type", kind)?;
    map.serialize_entry("value", value)
}

struct Graphs<'m> {
    index: &'m Index,
    ids: &'m [Id],
}

impl Serialize for Graphs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = self.index;
        serializer.collect_seq(self.ids.iter().map(|&id| Graph { index, id }))
    }
}

/// A float, with names for those that JSON has no numbers for.
struct Float(f32);

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => serializer.serialize_str("NaN"),
            f32::INFINITY => serializer.serialize_str("Infinity"),
            f32::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            value => serializer.serialize_f64(f64::from(value)),
        }
    }
}

struct Values<'m> {
    index: &'m Index,
    ids: &'m [Id],
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'m> {
            id: Id,
            name: &'m str,
            dtype: Option<&'static str>,
            shape: Option<&'m [Dim]>,
        }
        serializer.collect_seq(self.ids.iter().map(|&id| {
            let value = &self.index.values[id];
            let dtype = value.dtype.map(|dtype| dtype.name());
            Row { id, name: &value.name, dtype, shape: value.shape.as_deref() }
        }))
    }
}

impl Serialize for Dim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Dim::Length(length) => serializer.serialize_u64(*length),
            Dim::Symbol(name) => serializer.serialize_str(name),
            Dim::Unknown => serializer.serialize_none(),
        }
    }
}

struct Tensors<'m>(&'m Index);

impl Serialize for Tensors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'m> {
            id: Id,
            name: &'m str,
            dtype: &'static str,
            dims: &'m [u64],
            bytes: u64,
            external: bool,
        }
        let mut rows = serializer.serialize_seq(Some(self.0.tensors.len()))?;
        for (id, tensor) in self.0.tensors.iter().enumerate() {
            rows.serialize_element(&Row {
                id,
                name: &tensor.name,
                dtype: tensor.dtype.name(),
                dims: &tensor.dims,
                bytes: tensor.stored,
                external: tensor.external.is_some(),
            })?;
        }
        rows.end()
    }
}
