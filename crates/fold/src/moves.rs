//! Operators whose results hold elements of their operands, moved.

use espalier_tensor::{DType, Result};

use crate::value::{broadcast_places, is_float, places, product, strides};
use crate::{Step, Value, axis_of, operand, stated, unsupported};

pub(crate) fn apply(step: &Step, operands: &[Option<Value>]) -> Option<Result<Value>> {
    Some(match step.op.as_str() {
        "Transpose" => transpose(step, operands),
        "Reshape" => reshape(step, operands),
        "Flatten" => flatten(step, operands),
        "Squeeze" => squeeze(step, operands),
        "Unsqueeze" => unsqueeze(step, operands),
        "Expand" => expand(operands),
        "Tile" if step.opset >= 6 => tile(operands),
        "Concat" => concat(step, operands),
        "Split" => split(step, operands),
        "Slice" => slice(step, operands),
        "Gather" => gather(step, operands),
        "Shape"
            if !step.attributes.ints.contains_key("start") && !step.attributes.ints.contains_key("end") =>
        {
            lengths(operands)
        }
        "ConstantOfShape" => zeros(step, operands),
        "Constant" => numbers(step),
        _ => return None,
    })
}

fn picked(x: &Value, dims: Vec<usize>, from: impl FnOnce() -> Vec<usize>) -> Result<Value> {
    Value::of(x.dtype, dims, &[x], |own| from().into_iter().map(|place| own[0][place]).collect())
}

fn seen_as(x: &Value, dims: Vec<usize>) -> Result<Value> {
    if product(&dims) != x.count() {
        return Err(unsupported(format!("{:?} cannot be seen as {dims:?}", x.dims)));
    }
    Ok(Value { dtype: x.dtype, dims, numbers: x.numbers.clone() })
}

fn transpose(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let rank = x.dims.len();
    let turned = (0..rank as i64).rev().collect();
    let order = step.attributes.ints.get("perm").cloned().unwrap_or(turned);
    let order = order.into_iter().map(|axis| axis_of(axis, rank)).collect::<Result<Vec<_>>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(unsupported("it does not permute all axes"));
    }
    let dims: Vec<usize> = order.iter().map(|axis| x.dims[*axis]).collect();
    let strides = strides(&x.dims);
    let steps: Vec<isize> = order.iter().map(|axis| strides[*axis] as isize).collect();
    picked(x, dims.clone(), || places(&dims, &steps, 0))
}

fn reshape(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let wanted = stated(step, "shape", operands, 1)?.ok_or_else(|| unsupported("no shape is stated"))?;
    let copies = step.attributes.int("allowzero", 0) == 0;
    let mut dims = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (place, length) in wanted.iter().enumerate() {
        dims.push(match *length {
            0 if copies => {
                *x.dims.get(place).ok_or_else(|| unsupported("it copies a length that there is not"))?
            }
            -1 => {
                open = Some(place);
                1
            }
            length => usize::try_from(length).map_err(|_| unsupported(format!("the length {length}")))?,
        });
    }
    if let Some(place) = open {
        let known = product(&dims);
        dims[place] = x.count().checked_div(known).unwrap_or(0);
    }
    seen_as(x, dims)
}

fn flatten(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let axis = step.attributes.int("axis", 1);
    let axis = if axis < 0 { axis + x.dims.len() as i64 } else { axis };
    let axis = usize::try_from(axis).ok().filter(|axis| *axis <= x.dims.len());
    let axis = axis.ok_or_else(|| unsupported("its axis lies beyond the rank"))?;
    seen_as(x, vec![product(&x.dims[..axis]), product(&x.dims[axis..])])
}

fn squeeze(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let axes = match stated(step, "axes", operands, 1)? {
        Some(axes) => axes.into_iter().map(|axis| axis_of(axis, x.dims.len())).collect::<Result<Vec<_>>>()?,
        None => (0..x.dims.len()).filter(|axis| x.dims[*axis] == 1).collect(),
    };
    let left = x.dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    seen_as(x, left.map(|(_, length)| *length).collect())
}

