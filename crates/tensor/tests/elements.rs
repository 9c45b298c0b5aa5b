//! Elements of every type, in every way they can be stored.

mod support;

use espalier_tensor::{Code, DType};
use support::*;

/// `count` elements of a type, in the form of `raw_data`: bytes without a pattern.
fn raw(dtype: DType, count: u64) -> Vec<u8> {
    let bytes = dtype.bytes(count).unwrap();
    let mut raw: Vec<u8> = (0..bytes).map(|at| (at * 37 + 11) as u8).collect();
    if dtype == DType::Bool {
        raw.iter_mut().for_each(|byte| *byte &= 1);
    }
    // The last byte of a packed type is padded with zeros.
    let used = count * dtype.bits() % 8;
    if used != 0 {
        *raw.last_mut().unwrap() &= (1 << used) - 1;
    }
    raw
}

fn numeric() -> impl Iterator<Item = DType> {
    DType::ALL.into_iter().filter(|dtype| dtype.is_numeric())
}

/// The typed field of a type, by the comments in onnx.proto.
fn typed(dtype: DType, raw: &[u8]) -> (u32, Vec<i64>) {
    let width = (dtype.bits() / 8).max(1) as usize;
    let signed = matches!(dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
    let number = |bytes: &[u8]| {
        let mut wide = [if signed && bytes[width - 1] >= 0x80 { 0xff } else { 0 }; 8];
        wide[..width].copy_from_slice(bytes);
        i64::from_le_bytes(wide)
    };
    let field = match dtype {
        DType::Int64 => 7,
        DType::UInt32 | DType::UInt64 => 11,
        _ => 5,
    };
    (field, raw.chunks(width).map(number).collect())
}

#[test]
fn typed_fields_decode_to_the_raw_form() {
    for dtype in DType::ALL.into_iter().filter(|dtype| *dtype != DType::String) {
        let raw = raw(dtype, 5);
        let bare = || bare_tensor("t", dtype, &[5]);
        let (packed, unpacked, split) = match dtype {
            DType::Float32 | DType::Complex64 => {
                let each = raw.as_chunks::<4>().0;
                let unpacked = each.iter().fold(bare(), |tensor, value| tensor.fixed32(4, *value));
                (bare().bytes(4, &raw), unpacked, bare().bytes(4, &raw[..8]).bytes(4, &raw[8..]))
            }
            DType::Float64 | DType::Complex128 => {
                let each = raw.as_chunks::<8>().0;
                let unpacked = each.iter().fold(bare(), |tensor, value| tensor.fixed64(10, *value));
                (bare().bytes(10, &raw), unpacked, bare().bytes(10, &raw[..8]).bytes(10, &raw[8..]))
            }
            _ => {
                let (field, values) = typed(dtype, &raw);
                let unpacked = values.iter().fold(bare(), |tensor, value| tensor.int(field, *value));
                let split = bare().packed(field, &values[..1]).int(2, i64::from(dtype.to_onnx()));
                (bare().packed(field, &values), unpacked, split.packed(field, &values[1..]))
            }
        };
        for (how, tensor) in [("packed", packed), ("unpacked", unpacked), ("split", split)] {
            let model = model_of(&[tensor]).open().unwrap_or_else(|error| panic!("{dtype} {how}: {error}"));
            let mut read = vec![0; raw.len()];
            model.read_bytes(0, 0, &mut read).unwrap();
            assert_eq!(read, raw, "{dtype} {how}");
            model.read_bytes(0, raw.len() as u64 - 1, &mut read[..1]).unwrap();
            assert_eq!(read[0], raw[raw.len() - 1], "{dtype} {how}");
        }
    }
}

#[test]
fn any_range_of_elements_is_that_part_of_all() {
    for dtype in numeric() {
        let model = model_of(&[tensor("w", dtype, &[13], raw(dtype, 13))]).open().unwrap();
        let all = model.read_numbers(0, 13).unwrap();
        for start in 0..13 {
            for end in start..=13 {
                let mut doubles = vec![-1.0; end - start];
                model.read_elements_f64(0, start as u64, &mut doubles).unwrap();
                let same = doubles.iter().zip(&all[start..end]).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{dtype} {start}..{end}");
                let mut floats = vec![-1f32; end - start];
                model.read_elements_f32(0, start as u64, &mut floats).unwrap();
                let same = floats.iter().zip(&all[start..end]).all(|(a, b)| {
                    let b = *b as f32;
                    *a == b || (a.is_nan() && b.is_nan())
                });
                assert!(same, "{dtype} {start}..{end}");
                for room in [end - start, 32] {
                    let mut buffer = vec![-1f32; room];
                    let stored = model.read_stored(0, start as u64, end - start, &mut buffer).unwrap();
                    assert_eq!(stored.len(), floats.len(), "{dtype} {start}..{end}");
                    let same = |(i, float): (usize, &f32)| {
                        let value = stored.value(i);
                        value == *float || (value.is_nan() && float.is_nan())
                    };
                    assert!(floats.iter().enumerate().all(same), "{dtype} {start}..{end}");
                }
            }
        }
    }
}

#[test]
fn blocks_join_without_a_seam() {
    // More elements than are decoded at a time, of a type whose elements do not begin at bytes.
    let count = 3 * 16 * 1024 + 5;
    let model =
        model_of(&[tensor("w", DType::Int4, &[count], raw(DType::Int4, count as u64))]).open().unwrap();
    let all = model.read_numbers(0, count as u64).unwrap();
    let mut rest = vec![0.0; count as usize - 1];
    model.read_elements_f64(0, 1, &mut rest).unwrap();
    assert_eq!(rest, all[1..]);
}

#[test]
fn what_cannot_be_read_says_so() {
    let tensors = [
        counting("w", &[4]),
        bare_tensor("s", DType::String, &[1]).bytes(6, "text"),
        tensor("c", DType::Complex64, &[1], [0; 8]),
    ];
    let model = model_of(&tensors).open().unwrap();
    assert_eq!(model.read_strings(1).unwrap(), [b"text"]);
    let code = |result: espalier_tensor::Result<()>| result.unwrap_err().code();
    assert_eq!(code(model.read_elements_f32(0, 1, &mut [0.0; 4])), Code::Internal);
    assert_eq!(code(model.read_elements_f32(0, u64::MAX, &mut [0.0; 4])), Code::Internal);
    let stored = |id, start| model.read_stored(id, start, 4, &mut [0.0; 4]).map(|_| ());
    assert_eq!(code(stored(0, 1)), Code::Internal);
    assert_eq!(code(stored(0, u64::MAX)), Code::Internal);
    assert_eq!(code(stored(2, 0)), Code::ModelUnsupported);
    assert_eq!(code(model.read_elements_f64(0, u64::MAX, &mut [0.0; 4])), Code::Internal);
    assert_eq!(code(model.read_elements_f64(9, 0, &mut [])), Code::Internal);
    assert_eq!(code(model.read_elements_f64(1, 0, &mut [])), Code::ModelUnsupported);
    assert_eq!(code(model.read_elements_f64(2, 0, &mut [0.0])), Code::ModelUnsupported);
    assert_eq!(model.read_numbers(0, 3).unwrap_err().code(), Code::ModelTooLarge);
}

#[test]
fn tensors_without_elements() {
    let tensors = [
        tensor("a", DType::Float32, &[0, 4], []),
        bare_tensor("b", DType::Int64, &[0]),
        bare_tensor("c", DType::String, &[0]),
        bare_tensor("d", DType::Int8, &[1 << 62, 1 << 62, 0]),
    ];
    let model = model_of(&tensors).open().unwrap();
    assert!(model.tensors().iter().all(|tensor| tensor.elements == 0 && tensor.bytes == 0));
    assert!(model.read_numbers(0, 0).unwrap().is_empty());
}

#[test]
fn the_hash_is_that_of_the_bytes() {
    let job = espalier_tensor::Job::new();
    let source = model_of(&[counting("w", &[2])]);
    let hash = source.open().unwrap().sha256(&job).unwrap();
    assert_eq!(hash.len(), 64);
    assert_eq!((job.done(), job.total()), (source.0.len() as u64, source.0.len() as u64));
    let other = model_of(&[counting("v", &[2])]).open().unwrap().sha256(&job).unwrap();
    assert_ne!(hash, other);
    job.cancel();
    assert_eq!(source.open().unwrap().sha256(&job).unwrap_err().code(), Code::Aborted);
}
