//! What a selection keeps, against ndarray: every type, every axis, and sizes around those of the buffers.

#[path = "../../tensor/tests/support/mod.rs"]
mod support;

use espalier_surgery::{Edits, Kept, Select, save_to_bytes};
use espalier_tensor::onnx::Data;
use espalier_tensor::{DType, Job, Model};
use ndarray::{Array, ArrayD, Axis, IxDyn};
use support::*;

fn random_bytes(length: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

/// Some of the indices of an axis, ascending, at least one.
fn some(length: usize, random: &mut fastrand::Rng) -> Vec<u32> {
    let share = random.f64();
    let mut kept: Vec<u32> = (0..length as u32).filter(|_| random.f64() < share).collect();
    if kept.is_empty() {
        kept.push(random.u32(..length as u32));
    }
    kept
}

/// The source elements that stay, in order.
fn reference(dims: &[usize], kept: &[(usize, Vec<u32>)]) -> (Vec<usize>, Vec<u64>) {
    let count = dims.iter().product();
    let mut array: ArrayD<usize> = Array::from_iter(0..count).into_shape_with_order(IxDyn(dims)).unwrap();
    for (axis, kept) in kept {
        let indices: Vec<usize> = kept.iter().map(|index| *index as usize).collect();
        array = array.select(Axis(*axis), &indices);
    }
    let dims = array.shape().iter().map(|length| *length as u64).collect();
    (array.iter().copied().collect(), dims)
}

/// Elements picked one by one from `raw_data`, packed as it is.
fn picked(raw: &[u8], dtype: DType, elements: &[usize]) -> Vec<u8> {
    let bits = dtype.bits() as usize;
    let mut out = vec![0; (elements.len() * bits).div_ceil(8)];
    for (to, from) in elements.iter().enumerate() {
        if bits >= 8 {
            let bytes = bits / 8;
            out[to * bytes..(to + 1) * bytes].copy_from_slice(&raw[from * bytes..(from + 1) * bytes]);
        } else {
            let code = raw[from * bits / 8] >> (from * bits % 8) & ((1 << bits) - 1);
            out[to * bits / 8] |= code << (to * bits % 8);
        }
    }
    out
}

fn edits(kept: &[(usize, Vec<u32>)]) -> Edits {
    let select = |(axis, kept): &(usize, Vec<u32>)| Select {
        tensor: 0,
        kept: Kept { axis: *axis, indices: kept.clone() },
    };
    Edits { selections: kept.iter().map(select).collect(), ..Edits::default() }
}

fn check(dtype: DType, dims: &[usize], kept: &[(usize, Vec<u32>)], raw: &[u8]) {
    let (elements, dims_left) = reference(dims, kept);
    check_against(dtype, dims, kept, raw, &picked(raw, dtype, &elements), &dims_left);
}

fn check_against(
    dtype: DType,
    dims: &[usize],
    kept: &[(usize, Vec<u32>)],
    raw: &[u8],
    expected: &[u8],
    dims_left: &[u64],
) {
    let signed: Vec<i64> = dims.iter().map(|length| *length as i64).collect();
    let model = model_of(&[tensor("w", dtype, &signed, raw)]).open().unwrap();
    let bytes = save_to_bytes(&model, &edits(kept), &Job::new()).unwrap();
    let after = Model::from_bytes(bytes, &Job::new()).unwrap();
    let what = format!("{dtype} {dims:?} -> {dims_left:?}");
    let found = after.tensor(0).unwrap();
    assert_eq!((found.dtype, found.dims.as_slice()), (dtype, dims_left), "{what}");
    let mut bytes = vec![0; found.bytes as usize];
    after.read_bytes(0, 0, &mut bytes).unwrap();
    assert!(bytes == expected, "{what}: other elements");
}

#[test]
fn every_type_and_every_set_of_axes() {
    let mut random = fastrand::Rng::with_seed(1);
    for dtype in DType::ALL.into_iter().filter(|dtype| *dtype != DType::String) {
        for round in 0..40 {
            let rank = 1 + round % 4;
            let dims: Vec<usize> = (0..rank).map(|_| random.usize(1..7)).collect();
            let count = dims.iter().product::<usize>();
            let raw = random_bytes(dtype.bytes(count as u64).unwrap() as usize, &mut random);
            // The last byte of a packed type is padded with zeros.
            let raw = picked(&raw, dtype, &(0..count).collect::<Vec<_>>());
            let mut kept = Vec::new();
            for (axis, length) in dims.iter().enumerate() {
                if random.bool() {
                    kept.push((axis, some(*length, &mut random)));
                }
            }
            random.shuffle(&mut kept);
            check(dtype, &dims, &kept, &raw);
        }
    }
}

#[test]
fn shapes_around_the_sizes_of_buffers() {
    let mut random = fastrand::Rng::with_seed(2);
    // Outer × axis × inner, in bytes: rows and units below, at and above a window, and blocks that end inside them.
    let shapes: &[(usize, usize, usize)] = &[
        (1, 1000, 9 * 1024),
        (3, 5, 1 << 20),
        (2, 3, (1 << 20) + 1),
        (700, 64, 200),
        (5000, 1025, 1),
        (9, 40_000, 18),
        (3, 70_000, 36),
        (2, 50, 32 * 1024),
        (2, 60, 8 * 1024),
        (1, 1 << 21, 3),
        (100_000, 7, 4),
    ];
    for &(outer, axis, inner) in shapes {
        let raw = random_bytes(outer * axis * inner, &mut random);
        let all = |length: usize| (0..length as u32).collect::<Vec<_>>();
        let half = |length: usize| (0..length.div_ceil(2) as u32).collect::<Vec<_>>();
        let cuts = [
            (all(outer), some(axis, &mut random), all(inner)),
            (some(outer, &mut random), some(axis, &mut random), all(inner)),
            (all(outer), all(axis), some(inner, &mut random)),
            // One long run in each row.
            (all(outer), half(axis), all(inner)),
        ];
        for (a, b, c) in cuts {
            let dims_left = [a.len() as u64, b.len() as u64, c.len() as u64];
            let mut expected = Vec::with_capacity(a.len() * b.len() * c.len());
            for (i, j) in a.iter().flat_map(|i| b.iter().map(move |j| (i, j))) {
                let from = (*i as usize * axis + *j as usize) * inner;
                let unit = &raw[from..from + inner];
                if c.len() == inner {
                    expected.extend_from_slice(unit);
                } else {
                    expected.extend(c.iter().map(|k| unit[*k as usize]));
                }
            }
            let kept = [(0, a), (1, b), (2, c)];
            check_against(DType::UInt8, &[outer, axis, inner], &kept, &raw, &expected, &dims_left);
        }
    }
}

#[test]
fn packed_types_across_blocks() {
    let mut random = fastrand::Rng::with_seed(3);
    let dims = [3, 90_001];
    let raw = random_bytes(dims.iter().product::<usize>().div_ceil(2), &mut random);
    check(DType::UInt4, &dims, &[(1, some(dims[1], &mut random))], &raw);
}

#[test]
fn typed_fields_become_raw() {
    let values: Vec<i64> = (0..6).map(|value| value * 1000 - 2500).collect();
    let tensors = [
        bare_tensor("packed", DType::Int64, &[2, 3]).packed(7, &values),
        values
            .iter()
            .fold(bare_tensor("unpacked", DType::Int32, &[2, 3]), |tensor, value| tensor.int(5, *value)),
        bare_tensor("floats", DType::Float32, &[2, 3]).bytes(4, floats(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])),
        bare_tensor("half", DType::Float16, &[2, 3]).packed(5, &[0x3c00, 0, 0x4000, 0xbc00, 0, 0x4200]),
    ];
    let model = model_of(&tensors).open().unwrap();
    let selections =
        (0..4).map(|tensor| Select { tensor, kept: Kept { axis: 1, indices: vec![0, 2] } }).collect();
    let bytes = save_to_bytes(&model, &Edits { selections, ..Edits::default() }, &Job::new()).unwrap();
    let after = Model::from_bytes(bytes, &Job::new()).unwrap();
    let numbers = |tensor: usize| after.read_numbers(tensor, 9).unwrap();
    assert_eq!(numbers(0), [-2500.0, -500.0, 500.0, 2500.0]);
    assert_eq!(numbers(1), [-2500.0, -500.0, 500.0, 2500.0]);
    assert_eq!(numbers(2), [0.0, 2.0, 3.0, 5.0]);
    assert_eq!(numbers(3), [1.0, 2.0, -1.0, 3.0]);
    assert!(after.tensors().iter().all(|tensor| matches!(tensor.data, Data::Bytes { .. })));
}

