//! Each kind of edit, and that everything else stays as it is.

#[path = "../../tensor/tests/support/mod.rs"]
mod support;

use espalier_surgery::*;
use espalier_tensor::onnx::{AttributeValue, Dim, Node};
use espalier_tensor::{Code, DType, Error, Job, Model};
use support::*;

fn apply(model: &Message, edits: Edits) -> Model {
    let bytes = save_to_bytes(&model.open().unwrap(), &edits, &Job::new()).unwrap();
    Model::from_bytes(bytes, &Job::new()).unwrap()
}

fn bytes_after(model: &Message, edits: &Edits) -> Vec<u8> {
    save_to_bytes(&model.open().unwrap(), edits, &Job::new()).unwrap()
}

fn refused(model: &Message, edits: Edits) -> Error {
    save_to_bytes(&model.open().unwrap(), &edits, &Job::new()).unwrap_err()
}

fn inputs(node: &Node) -> Vec<&str> {
    node.inputs.iter().map(|input| &*input.name).collect()
}

/// Fields that nobody knows, in every message, at its start and its end.
fn with_unknown_fields() -> Message {
    let unknown = || Message::new().int(1000, 5);
    let around = |message: Message| unknown().raw(message.0).bytes(2000, "kept").fixed32(3000, [1; 4]);
    let tensor = around(counting("w", &[3, 4]));
    let constant = node("Constant", &[], &["k"])
        .message(5, around(tensor_attribute("value", around(counting("", &[2])))))
        .with(around);
    let graph = Message::new().message(5, tensor).message(1, constant).raw(graph(&[]).0);
    model(around(graph)).with(around)
}

#[test]
fn no_edits_give_the_same_bytes() {
    let unknown = with_unknown_fields();
    assert_eq!(bytes_after(&unknown, &Edits::default()), unknown.0);
    // Lengths written with more bytes than they need.
    let padded = Message::new().int(1, 8).raw([0x3a, 0x84, 0x80, 0x00]).bytes(2, "ab");
    assert_eq!(bytes_after(&padded, &Edits::default()), padded.0);
    // A selection of everything is no edit.
    let all = Select { tensor: 0, kept: Kept { axis: 1, indices: vec![0, 1, 2, 3] } };
    assert_eq!(bytes_after(&unknown, &Edits { selections: vec![all], ..Edits::default() }), unknown.0);
}

#[test]
fn unknown_fields_and_order_survive_an_edit() {
    let unknown = with_unknown_fields();
    let cut = Select { tensor: 0, kept: Kept { axis: 0, indices: vec![2] } };
    let cut_constant = Select { tensor: 1, kept: Kept { axis: 0, indices: vec![1] } };
    let bytes = bytes_after(&unknown, &Edits { selections: vec![cut, cut_constant], ..Edits::default() });
    let around = |message: Message| {
        Message::new().int(1000, 5).raw(message.0).bytes(2000, "kept").fixed32(3000, [1; 4])
    };
    let tensor = around(tensor("w", DType::Float32, &[1, 4], floats(&[8.0, 9.0, 10.0, 11.0])));
    let constant = support::tensor("", DType::Float32, &[1], floats(&[1.0]));
    let constant = node("Constant", &[], &["k"])
        .message(5, around(tensor_attribute("value", around(constant))))
        .with(around);
    let graph = Message::new().message(5, tensor).message(1, constant).raw(graph(&[]).0);
    assert_eq!(bytes, model(around(graph)).with(around).0);
}

/// Lengths around 127 and 16383 take one byte more, in a message, and then perhaps in the one around it.
#[test]
fn lengths_grow_through_every_level() {
    for size in (90..140).chain(16_300..16_420) {
        let name = "n".repeat(size);
        let inner = |name: &str| Message::new().message(1, node("Abs", &[name], &["a"]));
        let outer = |name: &str| {
            let branch = node("If", &["c"], &["z"]).message(5, graph_attribute("then_branch", inner(name)));
            model(Message::new().message(1, branch))
        };
        let edit = InputEdit { node: 1, index: 0, name: name.clone() };
        let edits = Edits { inputs: vec![edit], ..Edits::default() };
        assert_eq!(bytes_after(&outer("x"), &edits), outer(&name).0, "{size}");
        let edit = InputEdit { node: 1, index: 0, name: "x".to_owned() };
        let edits = Edits { inputs: vec![edit], ..Edits::default() };
        assert_eq!(bytes_after(&outer(&name), &edits), outer("x").0, "{size}");
    }
}

