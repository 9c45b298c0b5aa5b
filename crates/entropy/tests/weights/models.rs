//! Models of a few tensors, made in memory.

use espalier_tensor::{Job, Model};

pub struct Tensor {
    pub name: &'static str,
    pub dims: Vec<u64>,
    pub values: Vec<f32>,
}

impl Tensor {
    pub fn new(name: &'static str, dims: &[u64], values: Vec<f32>) -> Self {
        assert_eq!(dims.iter().product::<u64>() as usize, values.len());
        Self { name, dims: dims.to_vec(), values }
    }

    /// Bell-shaped weights about `mean`, and some zeros.
    pub fn random(name: &'static str, dims: &[u64], seed: u64, spread: f32, mean: f32) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let one = |_| match random.u8(..20) {
            0 => 0.0,
            _ => (random.f32() + random.f32() + random.f32() - 1.5) * spread + mean,
        };
        Self::new(name, dims, (0..dims.iter().product()).map(one).collect())
    }

    /// The index on `axis` of each element.
    pub fn indices(&self, axis: usize) -> impl Iterator<Item = usize> + '_ {
        let inner: u64 = self.dims[axis + 1..].iter().product();
        (0..self.values.len() as u64).map(move |element| (element / inner % self.dims[axis]) as usize)
    }
}

/// A model whose initializers are these, in float32.
pub fn model(tensors: &[Tensor]) -> Model {
    model_of(tensors.iter().map(|tensor| {
        let raw = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        (tensor.name, tensor.dims.clone(), 1, raw)
    }))
}

/// A model of tensors with their name, dims, `TensorProto.DataType` and `raw_data`.
pub fn model_of<'a>(tensors: impl Iterator<Item = (&'a str, Vec<u64>, u64, Vec<u8>)>) -> Model {
    Model::from_bytes(file_of(tensors), &Job::new()).expect("a model that can be read")
}

/// Its file.
pub fn file_of<'a>(tensors: impl Iterator<Item = (&'a str, Vec<u64>, u64, Vec<u8>)>) -> Vec<u8> {
    let mut graph = Vec::new();
    field(&mut graph, 2, b"graph");
    for (name, dims, dtype, raw) in tensors {
        let mut tensor = Vec::new();
        for dim in dims {
            number(&mut tensor, 1, dim);
        }
        number(&mut tensor, 2, dtype);
        field(&mut tensor, 8, name.as_bytes());
        field(&mut tensor, 9, &raw);
        field(&mut graph, 5, &tensor);
    }
    let mut opset = Vec::new();
    number(&mut opset, 2, 18);
    let mut model = Vec::new();
    number(&mut model, 1, 8);
    field(&mut model, 7, &graph);
    field(&mut model, 8, &opset);
    model
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, number: u64, value: u64) {
    varint(out, number << 3);
    varint(out, value);
}

fn field(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
