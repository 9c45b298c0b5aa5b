//! Every operation against numbers worked out by hand, against other operations, and on operands that make no sense.

#[path = "../../tensor/tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use espalier_fold::{Attributes, Operand, Program, Step, compute, shape};
use espalier_tensor::{Code, DType, Model, Result};
use support::{Message, floats, model_of, tensor};

/// A stored tensor.
type Stored = (DType, Vec<i64>, Vec<u8>);

fn f32s(dims: &[i64], numbers: &[f32]) -> Stored {
    (DType::Float32, dims.to_vec(), floats(numbers))
}

fn i64s(numbers: &[i64]) -> Stored {
    let bytes = numbers.iter().flat_map(|value| value.to_le_bytes()).collect();
    (DType::Int64, vec![numbers.len() as i64], bytes)
}

fn i8s(dims: &[i64], numbers: &[i8]) -> Stored {
    (DType::Int8, dims.to_vec(), numbers.iter().map(|value| *value as u8).collect())
}

fn model(tensors: &[Stored]) -> Model {
    let messages: Vec<Message> = tensors
        .iter()
        .enumerate()
        .map(|(place, (dtype, dims, raw))| tensor(&format!("t{place}"), *dtype, dims, raw))
        .collect();
    model_of(&messages).open().unwrap()
}

fn step(op: &str, operands: Vec<Operand>, ints: &[(&str, &[i64])]) -> Step {
    let ints = ints.iter().map(|(name, values)| (name.to_string(), values.to_vec())).collect();
    let attributes = Attributes { ints, floats: HashMap::new() };
    Step { op: op.to_owned(), opset: 21, operands, output: 0, attributes }
}

/// What one node makes of stored tensors.
fn run(tensors: &[Stored], step: Step) -> Result<(Vec<u64>, Vec<f32>)> {
    run_all(tensors, vec![step])
}

fn run_all(tensors: &[Stored], steps: Vec<Step>) -> Result<(Vec<u64>, Vec<f32>)> {
    let (model, program) = (model(tensors), Program { steps });
    let bytes = compute(&model, &program)?;
    let (dtype, dims) = shape(&model, &program)?;
    assert_eq!(dtype, DType::Float32);
    assert_eq!(bytes.len() as u64, 4 * dims.iter().product::<u64>(), "lengths are known without numbers");
    Ok((dims, bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()))
}

fn stored(count: usize) -> Vec<Operand> {
    (0..count).map(Operand::Stored).collect()
}

fn node(op: &str, tensors: &[Stored], ints: &[(&str, &[i64])]) -> (Vec<u64>, Vec<f32>) {
    run(tensors, step(op, stored(tensors.len()), ints)).unwrap_or_else(|error| panic!("{op}: {error}"))
}

fn near(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (a, b) in found.iter().zip(wanted) {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{found:?} instead of {wanted:?}");
    }
}

fn refused(tensors: &[Stored], step: Step) {
    let op = step.op.clone();
    let error = run(tensors, step).expect_err(&op);
    assert_eq!(error.code(), Code::ModelUnsupported, "{op}: {error}");
}

#[test]
fn functions_of_one_number() {
    let table: &[(&str, &[f32], &[f32])] = &[
        ("Identity", &[1.5, -2.0], &[1.5, -2.0]),
        ("Neg", &[1.5, -2.0], &[-1.5, 2.0]),
        ("Abs", &[1.5, -2.0], &[1.5, 2.0]),
        ("Sqrt", &[4.0, 2.25], &[2.0, 1.5]),
        ("Exp", &[0.0, 1.0], &[1.0, std::f32::consts::E]),
        ("Log", &[1.0, std::f32::consts::E], &[0.0, 1.0]),
        ("Reciprocal", &[4.0, -0.5], &[0.25, -2.0]),
        ("Sign", &[3.0, -3.0, 0.0], &[1.0, -1.0, 0.0]),
        ("Floor", &[1.5, -1.5], &[1.0, -2.0]),
        ("Ceil", &[1.5, -1.5], &[2.0, -1.0]),
        ("Round", &[0.5, 1.5, 2.5], &[0.0, 2.0, 2.0]),
        ("Relu", &[3.0, -3.0], &[3.0, 0.0]),
        ("Sigmoid", &[0.0], &[0.5]),
        ("Tanh", &[0.0, 1.0], &[0.0, 0.761_594_2]),
        ("Softplus", &[0.0, 100.0], &[std::f32::consts::LN_2, 100.0]),
    ];
    for (op, x, wanted) in table {
        near(&node(op, &[f32s(&[x.len() as i64], x)], &[]).1, wanted);
    }
}