#[test]
fn contents_of_integers() {
    let tensors = [
        bare_tensor("shape", DType::Int64, &[3]).packed(7, &[1, 2, 3]),
        tensor("scales", DType::Float32, &[2], floats(&[1.0, 2.0])),
        tensor("scalar", DType::Int32, &[], [1, 0, 0, 0]),
    ];
    let integers = vec![
        IntegerEdit { tensor: 0, dims: vec![2], values: vec![-1.0, 9.3e18] },
        IntegerEdit { tensor: 1, dims: vec![2], values: vec![0.5, 2.0] },
        IntegerEdit { tensor: 2, dims: vec![], values: vec![-7.0] },
    ];
    let after = apply(&model_of(&tensors), Edits { integers, ..Edits::default() });
    assert_eq!(after.read_numbers(0, 9).unwrap(), [-1.0, i64::MAX as f64]);
    assert_eq!(after.read_numbers(1, 9).unwrap(), [0.5, 2.0]);
    assert_eq!(after.read_numbers(2, 9).unwrap(), [-7.0]);
    assert!(after.tensor(2).unwrap().dims.is_empty());
    assert_eq!(after.tensor(0).unwrap().dtype, DType::Int64);
}

fn refill(tensor: usize, dims: &[u64], values: &[f32]) -> FloatEdit {
    FloatEdit { tensor, dims: dims.to_vec(), values: values.to_vec() }
}

#[test]
fn contents_of_floats_in_every_form_and_type() {
    let tensors = [
        counting("raw", &[2, 3]),
        bare_tensor("packed", DType::Float32, &[2, 3]).bytes(4, floats(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])),
        bare_tensor("unpacked", DType::Float32, &[1]).fixed32(4, 7f32.to_le_bytes()),
        bare_tensor("half", DType::Float16, &[2]).packed(5, &[0x3c00, 0]),
        tensor("brain", DType::BFloat16, &[2], [0; 4]),
        bare_tensor("double", DType::Float64, &[1]).fixed64(10, 1f64.to_le_bytes()),
        counting("kept", &[2]),
    ];
    let third = 1.0 / 3.0;
    let contents = vec![
        refill(0, &[2], &[third, -0.0]),
        refill(1, &[1, 2], &[8.0, 9.0]),
        refill(2, &[], &[third]),
        refill(3, &[2], &[third, 65504.0]),
        refill(4, &[2, 1], &[third, 1e38]),
        refill(5, &[2], &[third, 1e38]),
    ];
    // What was to be cut of a tensor is void where it has a new content.
    let selections = vec![
        Select { tensor: 0, kept: Kept { axis: 0, indices: vec![1] } },
        Select { tensor: 6, kept: Kept { axis: 0, indices: vec![1] } },
    ];
    let after = apply(&model_of(&tensors), Edits { contents, selections, ..Edits::default() });
    let numbers = |tensor: usize| after.read_numbers(tensor, 9).unwrap();
    let dims = |tensor: usize| after.tensor(tensor).unwrap().dims.as_slice();
    assert_eq!(numbers(0), [f64::from(third), 0.0]);
    assert_eq!((numbers(1), dims(1)), (vec![8.0, 9.0], &[1, 2][..]));
    assert_eq!((numbers(2), dims(2)), (vec![f64::from(third)], &[][..]));
    assert_eq!(numbers(3), [0.333251953125, 65504.0]);
    assert_eq!((numbers(4), dims(4)), (vec![0.333984375, 9.969_209_968_386_869e37], &[2, 1][..]));
    assert_eq!(numbers(5), [f64::from(third), f64::from(1e38f32)]);
    assert_eq!(numbers(6), [1.0]);
    let types: Vec<_> = after.tensors().iter().map(|tensor| tensor.dtype).collect();
    assert_eq!(types[3..6], [DType::Float16, DType::BFloat16, DType::Float64]);
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let unknown = with_unknown_fields();
    let values: Vec<f32> = (0..12).map(|value| value as f32).collect();
    let contents = vec![refill(0, &[3, 4], &values), refill(1, &[2], &[0.0, 1.0])];
    assert_eq!(bytes_after(&unknown, &Edits { contents, ..Edits::default() }), unknown.0);
}

