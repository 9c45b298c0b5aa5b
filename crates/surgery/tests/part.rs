//! A part of the main graph as a model of its own.

#[path = "../../tensor/tests/support/mod.rs"]
mod support;

use espalier_surgery::*;
use espalier_tensor::{Code, DType, Error, Job, Model};
use support::*;

/// x -> Abs -> a -> (Mul w1) -> b -> If { Neg, Constant } -> z -> (Add w2) -> y, and beside it Exp of a -> e. w2 is stated as an input
/// too, as old files have it.
fn chain() -> Message {
    let constant = node("Constant", &[], &["k"]).message(5, tensor_attribute("value", counting("", &[2])));
    let inner = Message::new().message(1, node("Neg", &["b"], &["n"])).message(1, constant);
    let branch = node("If", &["c"], &["z"]).message(5, graph_attribute("then_branch", inner));
    let lone = value("a", DType::Float32, &[-1, 4]);
    let graph = Message::new()
        .message(1, node("Abs", &["x"], &["a"]))
        .message(1, node("Mul", &["a", "w1"], &["b"]))
        .message(1, branch)
        .message(1, node("Exp", &["a"], &["e"]))
        .message(1, node("Add", &["z", "w2"], &["y"]))
        .bytes(2, "main")
        .message(5, counting("w1", &[4]))
        .message(5, counting("w2", &[4]))
        .message(5, counting("w3", &[4]))
        .message(11, value("x", DType::Float32, &[-1, 4]))
        .message(11, value("c", DType::Bool, &[1]))
        .message(11, value("w2", DType::Float32, &[4]))
        .message(12, value("y", DType::Float32, &[-1, 4]))
        .message(12, value("e", DType::Float32, &[-1, 4]))
        .message(13, lone);
    model(graph)
}

fn id(model: &Model, op: &str) -> usize {
    model.index().nodes.iter().position(|node| node.op == op).expect(op)
}

fn tensor_id(model: &Model, name: &str) -> usize {
    model.tensors().iter().position(|tensor| tensor.name == name).expect(name)
}

fn saved(message: &Message, edits: &Edits) -> Result<Model, Error> {
    Model::from_bytes(save_to_bytes(&message.open()?, edits, &Job::new())?, &Job::new())
}

fn part(nodes: &[&str], tensors: &[&str], inputs: &[(&str, DType)], outputs: &[&str]) -> Edits {
    let model = chain().open().unwrap();
    let inputs = inputs.iter().map(|(name, dtype)| PartInput { name: (*name).to_owned(), dtype: *dtype });
    let part = Part {
        nodes: nodes.iter().map(|op| id(&model, op)).collect(),
        tensors: tensors.iter().map(|name| tensor_id(&model, name)).collect(),
        inputs: inputs.collect(),
        outputs: outputs.iter().map(|&name| name.to_owned()).collect(),
        folded: Vec::new(),
    };
    Edits { part: Some(part), ..Edits::default() }
}

/// b alone, from a.
fn middle() -> Edits {
    part(&["Abs", "If", "Exp", "Add"], &["w2", "w3"], &[("a", DType::Float32)], &["b"])
}

struct Shape<'a> {
    ops: Vec<&'a str>,
    tensors: Vec<&'a str>,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
}

fn shape(model: &Model) -> Shape<'_> {
    let index = model.index();
    let graph = &index.graphs[0];
    let named = |ids: &[usize]| ids.iter().map(|id| &*index.values[*id].name).collect();
    Shape {
        ops: graph.nodes.iter().map(|id| &*index.nodes[*id].op).collect(),
        tensors: graph.initializers.iter().map(|id| &*index.tensors[*id].name).collect(),
        inputs: named(&graph.inputs),
        outputs: named(&graph.outputs),
    }
}