fn unsqueeze(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let axes = stated(step, "axes", operands, 1)?.unwrap_or_default();
    let rank = x.dims.len() + axes.len();
    let axes = axes.into_iter().map(|axis| axis_of(axis, rank)).collect::<Result<Vec<_>>>()?;
    let mut own = x.dims.iter();
    let dims: Option<Vec<usize>> =
        (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { own.next().copied() }).collect();
    seen_as(x, dims.ok_or_else(|| unsupported("it states an axis twice"))?)
}

fn lengths_of(operands: &[Option<Value>], index: usize) -> Result<Vec<usize>> {
    let stated = operand(operands, index)?.integers()?;
    let length =
        |length: i64| usize::try_from(length).map_err(|_| unsupported(format!("the length {length}")));
    stated.into_iter().map(length).collect()
}

fn expand(operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let wanted = Value { dtype: x.dtype, dims: lengths_of(operands, 1)?, numbers: None };
    let dims = crate::value::broadcast(&[x, &wanted])?;
    picked(x, dims.clone(), || broadcast_places(&x.dims, &dims))
}

fn tile(operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let times = lengths_of(operands, 1)?;
    if times.len() != x.dims.len() {
        return Err(unsupported("it does not say how often each axis is repeated"));
    }
    let both: Vec<usize> = times.iter().zip(&x.dims).flat_map(|(times, length)| [*times, *length]).collect();
    let steps: Vec<isize> = strides(&x.dims).iter().flat_map(|stride| [0, *stride as isize]).collect();
    let dims = times.iter().zip(&x.dims).map(|(times, length)| times.saturating_mul(*length));
    picked(x, dims.collect(), || places(&both, &steps, 0))
}

fn concat(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let all = (0..operands.len()).map(|index| operand(operands, index)).collect::<Result<Vec<_>>>()?;
    let first = operand(operands, 0)?;
    let axis = axis_of(step.attributes.int("axis", 1), first.dims.len())?;
    let mut dims = first.dims.clone();
    dims[axis] = 0;
    for value in &all {
        let alike = value.dims.len() == dims.len()
            && value
                .dims
                .iter()
                .zip(&first.dims)
                .enumerate()
                .all(|(d, (own, other))| d == axis || own == other);
        if !alike {
            return Err(unsupported("what it joins has other lengths"));
        }
        dims[axis] = dims[axis].saturating_add(value.dims[axis]);
    }
    let (outer, inner) = (product(&dims[..axis]), product(&dims[axis + 1..]));
    Value::of(first.dtype, dims, &all, |own| {
        let rows = (0..outer).flat_map(|row| {
            own.iter().zip(&all).flat_map(move |(numbers, value)| {
                let run = value.dims[axis] * inner;
                numbers[row * run..(row + 1) * run].iter().copied()
            })
        });
        rows.collect()
    })
}

/// The indices from `from` to `to` of an axis, `by` at a time.
fn cut(x: &Value, axis: usize, from: usize, count: usize, by: isize) -> Result<Value> {
    let mut dims = x.dims.clone();
    dims[axis] = count;
    let strides = strides(&x.dims);
    let steps: Vec<isize> = strides
        .iter()
        .enumerate()
        .map(|(d, stride)| (*stride as isize).wrapping_mul(if d == axis { by } else { 1 }))
        .collect();
    picked(x, dims.clone(), || places(&dims, &steps, from.wrapping_mul(strides[axis]) as isize))
}

fn split(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let axis = axis_of(step.attributes.int("axis", 0), x.dims.len())?;
    let Some(parts) = stated(step, "split", operands, 1)? else {
        let count = step.attributes.int("num_outputs", step.attributes.int("outputs", 0)).max(1) as usize;
        let each = x.dims[axis].div_ceil(count);
        let from = (step.output * each).min(x.dims[axis]);
        return cut(x, axis, from, each.min(x.dims[axis] - from), 1);
    };
    let unfit = || unsupported("its parts do not fit");
    let lengths = parts.iter().map(|length| usize::try_from(*length).map_err(|_| unfit()));
    let lengths = lengths.collect::<Result<Vec<_>>>()?;
    let length = *lengths.get(step.output).ok_or_else(unfit)?;
    let from = lengths[..step.output].iter().fold(0usize, |sum, length| sum.saturating_add(*length));
    if from.saturating_add(length) > x.dims[axis] {
        return Err(unfit());
    }
    cut(x, axis, from, length, 1)
}

