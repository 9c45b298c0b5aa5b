use espalier_tensor::onnx::Id;
use espalier_tensor::{DType, Error, Model, Result};
use half::{bf16, f16};

use crate::{LARGEST, SMALL, unsupported};

/// A tensor on the way: its numbers are there where they are small, or all are wanted.
#[derive(Clone, Debug)]
pub struct Value {
    pub dtype: DType,
    pub dims: Vec<usize>,
    pub numbers: Option<Vec<f64>>,
}

impl Value {
    pub(crate) fn stored(model: &Model, id: Id, whole: bool) -> Result<Value> {
        let tensor = model.tensor(id)?;
        if !tensor.dtype.is_numeric() {
            return Err(unsupported(format!("{} is not computed with", tensor.dtype)).in_tensor(&tensor.name));
        }
        let dims = tensor.dims.iter().map(|length| *length as usize).collect();
        let read = whole || tensor.elements <= SMALL && !is_float(tensor.dtype) || tensor.elements <= 16;
        let numbers = read.then(|| model.read_numbers(id, LARGEST as u64)).transpose()?;
        Ok(Value { dtype: tensor.dtype, dims, numbers })
    }

    pub(crate) fn count(&self) -> usize {
        product(&self.dims)
    }

    /// errors: `MODEL_UNSUPPORTED` where the numbers are not there
    pub(crate) fn integers(&self) -> Result<Vec<i64>> {
        let numbers = self.numbers.as_ref().ok_or_else(|| unsupported("a length is computed of weights"))?;
        Ok(numbers.iter().map(|value| *value as i64).collect())
    }

    /// A value of these lengths and the same type. `numbers`: called where those that it is made of are there.
    pub(crate) fn of(
        dtype: DType,
        dims: Vec<usize>,
        sources: &[&Value],
        numbers: impl FnOnce(&[&[f64]]) -> Vec<f64>,
    ) -> Result<Value> {
        if product(&dims) > LARGEST {
            return Err(unsupported(format!("{dims:?} is more than is computed")));
        }
        let known: Option<Vec<&[f64]>> = sources.iter().map(|source| source.numbers.as_deref()).collect();
        Ok(Value { dtype, dims, numbers: known.map(|known| numbers(&known)) })
    }

    /// As the type holds them.
    pub(crate) fn rounded(mut self) -> Value {
        let round: fn(f64) -> f64 = match self.dtype {
            DType::Float32 => |value| f64::from(value as f32),
            DType::Float16 => |value| f64::from(f16::from_f32(value as f32).to_f32()),
            DType::BFloat16 => |value| f64::from(bf16::from_f32(value as f32).to_f32()),
            _ => return self,
        };
        for value in self.numbers.iter_mut().flatten() {
            *value = round(*value);
        }
        self
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let numbers = self.numbers.as_ref().ok_or_else(|| Error::internal("nothing was computed"))?;
        fn each<const SIZE: usize>(numbers: &[f64], encode: impl Fn(f64) -> [u8; SIZE]) -> Vec<u8> {
            numbers.iter().flat_map(|value| encode(*value)).collect()
        }
        Ok(match self.dtype {
            DType::Float32 => each(numbers, |value| (value as f32).to_le_bytes()),
            DType::Float64 => each(numbers, f64::to_le_bytes),
            // Over float32, as runtimes compute in it, whatever the processor converts by itself.
            DType::Float16 => each(numbers, |value| f16::from_f32(value as f32).to_le_bytes()),
            DType::BFloat16 => each(numbers, |value| bf16::from_f32(value as f32).to_le_bytes()),
            other => return Err(unsupported(format!("no weight is made of {other}"))),
        })
    }
}

pub(crate) fn is_float(dtype: DType) -> bool {
    matches!(dtype, DType::Float32 | DType::Float64 | DType::Float16 | DType::BFloat16)
}

/// Of no lengths it is 1; where one is 0, it is 0 whatever the others are.
pub(crate) fn product(dims: &[usize]) -> usize {
    if dims.contains(&0) { 0 } else { dims.iter().fold(1, |product, length| product.saturating_mul(*length)) }
}

/// What each axis of a tensor of these lengths counts for in its places.
pub(crate) fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; dims.len()];
    for axis in (1..dims.len()).rev() {
        // Beyond what can be counted there are no places to step to.
        strides[axis - 1] = strides[axis].saturating_mul(dims[axis]);
    }
    strides
}

/// The places that a walk over `dims` in row-major order comes to, where axis d counts for `steps[d]`, from `start` on.
pub(crate) fn places(dims: &[usize], steps: &[isize], start: isize) -> Vec<usize> {
    let count = product(dims);
    let mut index = vec![0usize; dims.len()];
    let mut at = start;
    let mut places = Vec::with_capacity(count);
    for _ in 0..count {
        places.push(at as usize);
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            at += steps[axis];
            if index[axis] < dims[axis] {
                break;
            }
            at -= steps[axis] * dims[axis] as isize;
            index[axis] = 0;
        }
    }
    places
}

/// The places in a tensor of lengths `own` that it has when it is broadcast to `dims`.
pub(crate) fn broadcast_places(own: &[usize], dims: &[usize]) -> Vec<usize> {
    let lead = dims.len() - own.len();
    let strides = strides(own);
    let steps: Vec<isize> = (0..dims.len())
        .map(|axis| match axis.checked_sub(lead) {
            Some(d) if own[d] != 1 => strides[d] as isize,
            _ => 0,
        })
        .collect();
    places(dims, &steps, 0)
}

/// The lengths that several are broadcast to.
pub(crate) fn broadcast(all: &[&Value]) -> Result<Vec<usize>> {
    let rank = all.iter().map(|value| value.dims.len()).max().unwrap_or(0);
    let mut dims = vec![1; rank];
    for value in all {
        for (d, length) in value.dims.iter().enumerate() {
            let own = &mut dims[d + rank - value.dims.len()];
            if *own == 1 {
                *own = *length;
            } else if *length != 1 && *length != *own {
                return Err(unsupported(format!("lengths {own} and {length} cannot be broadcast")));
            }
        }
    }
    Ok(dims)
}
