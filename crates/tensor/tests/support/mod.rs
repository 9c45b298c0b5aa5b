//! Models for tests, written field by field: a small protobuf writer and the messages of ONNX.

#![allow(dead_code)] // Each test uses its own part.

use espalier_tensor::wire::write;
use espalier_tensor::{DType, Job, Model, Result};

/// A protobuf message, its fields in the order in which they were added.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn new() -> Message {
        Message::default()
    }

    pub fn int(mut self, number: u32, value: i64) -> Message {
        write::integer(&mut self.0, number, value);
        self
    }

    pub fn bytes(mut self, number: u32, payload: impl AsRef<[u8]>) -> Message {
        write::bytes(&mut self.0, number, payload.as_ref());
        self
    }

    pub fn message(self, number: u32, message: Message) -> Message {
        self.bytes(number, message.0)
    }

    pub fn fixed32(mut self, number: u32, value: [u8; 4]) -> Message {
        write::varint(&mut self.0, u64::from(number) << 3 | 5);
        self.0.extend(value);
        self
    }

    pub fn fixed64(mut self, number: u32, value: [u8; 8]) -> Message {
        write::varint(&mut self.0, u64::from(number) << 3 | 1);
        self.0.extend(value);
        self
    }

    /// A packed repeated integer field.
    pub fn packed(self, number: u32, values: &[i64]) -> Message {
        let mut payload = Vec::new();
        values.iter().for_each(|value| write::varint(&mut payload, *value as u64));
        self.bytes(number, payload)
    }

    /// The message with bytes as they are: whatever they are.
    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Message {
        self.0.extend(bytes.as_ref());
        self
    }

    pub fn with(self, change: impl FnOnce(Message) -> Message) -> Message {
        change(self)
    }

    pub fn open(&self) -> Result<Model> {
        Model::from_bytes(self.0.as_slice(), &Job::new())
    }
}

/// A `TensorProto` without data.
pub fn bare_tensor(name: &str, dtype: DType, dims: &[i64]) -> Message {
    let tensor = dims.iter().fold(Message::new(), |tensor, length| tensor.int(1, *length));
    tensor.int(2, i64::from(dtype.to_onnx())).bytes(8, name)
}

pub fn tensor(name: &str, dtype: DType, dims: &[i64], raw: impl AsRef<[u8]>) -> Message {
    bare_tensor(name, dtype, dims).bytes(9, raw)
}

/// A float32 tensor that holds 0, 1, 2, ...
pub fn counting(name: &str, dims: &[i64]) -> Message {
    let count = dims.iter().product::<i64>();
    tensor(name, DType::Float32, dims, floats(&(0..count).map(|value| value as f32).collect::<Vec<_>>()))
}

pub fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn external(name: &str, dtype: DType, dims: &[i64], entries: &[(&str, &str)]) -> Message {
    let tensor = bare_tensor(name, dtype, dims);
    let entry = |(key, value): &(&str, &str)| Message::new().bytes(1, key).bytes(2, value);
    entries.iter().fold(tensor, |tensor, pair| tensor.message(13, entry(pair))).int(14, 1)
}

pub fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let node = inputs.iter().fold(Message::new(), |node, input| node.bytes(1, input));
    let node = outputs.iter().fold(node, |node, output| node.bytes(2, output));
    node.bytes(3, format!("{op}_node")).bytes(4, op)
}

pub fn int_attribute(name: &str, value: i64) -> Message {
    Message::new().bytes(1, name).int(3, value).int(20, 2)
}

pub fn ints_attribute(name: &str, values: &[i64]) -> Message {
    values.iter().fold(Message::new().bytes(1, name), |attribute, value| attribute.int(8, *value)).int(20, 7)
}

pub fn tensor_attribute(name: &str, tensor: Message) -> Message {
    Message::new().bytes(1, name).message(5, tensor).int(20, 4)
}

pub fn graph_attribute(name: &str, graph: Message) -> Message {
    Message::new().bytes(1, name).message(6, graph).int(20, 5)
}

/// A `ValueInfoProto`; a negative length is a symbol called N.
pub fn value(name: &str, dtype: DType, dims: &[i64]) -> Message {
    let shape = dims.iter().fold(Message::new(), |shape, length| {
        let dim = if *length < 0 { Message::new().bytes(2, "N") } else { Message::new().int(1, *length) };
        shape.message(1, dim)
    });
    let tensor = Message::new().int(1, i64::from(dtype.to_onnx())).message(2, shape);
    Message::new().bytes(1, name).message(2, Message::new().message(1, tensor))
}

/// A `GraphProto` that holds these initializers and one Relu.
pub fn graph(initializers: &[Message]) -> Message {
    let graph = Message::new().message(1, node("Relu", &["x"], &["y"])).bytes(2, "main");
    let graph = initializers.iter().fold(graph, |graph, tensor| graph.message(5, tensor.clone()));
    graph.message(11, value("x", DType::Float32, &[-1, 4])).message(12, value("y", DType::Float32, &[-1, 4]))
}

pub fn model(graph: Message) -> Message {
    Message::new()
        .int(1, 8)
        .bytes(2, "test")
        .message(7, graph)
        .message(8, Message::new().bytes(1, "").int(2, 17))
}

/// A model whose initializers are these.
pub fn model_of(initializers: &[Message]) -> Message {
    model(graph(initializers))
}