#[test]
fn two_operands_are_broadcast() {
    let (column, row) = (f32s(&[2, 1], &[10.0, 20.0]), f32s(&[3], &[1.0, 2.0, 4.0]));
    let table: &[(&str, [f32; 6])] = &[
        ("Add", [11.0, 12.0, 14.0, 21.0, 22.0, 24.0]),
        ("Sub", [9.0, 8.0, 6.0, 19.0, 18.0, 16.0]),
        ("Mul", [10.0, 20.0, 40.0, 20.0, 40.0, 80.0]),
        ("Div", [10.0, 5.0, 2.5, 20.0, 10.0, 5.0]),
        ("Pow", [10.0, 100.0, 10_000.0, 20.0, 400.0, 160_000.0]),
        ("Max", [10.0, 10.0, 10.0, 20.0, 20.0, 20.0]),
        ("Min", [1.0, 2.0, 4.0, 1.0, 2.0, 4.0]),
    ];
    for (op, wanted) in table {
        let (dims, found) = node(op, &[column.clone(), row.clone()], &[]);
        assert_eq!(dims, [2, 3], "{op}");
        near(&found, wanted);
    }
    refused(&[f32s(&[2], &[0.0; 2]), f32s(&[3], &[0.0; 3])], step("Add", stored(2), &[]));
}

#[test]
fn reductions_over_axes() {
    let x = f32s(&[2, 3], &[1.0, 2.0, 3.0, -4.0, 5.0, -6.0]);
    let table: &[(&str, [f32; 2], [f32; 3])] = &[
        ("ReduceSum", [6.0, -5.0], [-3.0, 7.0, -3.0]),
        ("ReduceMean", [2.0, -5.0 / 3.0], [-1.5, 3.5, -1.5]),
        ("ReduceL1", [6.0, 15.0], [5.0, 7.0, 9.0]),
        ("ReduceL2", [14f32.sqrt(), 77f32.sqrt()], [17f32.sqrt(), 29f32.sqrt(), 45f32.sqrt()]),
        ("ReduceSumSquare", [14.0, 77.0], [17.0, 29.0, 45.0]),
        ("ReduceMax", [3.0, 5.0], [1.0, 5.0, 3.0]),
        ("ReduceMin", [1.0, -6.0], [-4.0, 2.0, -6.0]),
        ("ReduceProd", [6.0, 120.0], [-4.0, 10.0, -18.0]),
    ];
    for (op, rows, columns) in table {
        let (dims, found) = node(op, std::slice::from_ref(&x), &[("axes", &[-1])]);
        assert_eq!(dims, [2, 1], "{op}");
        near(&found, rows);
        let (dims, found) = node(op, &[x.clone(), i64s(&[0])], &[("keepdims", &[0])]);
        assert_eq!(dims, [3], "{op}");
        near(&found, columns);
        // Without axes all are meant.
        assert_eq!(node(op, std::slice::from_ref(&x), &[]).0, [1, 1], "{op}");
    }
    refused(std::slice::from_ref(&x), step("ReduceSum", stored(1), &[("axes", &[2])]));
    let same = node("ReduceSum", std::slice::from_ref(&x), &[("noop_with_empty_axes", &[1])]);
    assert_eq!(same.0, [2, 3]);
}

