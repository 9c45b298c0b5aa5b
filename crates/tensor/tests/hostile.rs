//! Each kind of malformed file: an error with its code and its place, never a panic and never a large allocation.

mod support;

use espalier_tensor::{Code, DType, Error, Job, Model};
use support::*;

fn refused(message: Message) -> Error {
    match message.open() {
        Err(error) => error,
        Ok(_) => panic!("the model was accepted"),
    }
}

#[track_caller]
fn refuses(message: Message, code: Code, what: &str) {
    let error = refused(message);
    assert_eq!(error.code(), code, "{}", error.what());
    assert!(error.what().contains(what), "\"{}\" does not say \"{what}\"", error.what());
}

#[test]
fn what_is_no_protobuf() {
    let malformed = |bytes: &[u8], what: &str| {
        refuses(Message::new().raw(bytes), Code::ModelMalformed, what);
    };
    malformed(b"", "the file is empty");
    malformed(b"PK\x03\x04 a zip file", "at byte 2");
    malformed(b"<html>404</html>", "");
    malformed(b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "");
    malformed(&[0x00, 0x01], "field number 0");
    malformed(&[0x0b], "a group");
    malformed(&[0x0c], "a group");
    malformed(&[0x0e], "wire type 6");
    malformed(&[0x0f], "wire type 7");
    malformed(&[0x80], "cut short");
    malformed(&[0x08, 0xff], "cut short");
    malformed(&[0x0d, 0, 0, 0], "cut short");
    malformed(&[0x09, 0, 0, 0, 0, 0, 0, 0], "cut short");
    malformed(&[0x12, 0x05, b'a'], "says 5 bytes, but 1 are left");
    malformed(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], "more than 64 bits");
    malformed(&[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "ten bytes");
    // A length of 2^64 - 1, whose end overflows.
    malformed(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "bytes, but 0 are left");
    // A tag beyond 32 bits.
    malformed(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00], "is not possible");
}

#[test]
fn what_is_protobuf_but_no_model() {
    refuses(Message::new().int(1, 8), Code::ModelMalformed, "holds no graph");
    refuses(model(graph(&[])).message(7, graph(&[])), Code::ModelMalformed, "two graphs");
    refuses(Message::new().int(7, 1), Code::ModelMalformed, "another type");
    refuses(Message::new().bytes(1, "8").message(7, graph(&[])), Code::ModelMalformed, "ir_version");
    refuses(model(Message::new().bytes(2, [0xff, 0xfe])), Code::ModelMalformed, "not UTF-8");
}

#[test]
fn every_truncation_is_an_error() {
    let inner = graph(&[counting("inner", &[2, 2])]);
    let graph = graph(&[
        counting("w", &[3, 4]),
        bare_tensor("typed", DType::Int64, &[3]).packed(7, &[1, -1, 300]),
        bare_tensor("text", DType::String, &[2]).bytes(6, "a").bytes(6, "bc"),
    ])
    .message(1, node("If", &["c"], &["z"]).message(5, graph_attribute("then_branch", inner)))
    .message(1, node("Constant", &[], &["k"]).message(5, tensor_attribute("value", counting("", &[2]))));
    let whole = model(graph).0;
    assert!(Model::from_bytes(whole.as_slice(), &Job::new()).is_ok());
    // Up to the end of the graph; what follows it are optional fields of the model.
    let last = whole.len() - Message::new().message(8, Message::new().bytes(1, "").int(2, 17)).0.len();
    for length in 0..last {
        let error = refused(Message::new().raw(&whole[..length]));
        assert_eq!(error.code(), Code::ModelMalformed, "at {length}: {}", error.what());
    }
}

#[test]
fn every_flipped_byte_is_an_error_or_a_model() {
    let whole =
        model_of(&[counting("w", &[3, 4]), bare_tensor("t", DType::Int32, &[2]).packed(5, &[1, 2])]).0;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let Ok(model) = Model::from_bytes(bytes, &Job::new()) else { continue };
            assert!(model.describe().is_ok());
            for tensor in 0..model.tensors().len() {
                let _ = model.read_numbers(tensor, 1000);
            }
        }
    }
}

#[test]
fn tensors_that_contradict_themselves() {
    let refuses = |tensor: Message, code: Code, what: &str| {
        let error = refused(model_of(&[tensor]));
        assert_eq!(error.code(), code, "{}", error.what());
        assert!(error.what().contains(what), "\"{}\" does not say \"{what}\"", error.what());
        assert_eq!(error.place().tensor.as_deref(), Some("w"));
    };
    let malformed = |tensor, what| refuses(tensor, Code::ModelMalformed, what);
    malformed(tensor("w", DType::Float32, &[3], [0; 11]), "11 bytes, but float32 [3] takes 12");
    malformed(tensor("w", DType::Int4, &[3], [0; 1]), "1 bytes, but int4 [3] takes 2");
    malformed(bare_tensor("w", DType::Float32, &[3]), "0 numbers");
    malformed(tensor("w", DType::Float32, &[-1], []), "negative");
    malformed(tensor("w", DType::Float32, &[1 << 40, 1 << 40], []), "more than any file can hold");
    malformed(tensor("w", DType::Float64, &[1 << 62], []), "more than any file can hold");
    malformed(tensor("w", DType::Float32, &[i64::MAX], []), "more than any file can hold");
    malformed(tensor("w", DType::Float32, &[1 << 40], []), "but float32");
    malformed(tensor("w", DType::Float32, &[1], [0; 4]).bytes(4, [0; 4]), "there twice");
    malformed(bare_tensor("w", DType::Float32, &[1]).packed(7, &[1]), "another type's field");
    malformed(bare_tensor("w", DType::String, &[1]).bytes(9, "a"), "strings for elements");
    malformed(bare_tensor("w", DType::Float32, &[1]).bytes(6, "a"), "another type's field");
    malformed(bare_tensor("w", DType::Int64, &[2]).packed(7, &[1]), "1 numbers");
    malformed(Message::new().int(1, 1).bytes(8, "w").bytes(9, [0]), "does not state its type");
    let unknown = Message::new().int(2, 99).bytes(8, "w");
    refuses(unknown, Code::ModelUnsupported, "the number 99");
    refuses(
        tensor("w", DType::Float32, &[1], [0; 4]).message(3, Message::new()),
        Code::ModelUnsupported,
        "segments",
    );
}

