//! Functions of single elements, of one operand or of several that are broadcast.

use espalier_tensor::{DType, Result};

use crate::value::{broadcast, broadcast_places, is_float, product};
use crate::{Step, Value, operand, unsupported};

pub(crate) fn apply(step: &Step, operands: &[Option<Value>]) -> Option<Result<Value>> {
    let unary = |function: fn(f64) -> f64| Some(map(operands, function));
    let binary = |function: fn(f64, f64) -> f64| Some(fold(operands, function));
    match step.op.as_str() {
        "Identity" | "Dropout" if step.output == 0 => Some(operand(operands, 0).cloned()),
        "Neg" => unary(|x| -x),
        "Abs" => unary(f64::abs),
        "Sqrt" => unary(f64::sqrt),
        "Exp" => unary(f64::exp),
        "Log" => unary(f64::ln),
        "Reciprocal" => unary(|x| 1.0 / x),
        "Sign" => unary(|x| if x == 0.0 || x.is_nan() { x } else { x.signum() }),
        "Floor" => unary(f64::floor),
        "Ceil" => unary(f64::ceil),
        "Round" => unary(f64::round_ties_even),
        "Relu" => unary(|x| if x > 0.0 || x.is_nan() { x } else { 0.0 }),
        "Sigmoid" => unary(|x| 1.0 / (1.0 + (-x).exp())),
        "Tanh" => unary(f64::tanh),
        "Softplus" => unary(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        "Add" | "Sum" => binary(|a, b| a + b),
        "Sub" => binary(|a, b| a - b),
        "Mul" => binary(|a, b| a * b),
        "Div" => Some(operand(operands, 0).and_then(|value| {
            if is_float(value.dtype) {
                fold(operands, |a, b| a / b)
            } else {
                fold(operands, |a, b| (a / b).trunc())
            }
        })),
        "Pow" => binary(f64::powf),
        "Max" => binary(f64::max),
        "Min" => binary(f64::min),
        "Clip" => Some(clip(step, operands)),
        "Cast" => Some(cast(step, operands)),
        "CastLike" => Some(operand(operands, 1).and_then(|like| to(operands, like.dtype))),
        "DequantizeLinear" => Some(dequantise(step, operands)),
        _ => None,
    }
}

fn map(operands: &[Option<Value>], function: fn(f64) -> f64) -> Result<Value> {
    let x = operand(operands, 0)?;
    Value::of(x.dtype, x.dims.clone(), &[x], |own| own[0].iter().map(|value| function(*value)).collect())
}

fn fold(operands: &[Option<Value>], function: fn(f64, f64) -> f64) -> Result<Value> {
    let mut result = operand(operands, 0)?.clone();
    for index in 1..operands.len() {
        let other = operand(operands, index)?;
        result = zip(&result, other, function)?.rounded();
    }
    Ok(result)
}

pub(crate) fn zip(a: &Value, b: &Value, function: impl Fn(f64, f64) -> f64) -> Result<Value> {
    let dims = broadcast(&[a, b])?;
    Value::of(a.dtype, dims.clone(), &[a, b], |own| {
        let (left, right) = (broadcast_places(&a.dims, &dims), broadcast_places(&b.dims, &dims));
        left.iter().zip(&right).map(|(i, j)| function(own[0][*i], own[1][*j])).collect()
    })
}

fn clip(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let bound = |name: &str, index: usize, otherwise: f64| -> Result<f64> {
        match operands.get(index) {
            Some(Some(value)) => value
                .numbers
                .as_ref()
                .and_then(|numbers| numbers.first().copied())
                .ok_or_else(|| unsupported("a bound is computed of weights")),
            _ => Ok(step.attributes.float(name, otherwise)),
        }
    };
    let (low, high) = (bound("min", 1, f64::NEG_INFINITY)?, bound("max", 2, f64::INFINITY)?);
    Value::of(x.dtype, x.dims.clone(), &[x], |own| {
        own[0].iter().map(|value| if value.is_nan() { *value } else { value.max(low).min(high) }).collect()
    })
}

fn cast(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let number = step.attributes.int("to", 0);
    let dtype = DType::from_onnx(number).ok_or_else(|| unsupported(format!("there is no type {number}")))?;
    to(operands, dtype)
}

/// In another type: to floats rounded once, to integers cut towards zero.
fn to(operands: &[Option<Value>], dtype: DType) -> Result<Value> {
    let x = operand(operands, 0)?;
    let function: fn(f64) -> f64 = match dtype {
        _ if is_float(dtype) => |value| value,
        DType::Int64 | DType::Int32 => f64::trunc,
        other => return Err(unsupported(format!("nothing is cast to {other}"))),
    };
    Value::of(dtype, x.dims.clone(), &[x], |own| own[0].iter().map(|value| function(*value)).collect())
}

/// (x - zero point) · scale, whose parameters are one for all, lie on an axis, or on blocks of it.
fn dequantise(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let (x, scale) = (operand(operands, 0)?, operand(operands, 1)?);
    let rank = x.dims.len();
    let block = step.attributes.int("block_size", 0).max(0) as usize;
    let axis = if rank == 0 {
        0
    } else {
        crate::axis_of(step.attributes.int("axis", 1.min(rank as i64 - 1)), rank)?
    };
    let places = |own: &Value| -> Result<Vec<usize>> {
        if own.count() == 1 {
            return Ok(vec![0; x.count()]);
        }
        if rank == 0 {
            return Err(unsupported(format!("{:?} do not fit one number", own.dims)));
        }
        let (length, inner) = (x.dims[axis], product(&x.dims[axis + 1..]));
        let blocks = if block == 0 { length } else { length.div_ceil(block) };
        let each = if block == 0 { 1 } else { block };
        let expected = if block == 0 { length } else { x.count() / length.max(1) * blocks };
        if own.count() != expected {
            return Err(unsupported(format!("{:?} do not fit {:?}", own.dims, x.dims)));
        }
        Ok((0..x.count())
            .map(|place| {
                let (line, within) = (place / inner, place % inner);
                if block == 0 {
                    return line % length;
                }
                (line / length * blocks + line % length / each) * inner + within
            })
            .collect())
    };
    let by = places(scale)?;
    let Some(Some(zero)) = operands.get(2) else {
        return Value::of(scale.dtype, x.dims.clone(), &[x, scale], |own| {
            own[0].iter().zip(&by).map(|(value, at)| value * own[1][*at]).collect()
        });
    };
    let from = places(zero)?;
    Value::of(scale.dtype, x.dims.clone(), &[x, scale, zero], |own| {
        (0..own[0].len()).map(|i| (own[0][i] - own[2][from[i]]) * own[1][by[i]]).collect()
    })
}