#[test]
fn lines_are_divided_by_what_they_come_to() {
    let x = f32s(&[2, 2], &[3.0, 4.0, 0.0, 0.0]);
    near(&node("LpNormalization", std::slice::from_ref(&x), &[]).1, &[0.6, 0.8, 0.0, 0.0]);
    near(
        &node("LpNormalization", std::slice::from_ref(&x), &[("p", &[1])]).1,
        &[3.0 / 7.0, 4.0 / 7.0, 0.0, 0.0],
    );
    near(&node("Softmax", &[f32s(&[1, 2], &[1000.0, 1000.0])], &[]).1, &[0.5, 0.5]);
}

#[test]
fn elements_are_moved() {
    let x = f32s(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let one = |op: &str, more: &[Stored], ints: &[(&str, &[i64])]| {
        node(op, &[std::slice::from_ref(&x), more].concat(), ints)
    };
    assert_eq!(one("Transpose", &[], &[]), (vec![3, 2], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
    assert_eq!(one("Reshape", &[i64s(&[0, -1, 1])], &[]).0, [2, 3, 1]);
    assert_eq!(one("Flatten", &[], &[("axis", &[0])]).0, [1, 6]);
    assert_eq!(one("Unsqueeze", &[i64s(&[0, -1])], &[]).0, [1, 2, 3, 1]);
    assert_eq!(one("Expand", &[i64s(&[2, 1, 1])], &[]).0, [2, 2, 3]);
    let tiled = vec![0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 3.0, 4.0, 5.0];
    assert_eq!(one("Tile", &[i64s(&[1, 2])], &[]), (vec![2, 6], tiled.clone()));
    assert_eq!(one("Concat", std::slice::from_ref(&x), &[("axis", &[1])]), (vec![2, 6], tiled));
    let slice = |from: i64, to: i64, by: i64| {
        one("Slice", &[i64s(&[from]), i64s(&[to]), i64s(&[1]), i64s(&[by])], &[])
    };
    assert_eq!(slice(1, i64::MAX, 1), (vec![2, 2], vec![1.0, 2.0, 4.0, 5.0]));
    assert_eq!(slice(-1, i64::MIN, -2), (vec![2, 2], vec![2.0, 0.0, 5.0, 3.0]));
    assert_eq!(slice(-1, i64::MIN, i64::MIN), (vec![2, 1], vec![2.0, 5.0]));
    assert_eq!(slice(0, i64::MAX, i64::MAX), (vec![2, 1], vec![0.0, 3.0]));
    assert_eq!(slice(2, 1, 1).0, [2, 0]);
    assert_eq!(one("Gather", &[i64s(&[-1, 0])], &[]), (vec![2, 3], vec![3.0, 4.0, 5.0, 0.0, 1.0, 2.0]));
    let mut second = step("Split", stored(2), &[("axis", &[1])]);
    second.output = 1;
    let parts = run(&[x.clone(), i64s(&[1, 2])], second.clone()).unwrap();
    assert_eq!(parts, (vec![2, 2], vec![1.0, 2.0, 4.0, 5.0]));
    refused(&[x.clone(), i64s(&[i64::MAX, i64::MAX])], second);
    assert_eq!(node("Squeeze", &[f32s(&[1, 2], &[7.0, 8.0])], &[]), (vec![2], vec![7.0, 8.0]));
    refused(&[x.clone(), i64s(&[0])], step("Squeeze", stored(2), &[]));
    refused(&[x.clone(), i64s(&[1 << 40, 1 << 40, -1])], step("Reshape", stored(2), &[]));
    refused(&[x.clone(), i64s(&[i64::MAX, i64::MAX])], step("Tile", stored(2), &[]));
    refused(&[x.clone(), i64s(&[2])], step("Gather", stored(2), &[]));
    refused(&[x.clone(), f32s(&[1], &[f32::NAN])], step("Gather", stored(2), &[]));
    refused(&[x], step("Transpose", stored(1), &[("perm", &[0, 0])]));
}

#[test]
fn two_transposes_give_the_same_again() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..50 {
        let rank = random.usize(1..5);
        let dims: Vec<i64> = (0..rank).map(|_| random.i64(0..4)).collect();
        let numbers: Vec<f32> = (0..dims.iter().product::<i64>()).map(|_| random.f32()).collect();
        let mut order: Vec<i64> = (0..rank as i64).collect();
        random.shuffle(&mut order);
        let mut back = vec![0; rank];
        for (place, axis) in order.iter().enumerate() {
            back[*axis as usize] = place as i64;
        }
        let there = step("Transpose", stored(1), &[("perm", &order)]);
        let again = step("Transpose", vec![Operand::Step(0)], &[("perm", &back)]);
        let found = run_all(&[f32s(&dims, &numbers)], vec![there, again]).unwrap();
        assert_eq!(found, (dims.iter().map(|length| *length as u64).collect(), numbers));
    }
}

#[test]
fn products_of_matrices() {
    let (a, b) = (f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), f32s(&[2, 1], &[10.0, 1.0]));
    assert_eq!(node("MatMul", &[a.clone(), b.clone()], &[]), (vec![2, 1], vec![12.0, 34.0]));
    let batch = f32s(&[2, 1, 2], &[1.0, 0.0, 0.0, 1.0]);
    assert_eq!(node("MatMul", &[batch, b.clone()], &[]), (vec![2, 1, 1], vec![10.0, 1.0]));
    let addend = f32s(&[1], &[0.5]);
    let found = node("Gemm", &[a.clone(), b.clone(), addend], &[("transA", &[1])]);
    assert_eq!(found, (vec![2, 1], vec![13.5, 24.5]));
    refused(&[b, a], step("MatMul", stored(2), &[]));
}

#[test]
fn integers_stand_for_numbers() {
    let x = i8s(&[2, 2], &[1, -2, 3, 4]);
    let scale = f32s(&[2], &[0.5, 2.0]);
    let dequantise = |more: &[Stored], ints: &[(&str, &[i64])]| {
        node("DequantizeLinear", &[std::slice::from_ref(&x), more].concat(), ints).1
    };
    assert_eq!(dequantise(&[f32s(&[], &[0.5])], &[]), [0.5, -1.0, 1.5, 2.0]);
    assert_eq!(dequantise(std::slice::from_ref(&scale), &[("axis", &[0])]), [0.5, -1.0, 6.0, 8.0]);
    assert_eq!(dequantise(&[scale.clone(), i8s(&[2], &[1, -1])], &[]), [0.0, -2.0, 1.0, 10.0]);
    let blocks = f32s(&[2, 1], &[0.5, 2.0]);
    assert_eq!(dequantise(&[blocks], &[("axis", &[1]), ("block_size", &[2])]), [0.5, -1.0, 6.0, 8.0]);
    refused(&[x, f32s(&[3], &[0.0; 3])], step("DequantizeLinear", stored(2), &[]));
    refused(&[i8s(&[], &[1]), scale], step("DequantizeLinear", stored(2), &[]));
}

#[test]
fn types_round_once() {
    let to = |dtype: DType| step("Cast", stored(1), &[("to", &[i64::from(dtype.to_onnx())])]);
    let back = step("Cast", vec![Operand::Step(0)], &[("to", &[i64::from(DType::Float32.to_onnx())])]);
    let cast = |dtype, x: f32| run_all(&[f32s(&[1], &[x])], vec![to(dtype), back.clone()]).unwrap().1[0];
    assert_eq!(cast(DType::Float16, 1.0 + 2f32.powi(-11)), 1.0);
    assert_eq!(cast(DType::Float16, 1.0 + 3.0 * 2f32.powi(-11)), 1.0 + 2f32.powi(-9));
    assert_eq!(cast(DType::BFloat16, 1.0 + 2f32.powi(-8)), 1.0);
    assert_eq!(cast(DType::Int64, -2.75), -2.0);
    refused(&[f32s(&[1], &[1.0])], to(DType::String));
    refused(&[f32s(&[1], &[1.0])], step("Cast", stored(1), &[("to", &[99])]));
}

#[test]
fn what_is_made_is_bounded() {
    let fill = || step("ConstantOfShape", stored(1), &[]);
    refused(&[i64s(&[1 << 20, 1 << 20])], fill());
    refused(&[i64s(&[i64::MAX, i64::MAX])], fill());
    refused(&[i64s(&[-1])], fill());
    assert!(run(&[i64s(&[i64::MAX, 0])], fill()).unwrap().1.is_empty());
}

/// Whatever operands and attributes there are: an answer or an error.
#[test]
fn nothing_panics() {
    let ops = [
        "Add",
        "Clip",
        "Concat",
        "Constant",
        "ConstantOfShape",
        "DequantizeLinear",
        "Div",
        "Expand",
        "Flatten",
        "Gather",
        "Gemm",
        "LpNormalization",
        "MatMul",
        "Nothing",
        "ReduceMean",
        "ReduceSum",
        "Reshape",
        "Shape",
        "Slice",
        "Softmax",
        "Split",
        "Squeeze",
        "Sum",
        "Tile",
        "Transpose",
        "Unsqueeze",
    ];
    let names = [
        "axis",
        "axes",
        "perm",
        "shape",
        "split",
        "starts",
        "ends",
        "steps",
        "block_size",
        "num_outputs",
        "transA",
        "keepdims",
        "value_ints",
        "to",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    for case in 0..4000 {
        let any = |random: &mut fastrand::Rng| match random.u8(0..8) {
            0 => [i64::MIN, i64::MAX, 1 << 40, -(1 << 40)][random.usize(0..4)],
            _ => random.i64(-4..5),
        };
        let tensors: Vec<Stored> = (0..4)
            .map(|_| {
                let dims: Vec<i64> = (0..random.usize(0..4)).map(|_| random.i64(0..4)).collect();
                let count = dims.iter().product::<i64>() as usize;
                match random.u8(0..3) {
                    0 => i64s(&(0..random.usize(0..4)).map(|_| any(&mut random)).collect::<Vec<_>>()),
                    1 => i8s(&dims, &(0..count).map(|_| random.i8(..)).collect::<Vec<_>>()),
                    _ => f32s(&dims, &(0..count).map(|_| random.f32() - 0.5).collect::<Vec<_>>()),
                }
            })
            .collect();
        let model = model(&tensors);
        let steps = (0..random.usize(1..4))
            .map(|place| {
                let operands = (0..random.usize(0..6)).map(|_| match random.u8(0..8) {
                    0 => Operand::Absent,
                    1 | 2 if place > 0 => Operand::Step(random.usize(0..place)),
                    _ => Operand::Stored(random.usize(0..4)),
                });
                let operands = operands.collect();
                let mut own = step(ops[random.usize(0..ops.len())], operands, &[]);
                own.output = random.usize(0..3);
                for _ in 0..random.usize(0..3) {
                    let values = (0..random.usize(0..4)).map(|_| any(&mut random)).collect();
                    own.attributes.ints.insert(names[random.usize(0..names.len())].to_owned(), values);
                }
                own
            })
            .collect();
        let program = Program { steps };
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let known = shape(&model, &program);
            if let (Ok((dtype, dims)), Ok(bytes)) = (known, compute(&model, &program)) {
                assert_eq!(dtype.bytes(dims.iter().product()), Some(bytes.len() as u64));
            }
        }));
        assert!(done.is_ok(), "case {case}: {program:?} of {tensors:?}");
    }
}