#[test]
fn typed_fields_that_are_cut_short() {
    let bad =
        |field: u32, payload: &[u8], dtype| model_of(&[bare_tensor("w", dtype, &[1]).bytes(field, payload)]);
    refuses(bad(7, &[0x80], DType::Int64), Code::ModelMalformed, "cut short");
    refuses(bad(4, &[0, 0, 0], DType::Float32), Code::ModelMalformed, "whole number of elements");
    refuses(bad(10, &[0; 7], DType::Float64), Code::ModelMalformed, "whole number of elements");
    // Eleven bytes that look like one number: found when it is read.
    let model =
        bad(7, &[0x80; 10].iter().copied().chain([0]).collect::<Vec<_>>(), DType::Int64).open().unwrap();
    assert_eq!(model.read_numbers(0, 9).unwrap_err().code(), Code::ModelMalformed);
    let model = model_of(&[bare_tensor("w", DType::Int8, &[1]).packed(5, &[300])]).open().unwrap();
    let error = model.read_numbers(0, 9).unwrap_err();
    assert_eq!((error.code(), error.place().tensor.as_deref()), (Code::ModelMalformed, Some("w")));
}

#[test]
fn nesting_and_ranks_have_an_end() {
    let nested = |depth: usize| {
        let mut inner = graph(&[]);
        for _ in 0..depth {
            let loop_node = node("Loop", &[], &["z"]).message(5, graph_attribute("body", inner));
            inner = Message::new().message(1, loop_node);
        }
        model(inner)
    };
    assert!(nested(64).open().is_ok());
    refuses(nested(65), Code::ModelUnsupported, "nested");
    // Far deeper than any stack.
    refuses(nested(20_000), Code::ModelUnsupported, "nested");
    let dims = vec![1; 300];
    refuses(model_of(&[tensor("w", DType::Int8, &dims, [0])]), Code::ModelMalformed, "255 axes");
    refuses(model_of(&[Message::new().packed(1, &dims)]), Code::ModelMalformed, "255 axes");
    let value = value("v", DType::Float32, &dims);
    refuses(model(graph(&[]).message(13, value)), Code::ModelMalformed, "255 axes");
}

#[test]
fn more_items_than_any_model_has() {
    let nodes = [0x0a, 0x00].repeat(espalier_tensor::onnx::MAX_ITEMS + 1);
    refuses(model(Message::new().raw(nodes)), Code::ModelUnsupported, "more than");
    // Whatever takes memory and next to no bytes.
    for (field, in_graph) in [(8, false), (14, false), (25, false), (15, true)] {
        let mut tag = Vec::new();
        espalier_tensor::wire::write::bytes(&mut tag, field, &[]);
        let many = Message::new().raw(tag.repeat(espalier_tensor::onnx::MAX_ITEMS + 1));
        let message = if in_graph { model(many) } else { model(graph(&[])).raw(many.0) };
        refuses(message, Code::ModelUnsupported, "more than");
    }
    let name = vec![b'a'; (1 << 20) + 1];
    refuses(model(Message::new().bytes(2, name)), Code::ModelMalformed, "bytes long");
}

#[test]
fn attributes_that_contradict_themselves() {
    let with =
        |attribute: Message| model(graph(&[]).message(1, node("Op", &[], &["z"]).message(5, attribute)));
    let place = |attribute: Message, what: &str| {
        let error = refused(with(attribute));
        assert_eq!(error.code(), Code::ModelMalformed);
        assert!(error.what().contains(what), "{}", error.what());
        assert_eq!(error.place().node.as_deref(), Some("Op_node"));
        assert_eq!(error.place().op.as_deref(), Some("Op"));
    };
    place(Message::new().int(3, 1).int(20, 2), "no name");
    place(Message::new().bytes(1, "value").int(20, 4), "says it is a tensor but has none");
    place(Message::new().bytes(1, "body").int(20, 5), "says it is a graph but has none");
    place(tensor_attribute("value", counting("", &[1])).message(5, counting("", &[1])), "two tensors");
    place(graph_attribute("body", graph(&[])).message(6, graph(&[])), "two graphs");
    place(Message::new().bytes(1, "floats").bytes(7, [0; 3]).int(20, 6), "whole number of floats");
    place(Message::new().bytes(1, "ints").fixed32(8, [0; 4]).int(20, 7), "another type");
}

#[test]
fn a_cancelled_job_opens_nothing() {
    let job = Job::new();
    job.cancel();
    let error = Model::from_bytes(model_of(&[counting("w", &[1])]).0, &job).unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
}
