//! Products of matrices.

use espalier_tensor::Result;

use crate::elementwise::zip;
use crate::value::broadcast_places;
use crate::{Step, Value, operand, unsupported};

pub(crate) fn apply(step: &Step, operands: &[Option<Value>]) -> Option<Result<Value>> {
    match step.op.as_str() {
        "MatMul" => Some(operand(operands, 0).and_then(|a| multiply(a, operand(operands, 1)?))),
        "Gemm" => Some(gemm(step, operands)),
        _ => None,
    }
}

/// [… m k] · [… k n], leading axes broadcast.
fn multiply(a: &Value, b: &Value) -> Result<Value> {
    let (p, q) = (a.dims.len(), b.dims.len());
    if p < 2 || q < 2 {
        return Err(unsupported("it multiplies vectors"));
    }
    let (m, k, n) = (a.dims[p - 2], a.dims[p - 1], b.dims[q - 1]);
    if b.dims[q - 2] != k {
        return Err(unsupported(format!("lengths {k} and {} are multiplied", b.dims[q - 2])));
    }
    let leading = |value: &Value, rank: usize| Value {
        dtype: value.dtype,
        dims: value.dims[..rank - 2].to_vec(),
        numbers: None,
    };
    let (left, right) = (leading(a, p), leading(b, q));
    let batch = crate::value::broadcast(&[&left, &right])?;
    let mut dims = batch.clone();
    dims.extend([m, n]);
    Value::of(a.dtype, dims, &[a, b], |own| {
        let places =
            broadcast_places(&left.dims, &batch).into_iter().zip(broadcast_places(&right.dims, &batch));
        let mut out = Vec::with_capacity(batch.iter().product::<usize>() * m * n);
        for (i, j) in places {
            let (x, y) = (&own[0][i * m * k..(i + 1) * m * k], &own[1][j * k * n..(j + 1) * k * n]);
            for row in 0..m {
                let mut sums = vec![0.0; n];
                for (inner, factor) in x[row * k..(row + 1) * k].iter().enumerate() {
                    for (sum, value) in sums.iter_mut().zip(&y[inner * n..(inner + 1) * n]) {
                        *sum += factor * value;
                    }
                }
                out.extend(sums);
            }
        }
        out
    })
}

fn turned(value: &Value) -> Result<Value> {
    let [rows, columns] = value.dims[..] else { return Err(unsupported("an operand is no matrix")) };
    Value::of(value.dtype, vec![columns, rows], &[value], |own| {
        (0..columns).flat_map(|column| (0..rows).map(move |row| own[0][row * columns + column])).collect()
    })
}

fn gemm(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let side = |index: usize, name: &str| -> Result<Value> {
        let value = operand(operands, index)?;
        if step.attributes.int(name, 0) == 0 { Ok(value.clone()) } else { turned(value) }
    };
    let (alpha, beta) = (step.attributes.float("alpha", 1.0), step.attributes.float("beta", 1.0));
    let product = multiply(&side(0, "transA")?, &side(1, "transB")?)?;
    match operands.get(2) {
        Some(Some(addend)) => zip(&product, addend, |value, own| alpha * value + beta * own),
        _ => zip(&product, &product, |value, _| alpha * value),
    }
}