#[test]
fn contents_of_floats_that_do_not_fit() {
    let tensors = [
        counting("w", &[2]),
        tensor("half", DType::Float16, &[1], [0; 2]),
        tensor("axes", DType::Int64, &[1], [0; 8]),
    ];
    let model = model_of(&tensors);
    let refill_refused = |contents| refused(&model, Edits { contents, ..Edits::default() });
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error = refill_refused(vec![refill(0, &[2], &[0.0, value])]);
        assert_eq!((error.code(), error.place().tensor.as_deref()), (Code::NonFinite, Some("w")));
    }
    let error = refill_refused(vec![refill(1, &[1], &[70000.0])]);
    assert_eq!(error.code(), Code::NonFinite);
    assert!(error.what().contains("70000, which float16 cannot hold"), "{}", error.what());
    assert_eq!(refill_refused(vec![refill(0, &[2], &[1.0])]).code(), Code::Internal);
    assert_eq!(refill_refused(vec![refill(0, &[u64::MAX, 2], &[1.0])]).code(), Code::Internal);
    assert_eq!(refill_refused(vec![refill(2, &[1], &[1.0])]).code(), Code::Internal);
    assert_eq!(refill_refused(vec![refill(3, &[1], &[1.0])]).code(), Code::Internal);
    assert_eq!(refill_refused(vec![refill(0, &[1], &[1.0]), refill(0, &[1], &[1.0])]).code(), Code::Internal);
    let both = Edits {
        contents: vec![refill(0, &[1], &[1.0])],
        integers: vec![IntegerEdit { tensor: 0, dims: vec![1], values: vec![1.0] }],
        ..Edits::default()
    };
    assert_eq!(refused(&model, both).code(), Code::Internal);
}

#[test]
fn new_initializers_follow_the_last_one_of_their_graph() {
    let inner = Message::new().message(1, node("Abs", &["x"], &["a"]));
    let branch = node("If", &["c"], &["z"]).message(5, graph_attribute("then_branch", inner));
    let model = model(graph(&[counting("w", &[2, 3])]).message(1, branch));
    let copies = vec![NewCopy {
        graph: 0,
        tensor: 0,
        name: "copy".to_owned(),
        selections: vec![Kept { axis: 1, indices: vec![0, 2] }],
    }];
    let literal = |graph, name: &str, dtype, values: &[f64]| NewLiteral {
        graph,
        name: name.to_owned(),
        dtype,
        dims: vec![values.len() as u64],
        values: values.to_vec(),
    };
    let literals =
        vec![literal(0, "axes", DType::Int64, &[-1.0]), literal(1, "half", DType::Float16, &[0.5])];
    let after = apply(&model, Edits { copies, literals, ..Edits::default() });
    let names = |graph: usize| -> Vec<&str> {
        after.index().graphs[graph].initializers.iter().map(|id| &*after.tensors()[*id].name).collect()
    };
    assert_eq!(names(0), ["w", "copy", "axes"]);
    assert_eq!(names(1), ["half"]);
    let id = |name: &str| after.tensors().iter().position(|tensor| tensor.name == name).unwrap();
    assert_eq!(after.read_numbers(id("copy"), 9).unwrap(), [0.0, 2.0, 3.0, 5.0]);
    assert_eq!(after.read_numbers(id("axes"), 9).unwrap(), [-1.0]);
    assert_eq!(after.read_numbers(id("half"), 9).unwrap(), [0.5]);
    // From IR version 4 on they need not be inputs.
    assert_eq!(after.index().graphs[0].inputs.len(), 1);
}

#[test]
fn before_ir_version_4_an_initializer_is_an_input() {
    let old = Message::new().int(1, 3).message(7, graph(&[counting("w", &[2])]));
    let literal = NewLiteral {
        graph: 0,
        name: "new".to_owned(),
        dtype: DType::Int64,
        dims: vec![1],
        values: vec![5.0],
    };
    let after = apply(&old, Edits { literals: vec![literal], ..Edits::default() });
    let value = &after.index().values[after.index().graphs[0].inputs[1]];
    assert_eq!((&*value.name, value.dtype), ("new", Some(DType::Int64)));
    assert_eq!(value.shape, Some(vec![Dim::Length(1)]));
}

