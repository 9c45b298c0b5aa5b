//! The document that TypeScript reads: `src/model/document.ts`.

mod support;

use serde_json::{Value, json};
use support::*;

use espalier_tensor::DType;

fn described(message: &Message) -> Value {
    serde_json::from_str(&message.open().unwrap().describe().unwrap()).unwrap()
}

#[test]
fn a_small_model_in_full() {
    let constant = node("Constant", &[], &["k"]).message(5, tensor_attribute("value", counting("", &[2])));
    let graph = graph(&[counting("w", &[3, 4])]).message(1, constant);
    let graph = graph.message(13, value("h", DType::Float16, &[]));
    let model = model(graph).message(14, Message::new().bytes(1, "author").bytes(2, "someone"));
    assert_eq!(
        described(&model),
        json!({
            "irVersion": 8,
            "producer": "test",
            "opsets": [{ "domain": "", "version": 17 }],
            "metadata": { "author": "someone" },
            "graph": {
                "id": 0,
                "name": "main",
                "nodes": [
                    { "id": 0, "name": "Relu_node", "op": "Relu", "domain": "", "inputs": ["x"], "outputs": ["y"],
                      "attributes": {} },
                    { "id": 1, "name": "Constant_node", "op": "Constant", "domain": "", "inputs": [],
                      "outputs": ["k"], "attributes": { "value": { "type": "tensor", "value": 1 } } },
                ],
                "inputs": [{ "id": 0, "name": "x", "dtype": "float32", "shape": ["N", 4] }],
                "outputs": [{ "id": 1, "name": "y", "dtype": "float32", "shape": ["N", 4] }],
                "valueInfos": [{ "id": 2, "name": "h", "dtype": "float16", "shape": [] }],
                "initializers": [0],
                "sparseInitializers": [],
            },
            "functions": [],
            "tensors": [
                { "id": 0, "name": "w", "dtype": "float32", "dims": [3, 4], "bytes": 48, "external": false },
                { "id": 1, "name": "", "dtype": "float32", "dims": [2], "bytes": 8, "external": false },
            ],
            "bytes": model.0.len(),
            "externalBytes": 0,
        })
    );
}

#[test]
fn every_kind_of_attribute() {
    let named = |name: &str| Message::new().bytes(1, name);
    let attributes = [
        int_attribute("int", i64::MAX),
        named("float").fixed32(2, 0.5f32.to_le_bytes()).int(20, 1),
        named("nan").fixed32(2, f32::NAN.to_le_bytes()).int(20, 1),
        named("string").bytes(4, "text").int(20, 3),
        named("empty").int(20, 3),
        ints_attribute("ints", &[1, -2]),
        named("packed").packed(8, &[3, -4]).int(20, 7),
        named("floats").bytes(7, floats(&[1.5, f32::INFINITY, f32::NEG_INFINITY])).int(20, 6),
        named("strings").bytes(9, "a").bytes(9, "b").int(20, 8),
        graph_attribute("graph", Message::new().bytes(2, "inner")),
        named("graphs").message(11, Message::new()).message(11, Message::new()).int(20, 10),
        named("reference").bytes(21, "outer").int(20, 2),
        named("type").message(14, Message::new()).int(20, 13),
        named("untyped").int(3, 7),
        named("long").packed(8, &vec![1; (1 << 20) + 1]).int(20, 7),
    ];
    let op =
        attributes.into_iter().fold(node("Op", &[], &["z"]), |node, attribute| node.message(5, attribute));
    let found = &described(&model(graph(&[]).message(1, op)))["graph"]["nodes"][1]["attributes"];
    let is = |name: &str, kind: &str, value: Value| {
        assert_eq!(found[name], json!({ "type": kind, "value": value }), "{name}");
    };
    is("int", "int", json!(i64::MAX));
    is("float", "float", json!(0.5));
    is("nan", "float", json!("NaN"));
    is("string", "string", json!("text"));
    is("empty", "string", json!(""));
    is("ints", "ints", json!([1, -2]));
    is("packed", "ints", json!([3, -4]));
    is("floats", "floats", json!([1.5, "Infinity", "-Infinity"]));
    is("strings", "strings", json!(["a", "b"]));
    is("reference", "reference", json!("outer"));
    is("untyped", "int", json!(7));
    assert_eq!(found["type"], json!({ "type": "other" }));
    assert_eq!(found["long"], json!({ "type": "other" }));
    assert_eq!(found["graph"]["value"]["name"], json!("inner"));
    assert_eq!(found["graphs"]["value"][1]["id"], json!(3));
}

#[test]
fn ids_go_depth_first_and_functions_come_last() {
    let inner = Message::new().message(1, node("Abs", &["x"], &["a"])).message(5, counting("inner", &[1]));
    let branch = node("If", &["c"], &["z"]).message(5, graph_attribute("then_branch", inner));
    let graph = Message::new()
        .message(1, branch)
        .message(1, node("Neg", &["z"], &["n"]))
        .message(5, counting("outer", &[1]));
    let function = Message::new()
        .bytes(1, "Twice")
        .bytes(4, "a")
        .bytes(5, "b")
        .bytes(6, "alpha")
        .message(7, node("Add", &["a", "a"], &["b"]))
        .message(9, Message::new().int(2, 17))
        .bytes(10, "local")
        .message(11, int_attribute("beta", 1))
        .bytes(13, "float");
    // The function comes first in the file.
    let document = described(&Message::new().message(25, function).int(1, 8).message(7, graph));
    let nodes = &document["graph"]["nodes"];
    assert_eq!(nodes[0]["id"], json!(0));
    let body = &nodes[0]["attributes"]["then_branch"]["value"];
    assert_eq!((&body["id"], &body["nodes"][0]["id"]), (&json!(1), &json!(1)));
    assert_eq!(nodes[1]["id"], json!(2));
    assert_eq!(body["initializers"], json!([0]));
    assert_eq!(document["graph"]["initializers"], json!([1]));
    let function = &document["functions"][0];
    assert_eq!(function["nodes"][0]["id"], json!(3));
    assert_eq!(function["attributes"], json!(["alpha", "beta"]));
    assert_eq!(
        [&function["name"], &function["domain"], &function["overload"]],
        [&json!("Twice"), &json!("local"), &json!("float")]
    );
}

#[test]
fn shapes_and_types_that_are_not_stated() {
    let untyped = Message::new().bytes(1, "untyped");
    let sequence = Message::new().bytes(1, "sequence").message(2, Message::new().message(4, Message::new()));
    let open = Message::new().message(1, Message::new()).message(1, Message::new().int(1, -1));
    let tensor = Message::new().int(1, 77).message(2, open);
    let open = Message::new().bytes(1, "open").message(2, Message::new().message(1, tensor));
    let graph = graph(&[]).message(13, untyped).message(13, sequence).message(13, open);
    let sparse = Message::new().message(1, counting("sparse", &[1])).int(3, 4).int(3, 5);
    let graph = graph.message(15, sparse);
    let found = &described(&model(graph))["graph"];
    let shape = |index: usize| (&found["valueInfos"][index]["dtype"], &found["valueInfos"][index]["shape"]);
    assert_eq!(shape(0), (&Value::Null, &Value::Null));
    assert_eq!(shape(1), (&Value::Null, &Value::Null));
    assert_eq!(shape(2), (&Value::Null, &json!([null, null])));
    assert_eq!(found["sparseInitializers"], json!([{ "name": "sparse", "dims": [4, 5] }]));
}