#[test]
fn a_part_has_its_own_nodes_tensors_inputs_and_outputs() {
    let after = saved(&chain(), &middle()).unwrap();
    let Shape { ops, tensors, inputs, outputs } = shape(&after);
    assert_eq!((ops, tensors, inputs, outputs), (vec!["Mul"], vec!["w1"], vec!["a"], vec!["b"]));
    let index = after.index();
    // Of a new input only name and type are stated; the branch and its tensor went with their node.
    let input = &index.values[index.graphs[0].inputs[0]];
    assert_eq!((input.dtype, &input.shape), (Some(DType::Float32), &None));
    assert_eq!((index.graphs.len(), index.nodes.len(), after.tensors().len()), (1, 1, 1));
    assert_eq!(after.read_numbers(0, 9).unwrap(), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn inputs_and_outputs_that_there_are_stay_as_they_are_stated() {
    let edits = part(&["Exp"], &["w3"], &[("x", DType::Float32), ("c", DType::Bool)], &["y", "a"]);
    let after = saved(&chain(), &edits).unwrap();
    let Shape { ops, tensors, inputs, outputs } = shape(&after);
    assert_eq!(ops, ["Abs", "Mul", "If", "Add"]);
    assert_eq!(tensors, ["w1", "w2"]);
    // An initializer that stays keeps its statement as an input.
    assert_eq!((inputs, outputs), (vec!["x", "c", "w2"], vec!["y", "a"]));
    let index = after.index();
    assert_eq!(index.values[index.graphs[0].inputs[0]].shape.as_ref().map(Vec::len), Some(2));
    assert_eq!(index.values[index.graphs[0].outputs[0]].shape.as_ref().map(Vec::len), Some(2));
    assert_eq!(index.graphs.len(), 2);
}

#[test]
fn a_node_with_graphs_and_no_initializers() {
    let edits = part(
        &["Abs", "Mul", "Exp", "Add"],
        &["w1", "w2", "w3"],
        &[("b", DType::Float32), ("c", DType::Bool)],
        &["z"],
    );
    let after = saved(&chain(), &edits).unwrap();
    let Shape { ops, tensors, inputs, outputs } = shape(&after);
    assert_eq!((ops, tensors, outputs), (vec!["If"], vec![], vec!["z"]));
    assert_eq!(inputs, ["c", "b"]);
    // The branch is whole, its constant with it.
    assert_eq!((after.index().graphs.len(), after.tensors().len()), (2, 1));
}

#[test]
fn halves_and_integers_can_be_inputs() {
    for dtype in [DType::Float16, DType::Int64, DType::Bool, DType::BFloat16] {
        let edits = part(&["Abs", "If", "Exp", "Add"], &["w2", "w3"], &[("a", dtype)], &["b"]);
        let after = saved(&chain(), &edits).unwrap();
        assert_eq!(after.index().values[after.index().graphs[0].inputs[0]].dtype, Some(dtype));
    }
}

#[test]
fn what_other_edits_say_of_what_leaves_is_void() {
    let chain = chain();
    let model = chain.open().unwrap();
    let add = id(&model, "Add");
    let cut =
        |name: &str| Select { tensor: tensor_id(&model, name), kept: Kept { axis: 0, indices: vec![1, 2] } };
    let new = |before: &str, replaces: bool| NewNode {
        before: id(&model, before),
        replaces,
        op: "Identity".to_owned(),
        domain: String::new(),
        name: format!("before_{before}"),
        inputs: vec!["z".to_owned()],
        outputs: vec![format!("before_{before}_out")],
        attributes: Vec::new(),
    };
    let axis = || NewAttribute { name: "axis".to_owned(), value: NewAttributeValue::Int(1) };
    let stated = |name: &str| {
        let value = model.index().values.iter().position(|value| value.name == name).expect(name);
        ValueInfoEdit { value, dims: vec![AxisLength { axis: 1, length: Some(2) }] }
    };
    let constant = model.index().tensors.iter().position(|tensor| tensor.name.is_empty()).expect("k");
    let plain = middle();
    let edits = Edits {
        selections: vec![cut("w1"), cut("w2")],
        contents: vec![FloatEdit { tensor: tensor_id(&model, "w3"), dims: vec![2], values: vec![1.0, 2.0] }],
        integers: vec![IntegerEdit { tensor: constant, dims: vec![1], values: vec![5.0] }],
        attributes: vec![AttributeEdit { node: add, attribute: axis() }],
        inputs: vec![
            InputEdit { node: add, index: 1, name: "other".to_owned() },
            InputEdit { node: id(&model, "Neg"), index: 0, name: "other".to_owned() },
        ],
        nodes: vec![new("Add", false), new("If", true), new("Neg", false)],
        value_infos: vec![stated("x"), stated("y"), stated("a")],
        ..plain.clone()
    };
    let after = saved(&chain, &edits).unwrap();
    let Shape { ops, tensors, inputs, outputs } = shape(&after);
    assert_eq!((ops, tensors, inputs, outputs), (vec!["Mul"], vec!["w1"], vec!["a"], vec!["b"]));
    // What is left is edited as ever.
    assert_eq!(after.read_numbers(0, 9).unwrap(), [1.0, 2.0]);
    let bytes = save_to_bytes(
        &model,
        &Edits { selections: vec![cut("w1")], value_infos: vec![stated("a")], ..plain },
        &Job::new(),
    );
    assert_eq!(bytes.unwrap(), save_to_bytes(&model, &edits, &Job::new()).unwrap());
}

#[test]
fn what_is_new_can_be_in_a_part() {
    let chain = chain();
    let model = chain.open().unwrap();
    let mul = id(&model, "Mul");
    let node = |op: &str, replaces, inputs: [&str; 2], output: &str| NewNode {
        before: mul,
        replaces,
        op: op.to_owned(),
        domain: String::new(),
        name: op.to_owned(),
        inputs: inputs.map(str::to_owned).to_vec(),
        outputs: vec![output.to_owned()],
        attributes: Vec::new(),
    };
    let literal = NewLiteral {
        graph: 0,
        name: "bias".to_owned(),
        dtype: DType::Float32,
        dims: vec![4],
        values: vec![4.0, 3.0, 2.0, 1.0],
    };
    let edits = Edits {
        literals: vec![literal],
        nodes: vec![node("Mul", true, ["a", "w1"], "product"), node("Add", false, ["product", "bias"], "b")],
        ..part(&["Abs", "If", "Exp", "Add"], &["w2", "w3"], &[("a", DType::Float32)], &["b", "product"])
    };
    let after = saved(&chain, &edits).unwrap();
    let Shape { ops, tensors, outputs, .. } = shape(&after);
    assert_eq!((ops, tensors), (vec!["Mul", "Add"], vec!["w1", "bias"]));
    assert_eq!(outputs, ["b", "product"]);
}

#[test]
fn the_parts_of_a_part_make_it_again() {
    let chain = chain();
    // Nothing leaves but what is no output of the part.
    let all =
        part(&[], &[], &[("x", DType::Float32), ("c", DType::Bool), ("w2", DType::Float32)], &["y", "e"]);
    let model = chain.open().unwrap();
    assert_eq!(save_to_bytes(&model, &all, &Job::new()).unwrap(), chain.0);
    // A saved part is a model like any other.
    let once = saved(&chain, &middle()).unwrap();
    let again = save_to_bytes(&once, &Edits::default(), &Job::new()).unwrap();
    assert_eq!(again, save_to_bytes(&model, &middle(), &Job::new()).unwrap());
}

#[test]
fn what_is_not_of_the_main_graph_is_refused() {
    let chain = chain();
    let model = chain.open().unwrap();
    let refused = |part: Part| {
        let edits = Edits { part: Some(part), ..Edits::default() };
        save_to_bytes(&model, &edits, &Job::new()).unwrap_err().code()
    };
    let nodes = |nodes: Vec<usize>| Part { nodes, ..Part::default() };
    let tensors = |tensors: Vec<usize>| Part { tensors, ..Part::default() };
    let constant = model.index().tensors.iter().position(|tensor| tensor.name.is_empty()).expect("k");
    assert_eq!(refused(nodes(vec![id(&model, "Neg")])), Code::Internal);
    assert_eq!(refused(nodes(vec![99])), Code::Internal);
    assert_eq!(refused(tensors(vec![constant])), Code::Internal);
    assert_eq!(refused(tensors(vec![99])), Code::Internal);
    assert_eq!(refused(Part { outputs: vec!["nothing".to_owned()], ..Part::default() }), Code::Internal);
    assert_eq!(refused(Part { outputs: vec!["n".to_owned()], ..Part::default() }), Code::Internal);
}

#[test]
fn old_files_state_what_is_new_as_an_input() {
    let graph = Message::new()
        .message(1, node("Abs", &["x"], &["a"]))
        .message(1, node("Mul", &["a", "w"], &["y"]))
        .message(5, counting("w", &[4]))
        .message(11, value("w", DType::Float32, &[4]))
        .message(11, value("x", DType::Float32, &[-1, 4]))
        .message(12, value("y", DType::Float32, &[-1, 4]));
    let opset = Message::new().bytes(1, "").int(2, 8);
    let old = Message::new().int(1, 3).message(7, graph).message(8, opset);
    let literal = NewLiteral {
        graph: 0,
        name: "bias".to_owned(),
        dtype: DType::Float32,
        dims: vec![4],
        values: vec![0.0; 4],
    };
    let inputs = vec![PartInput { name: "a".to_owned(), dtype: DType::Float32 }];
    let part = Part {
        nodes: vec![0],
        tensors: Vec::new(),
        inputs,
        outputs: vec!["y".to_owned()],
        folded: Vec::new(),
    };
    let edits = Edits { part: Some(part), literals: vec![literal], ..Edits::default() };
    let after = saved(&old, &edits).unwrap();
    let Shape { ops, tensors, mut inputs, .. } = shape(&after);
    inputs.sort_unstable();
    assert_eq!((ops, tensors), (vec!["Mul"], vec!["w", "bias"]));
    assert_eq!(inputs, ["a", "bias", "w"]);
}