#[test]
fn attributes_are_replaced_added_and_removed() {
    let op = node("Op", &["x"], &["z"])
        .message(5, int_attribute("group", 32))
        .message(5, int_attribute("axis", 1))
        .message(5, ints_attribute("pads", &[1, 1]))
        .message(5, int_attribute("axis", 2));
    let model = model(Message::new().message(1, op));
    let edit = |name: &str, value| AttributeEdit {
        node: 0,
        attribute: NewAttribute { name: name.to_owned(), value },
    };
    let attributes = vec![
        edit("group", NewAttributeValue::Int(16)),
        edit("pads", NewAttributeValue::Remove),
        edit("split", NewAttributeValue::Ints(vec![3, -1])),
        edit("axis", NewAttributeValue::Int(0)),
        edit("absent", NewAttributeValue::Remove),
        edit("alpha", NewAttributeValue::Float(0.1)),
        edit("value_floats", NewAttributeValue::Floats(vec![-0.5, f32::INFINITY])),
        edit("auto_pad", NewAttributeValue::Text("SAME_UPPER".to_owned())),
        edit("activations", NewAttributeValue::Texts(vec!["Tanh".to_owned(), "Relu".to_owned()])),
    ];
    let after = apply(&model, Edits { attributes, ..Edits::default() });
    let found: Vec<_> =
        after.index().nodes[0].attributes.iter().map(|found| (&*found.name, found.value.clone())).collect();
    assert_eq!(
        found,
        [
            ("group", AttributeValue::Int(16)),
            ("axis", AttributeValue::Int(0)),
            ("split", AttributeValue::Ints(vec![3, -1])),
            ("alpha", AttributeValue::Float(0.1)),
            ("value_floats", AttributeValue::Floats(vec![-0.5, f32::INFINITY])),
            ("auto_pad", AttributeValue::String(b"SAME_UPPER".to_vec())),
            ("activations", AttributeValue::Strings(vec![b"Tanh".to_vec(), b"Relu".to_vec()])),
        ]
    );
    let twice = vec![edit("group", NewAttributeValue::Int(1)), edit("group", NewAttributeValue::Int(2))];
    assert_eq!(refused(&model, Edits { attributes: twice, ..Edits::default() }).code(), Code::Internal);
    // A file with one could not be read again.
    let unnamed =
        refused(&model, Edits { attributes: vec![edit("", NewAttributeValue::Int(1))], ..Edits::default() });
    assert_eq!(unnamed.code(), Code::Internal);
    assert!(unnamed.what().contains("without a name"), "{}", unnamed.what());
}

#[test]
fn operands_are_rewired_and_appended() {
    let graph = Message::new()
        .message(1, node("Resize", &["x", "", "scales"], &["z"]))
        .message(1, node("Source", &[], &["s"]));
    let edit = |node, index, name: &str| InputEdit { node, index, name: name.to_owned() };
    let inputs_edits = vec![edit(0, 5, "b"), edit(0, 0, "y"), edit(0, 3, "a"), edit(1, 1, "c")];
    let after = apply(&model(graph), Edits { inputs: inputs_edits, ..Edits::default() });
    assert_eq!(inputs(&after.index().nodes[0]), ["y", "", "scales", "a", "", "b"]);
    assert_eq!(inputs(&after.index().nodes[1]), ["", "c"]);
    assert_eq!(after.index().nodes[0].outputs, ["z"]);
}

fn new_node(before: usize, replaces: bool, op: &str) -> NewNode {
    NewNode {
        before,
        replaces,
        op: op.to_owned(),
        domain: "custom".to_owned(),
        name: format!("new_{op}"),
        inputs: vec!["x".to_owned(), String::new()],
        outputs: vec![format!("{op}_out")],
        attributes: vec![NewAttribute { name: "axis".to_owned(), value: NewAttributeValue::Int(-1) }],
    }
}