fn slice(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let mut x = operand(operands, 0)?.clone();
    let rank = x.dims.len();
    let missing = || unsupported("it does not say from where to where");
    let starts = stated(step, "starts", operands, 1)?.ok_or_else(missing)?;
    let ends = stated(step, "ends", operands, 2)?.ok_or_else(missing)?;
    let axes = stated(step, "axes", operands, 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = stated(step, "steps", operands, 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(missing());
    }
    for (place, axis) in axes.into_iter().enumerate() {
        let axis = axis_of(axis, rank)?;
        let (length, by) = (x.dims[axis] as i64, steps[place]);
        if by == 0 {
            return Err(unsupported("it takes no step"));
        }
        let front = |value: i64| if value < 0 { value.saturating_add(length) } else { value };
        let (low, high) = if by > 0 { (0, length) } else { (-1, length - 1) };
        let from = front(starts[place]).clamp(low.max(0), high.max(0));
        let to = front(ends[place]).clamp(low, high);
        let to = if by < 0 && ends[place] < -length { -1 } else { to };
        let span = if by > 0 { to - from } else { from - to };
        let count = if length == 0 { 0 } else { (span.max(0) as u64).div_ceil(by.unsigned_abs()) };
        // A step that goes beyond the axis is taken no second time.
        let by = by.clamp(-length - 1, length + 1);
        x = cut(&x, axis, from as usize, count as usize, by as isize)?;
    }
    Ok(x)
}

fn gather(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let (x, indices) = (operand(operands, 0)?, operand(operands, 1)?);
    let axis = axis_of(step.attributes.int("axis", 0), x.dims.len())?;
    let length = x.dims[axis];
    let (outer, inner) = (product(&x.dims[..axis]), product(&x.dims[axis + 1..]));
    if is_float(indices.dtype) {
        return Err(unsupported("its indices are no integers"));
    }
    let dims: Vec<usize> =
        x.dims[..axis].iter().chain(&indices.dims).chain(&x.dims[axis + 1..]).copied().collect();
    if let Some(own) = &indices.numbers
        && own.iter().any(|index| *index < -(length as f64) || *index >= length as f64)
    {
        return Err(unsupported("an index lies beyond the axis"));
    }
    Value::of(x.dtype, dims, &[x, indices], |own| {
        let places =
            own[1].iter().map(|index| (if *index < 0.0 { index + length as f64 } else { *index }) as usize);
        let places: Vec<usize> = places.collect();
        let numbers = own[0];
        (0..outer)
            .flat_map(|row| places.iter().map(move |place| (row * length + place) * inner))
            .flat_map(|from| numbers[from..from + inner].iter().copied())
            .collect()
    })
}

fn lengths(operands: &[Option<Value>]) -> Result<Value> {
    let x = operand(operands, 0)?;
    let numbers = x.dims.iter().map(|length| *length as f64).collect();
    Ok(Value { dtype: DType::Int64, dims: vec![x.dims.len()], numbers: Some(numbers) })
}

/// Numbers that a node's attributes state; its tensors are stored ones.
fn numbers(step: &Step) -> Result<Value> {
    let attributes = &step.attributes;
    let one = |values: &Vec<f64>| (Vec::new(), values.clone());
    let many = |values: &Vec<f64>| (vec![values.len()], values.clone());
    let floats = |name: &str| attributes.floats.get(name);
    let ints = |name: &str| {
        attributes.ints.get(name).map(|own| own.iter().map(|value| *value as f64).collect::<Vec<_>>())
    };
    let integer = ints("value_int").map(|own| one(&own)).or_else(|| ints("value_ints").map(|own| many(&own)));
    let float = floats("value_float").map(one).or_else(|| floats("value_floats").map(many));
    let (dtype, (dims, numbers)) = match (integer, float) {
        (Some(own), _) => (DType::Int64, own),
        (_, Some(own)) => (DType::Float32, own),
        _ => return Err(unsupported("its value is no number")),
    };
    Ok(Value { dtype, dims, numbers: Some(numbers) })
}

fn zeros(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    if step.attributes.ints.contains_key("value") {
        return Err(unsupported("what it fills with is not known"));
    }
    let dims = lengths_of(operands, 0)?;
    Value::of(DType::Float32, dims.clone(), &[], |_| vec![0.0; product(&dims)])
}
