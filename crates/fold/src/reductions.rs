//! Operators that make one number of many: sums, norms, extremes, and what is divided by them.

use espalier_tensor::Result;

use crate::value::{places, strides};
use crate::{Step, Value, axis_of, operand, stated};

pub(crate) fn apply(step: &Step, operands: &[Option<Value>]) -> Option<Result<Value>> {
    let over = |combine: fn(&mut dyn Iterator<Item = f64>) -> f64| Some(reduce(step, operands, combine));
    match step.op.as_str() {
        "ReduceSum" => over(|own| own.sum()),
        "ReduceMean" => over(|own| {
            let (sum, count) = own.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            sum / count
        }),
        "ReduceL1" => over(|own| own.map(f64::abs).sum()),
        "ReduceL2" => over(|own| own.map(|value| value * value).sum::<f64>().sqrt()),
        "ReduceSumSquare" => over(|own| own.map(|value| value * value).sum()),
        "ReduceMax" => over(|own| own.fold(f64::NEG_INFINITY, f64::max)),
        "ReduceMin" => over(|own| own.fold(f64::INFINITY, f64::min)),
        "ReduceProd" => over(|own| own.product()),
        "LpNormalization" => Some(normalise(step, operands)),
        "Softmax" if step.opset >= 13 => Some(softmax(step, operands)),
        _ => None,
    }
}

/// For each place of what is left, the places that are reduced to it.
fn lines(dims: &[usize], reduced: &[bool]) -> (Vec<usize>, Vec<usize>) {
    let strides = strides(dims);
    let pick = |of: bool| {
        let axes: Vec<usize> = (0..dims.len()).filter(|axis| reduced[*axis] == of).collect();
        let lengths: Vec<usize> = axes.iter().map(|axis| dims[*axis]).collect();
        let steps: Vec<isize> = axes.iter().map(|axis| strides[*axis] as isize).collect();
        places(&lengths, &steps, 0)
    };
    (pick(false), pick(true))
}

fn reduce(
    step: &Step,
    operands: &[Option<Value>],
    combine: fn(&mut dyn Iterator<Item = f64>) -> f64,
) -> Result<Value> {
    let x = operand(operands, 0)?;
    let rank = x.dims.len();
    let axes = stated(step, "axes", operands, 1)?.unwrap_or_default();
    if axes.is_empty() && step.attributes.int("noop_with_empty_axes", 0) != 0 {
        return Ok(x.clone());
    }
    let mut reduced = vec![axes.is_empty(); rank];
    for axis in axes {
        reduced[axis_of(axis, rank)?] = true;
    }
    let keep = step.attributes.int("keepdims", 1) != 0;
    let dims = x.dims.iter().zip(&reduced).filter(|(_, reduced)| keep || !**reduced);
    let dims = dims.map(|(length, reduced)| if *reduced { 1 } else { *length }).collect();
    Value::of(x.dtype, dims, &[x], |own| {
        let (outer, inner) = lines(&x.dims, &reduced);
        outer.iter().map(|from| combine(&mut inner.iter().map(|at| own[0][from + at]))).collect()
    })
}

/// Each line along an axis, made of it: numbers in, as many out.
fn along(x: &Value, axis: usize, function: impl Fn(&mut [f64])) -> Result<Value> {
    Value::of(x.dtype, x.dims.clone(), &[x], |own| {
        let reduced: Vec<bool> = (0..x.dims.len()).map(|d| d == axis).collect();
        let (outer, inner) = lines(&x.dims, &reduced);
        let mut out = vec![0.0; own[0].len()];
        for from in outer {
            let mut line: Vec<f64> = inner.iter().map(|at| own[0][from + at]).collect();
            function(&mut line);
            for (at, value) in inner.iter().zip(line) {
                out[from + at] = value;
            }
        }
        out
    })
}

fn normalise(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let axis = axis_of(step.attributes.int("axis", -1), x.dims.len())?;
    let first = step.attributes.int("p", 2) == 1;
    along(x, axis, |line| {
        let norm = if first {
            line.iter().map(|value| value.abs()).sum::<f64>()
        } else {
            line.iter().map(|value| value * value).sum::<f64>().sqrt()
        };
        if norm != 0.0 {
            line.iter_mut().for_each(|value| *value /= norm);
        }
    })
}

fn softmax(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let axis = axis_of(step.attributes.int("axis", -1), x.dims.len())?;
    along(x, axis, |line| {
        let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        line.iter_mut().for_each(|value| *value = (*value - most).exp());
        let sum: f64 = line.iter().sum();
        line.iter_mut().for_each(|value| *value /= sum);
    })
}