#[test]
fn strings_stay_strings() {
    let strings = ["a", "", "ccc", "d", "e", "f"];
    let tensor =
        strings.iter().fold(bare_tensor("s", DType::String, &[3, 2]), |tensor, s| tensor.bytes(6, s));
    let model = model_of(&[tensor]).open().unwrap();
    let bytes = save_to_bytes(&model, &edits(&[(0, vec![0, 2]), (1, vec![1])]), &Job::new()).unwrap();
    let after = Model::from_bytes(bytes, &Job::new()).unwrap();
    assert_eq!(after.read_strings(0).unwrap(), [b"".to_vec(), b"f".to_vec()]);
    assert_eq!(after.tensor(0).unwrap().dims, [2, 1]);
}

#[test]
fn tensors_without_elements_can_be_cut() {
    let dims = [1 << 40, 1 << 40, 0, 4];
    let model = model_of(&[tensor("w", DType::Float32, &dims, [])]).open().unwrap();
    let bytes = save_to_bytes(&model, &edits(&[(3, vec![1])]), &Job::new()).unwrap();
    assert_eq!(
        Model::from_bytes(bytes, &Job::new()).unwrap().tensor(0).unwrap().dims,
        [1 << 40, 1 << 40, 0, 1]
    );
}

#[test]
fn one_thread_or_many_write_the_same() {
    let mut random = fastrand::Rng::with_seed(4);
    let raw = random_bytes(3000 * 3000 * 4, &mut random);
    let model = model_of(&[tensor("w", DType::Float32, &[3000, 3000], raw)]).open().unwrap();
    let edits = edits(&[(0, some(3000, &mut random)), (1, some(3000, &mut random))]);
    let save = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| save_to_bytes(&model, &edits, &Job::new())).unwrap()
    };
    assert!(save(1) == save(4));
}