#[test]
fn nodes_are_put_before_others_or_in_their_place() {
    let inner = Message::new().message(1, node("Abs", &["x"], &["a"]));
    let branch = node("If", &["c"], &["z"]).message(5, graph_attribute("then_branch", inner));
    let constant = node("Constant", &[], &["k"]).message(5, tensor_attribute("value", counting("", &[4])));
    let function = Message::new().bytes(1, "f").message(7, node("Neg", &["a"], &["b"]));
    let graph =
        Message::new().message(1, branch).message(1, constant).message(1, node("Relu", &["k"], &["y"]));
    let model = model(graph).message(25, function);
    let nodes = vec![
        new_node(0, false, "First"),
        new_node(1, true, "Inner"),
        new_node(2, false, "A"),
        new_node(2, true, "B"),
        new_node(4, false, "InFunction"),
    ];
    // Edits of what is replaced go with it.
    let selections = vec![Select { tensor: 0, kept: Kept { axis: 0, indices: vec![1] } }];
    let gone = InputEdit { node: 2, index: 0, name: "gone".to_owned() };
    let last = InputEdit { node: 3, index: 1, name: "more".to_owned() };
    let after = apply(&model, Edits { nodes, selections, inputs: vec![gone, last], ..Edits::default() });
    let ops =
        |ids: &[usize]| -> Vec<String> { ids.iter().map(|id| after.index().nodes[*id].op.clone()).collect() };
    assert_eq!(ops(&after.index().graphs[0].nodes), ["First", "If", "A", "B", "Relu"]);
    assert_eq!(ops(&after.index().graphs[1].nodes), ["Inner"]);
    assert_eq!(ops(&after.index().functions[0].nodes), ["InFunction", "Neg"]);
    assert!(after.tensors().is_empty());
    let first = &after.index().nodes[0];
    assert_eq!((&*first.name, &*first.domain), ("new_First", "custom"));
    assert_eq!((inputs(first), &first.outputs), (vec!["x", ""], &vec!["First_out".to_owned()]));
    assert_eq!(first.attributes[0].value, AttributeValue::Int(-1));
    let relu = &after.index().nodes[after.index().graphs[0].nodes[4]];
    assert_eq!(inputs(relu), ["k", "more"]);
}

#[test]
fn stated_lengths_of_values() {
    let dim = Message::new().bytes(2, "C").bytes(3, "DATA_CHANNEL").int(1000, 1);
    let shape = Message::new().message(1, Message::new().bytes(2, "N")).message(1, dim);
    let tensor_type = Message::new().int(1, 1).message(2, shape).int(1001, 2);
    let stated =
        Message::new().bytes(1, "h").message(2, Message::new().message(1, tensor_type).bytes(6, "IMAGE"));
    let model = model(graph(&[]).message(13, stated.bytes(3, "about h")));
    let edit =
        |axis, length| ValueInfoEdit { value: 2, dims: vec![AxisLength { axis, length: Some(length) }] };
    let after = apply(&model, Edits { value_infos: vec![edit(1, 300)], ..Edits::default() });
    let shape = after.index().values[2].shape.clone();
    assert_eq!(shape, Some(vec![Dim::Symbol("N".to_owned()), Dim::Length(300)]));
    let after = bytes_after(&model, &Edits { value_infos: vec![edit(1, 300)], ..Edits::default() });
    let dim = Message::new().int(1, 300).bytes(3, "DATA_CHANNEL").int(1000, 1);
    let shape = Message::new().message(1, Message::new().bytes(2, "N")).message(1, dim);
    let tensor_type = Message::new().int(1, 1).message(2, shape).int(1001, 2);
    let stated =
        Message::new().bytes(1, "h").message(2, Message::new().message(1, tensor_type).bytes(6, "IMAGE"));
    assert_eq!(after, support::model(graph(&[]).message(13, stated.bytes(3, "about h"))).0);
    let beyond = Edits { value_infos: vec![edit(2, 1)], ..Edits::default() };
    assert_eq!(refused(&model, beyond).code(), Code::Internal);
}

fn output(name: &str) -> NewOutput {
    NewOutput { name: name.to_owned() }
}

#[test]
fn new_outputs_have_a_name_and_follow_the_last_one() {
    let graph = |outputs: &[&str]| {
        let hidden = node("Abs", &["y"], &["h"]);
        let graph = support::graph(&[counting("w", &[2])]);
        let graph =
            outputs.iter().fold(graph, |graph, name| graph.message(12, Message::new().bytes(1, name)));
        model(graph.message(1, hidden).int(1000, 5))
    };
    // Those that are outputs already, and those named twice, are left out; inputs and weights may be outputs.
    let outputs = ["h", "y", "h", "x", "w"].map(output).to_vec();
    assert_eq!(bytes_after(&graph(&[]), &Edits { outputs, ..Edits::default() }), graph(&["h", "x", "w"]).0);
    let outputs = vec![output("y")];
    assert_eq!(bytes_after(&graph(&[]), &Edits { outputs, ..Edits::default() }), graph(&[]).0);
}

#[test]
fn outputs_of_graphs_without_any_and_of_new_nodes() {
    let inner = Message::new().message(1, node("Abs", &["x"], &["inner"]));
    let branch = node("If", &["c"], &["z", ""]).message(5, graph_attribute("then_branch", inner));
    let model = model(Message::new().message(1, branch));
    let edits = |names: &[&str]| Edits {
        outputs: names.iter().map(|name| output(name)).collect(),
        nodes: vec![new_node(0, false, "First")],
        ..Edits::default()
    };
    let after = apply(&model, edits(&["z", "First_out"]));
    let index = after.index();
    let names = |graph: usize| -> Vec<&str> {
        index.graphs[graph].outputs.iter().map(|id| &*index.values[*id].name).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["z", "First_out"], vec![]));
    assert!(index.graphs[0].outputs.iter().all(|id| index.values[*id].shape.is_none()));
    // Values of sub-graphs, absent outputs and names of nothing.
    for name in ["inner", "", "nothing"] {
        assert_eq!(refused(&model, edits(&[name])).code(), Code::Internal, "{name}");
    }
}

#[test]
fn metadata_is_replaced_or_appended() {
    let entry = |key: &str, value: &str| Message::new().bytes(1, key).bytes(2, value);
    let model =
        model_of(&[]).message(14, entry("a", "1")).message(14, entry("b", "2")).message(14, entry("a", "3"));
    let edit = |key: &str, value: &str| MetadataEdit { key: key.to_owned(), value: value.to_owned() };
    let metadata = vec![edit("a", "4"), edit("espalier.plan", "5")];
    let after = apply(&model, Edits { metadata, ..Edits::default() });
    let found: Vec<_> = after.index().metadata.iter().map(|entry| (&*entry.key, &*entry.value)).collect();
    assert_eq!(found, [("a", "4"), ("b", "2"), ("espalier.plan", "5")]);
}

#[test]
fn edits_that_do_not_fit() {
    let model = model_of(&[counting("w", &[2, 3])]);
    let select =
        |tensor, axis, indices: &[u32]| Select { tensor, kept: Kept { axis, indices: indices.to_vec() } };
    let cases = [
        vec![select(1, 0, &[0])],
        vec![select(0, 2, &[0])],
        vec![select(0, 0, &[])],
        vec![select(0, 0, &[2])],
        vec![select(0, 1, &[1, 1])],
        vec![select(0, 1, &[1, 0])],
        vec![select(0, 1, &[0]), select(0, 1, &[1])],
    ];
    for selections in cases {
        let what = format!("{selections:?}");
        let error = refused(&model, Edits { selections, ..Edits::default() });
        assert_eq!(error.code(), Code::Internal, "{what}");
    }
    let both = Edits {
        selections: vec![select(0, 0, &[0])],
        integers: vec![IntegerEdit { tensor: 0, dims: vec![1], values: vec![1.0] }],
        ..Edits::default()
    };
    assert_eq!(refused(&model, both).code(), Code::Internal);
    let short = Edits {
        integers: vec![IntegerEdit { tensor: 0, dims: vec![2], values: vec![1.0] }],
        ..Edits::default()
    };
    let error = refused(&model, short);
    assert_eq!((error.code(), error.place().tensor.as_deref()), (Code::Internal, Some("w")));
    let absent = Edits { nodes: vec![new_node(7, false, "Op")], ..Edits::default() };
    assert_eq!(refused(&model, absent).code(), Code::Internal);
}
