//! NumPy's answers: `tests/fixtures/make_fixtures.py`.

use crate::samples::{Samples, assert_close, covariances};
use espalier_solve::{Consumer, Moments, Patches, Precision, information, logits, obs, responses, ridge};
use espalier_tensor::Job;
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/solve.json")).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn singles(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|v| v as f32).collect()
}

fn indices(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|v| v as usize).collect()
}

fn lists(value: &Value) -> Vec<Vec<usize>> {
    value.as_array().expect("a list").iter().map(indices).collect()
}

fn samples(value: &Value) -> Samples {
    let size = |name: &str| value[name].as_u64().expect("a size") as usize;
    let (inputs, outputs) = (size("inputs"), size("outputs"));
    Samples { inputs, outputs, x: singles(&value["x"]), y: singles(&value["y"]) }
}

#[test]
fn covariances_are_those_of_numpy() {
    let fixture = fixture();
    let moments = samples(&fixture["rows"]).moments();
    let (own, cross) = covariances(&moments);
    assert_close(&own, &numbers(&fixture["covariance"]), TOLERANCE);
    assert_close(&cross, &numbers(&fixture["cross"]), TOLERANCE);
    assert_close(&moments.input_means(), &numbers(&fixture["means"]), TOLERANCE);
}

#[test]
fn a_refit_is_that_of_numpy() {
    let fixture = fixture();
    let moments = samples(&fixture["rows"]).moments();
    let expected = &fixture["ridge"];
    let keep = indices(&expected["keep"]);
    let refit = ridge(&moments, &keep, 1e-3, &Job::new()).expect("a refit");
    assert_close(&refit.weights, &numbers(&expected["weights"]), TOLERANCE);
    assert_close(&refit.bias, &numbers(&expected["bias"]), TOLERANCE);
    let errors = refit.errors(&moments, &keep).expect("errors");
    assert_close(&errors, &numbers(&expected["errors"]), TOLERANCE);
}

#[test]
fn an_order_is_that_of_numpy() {
    let fixture = fixture();
    let expected = &fixture["obs"];
    let moments = ["rows", "second"].map(|name| samples(&fixture[name]).moments());
    let blocks: Vec<_> = expected["blocks"].as_array().expect("a list").iter().map(lists).collect();
    let weights = numbers(&expected["weights"]);
    let consumers: Vec<Consumer> =
        (0..2).map(|i| Consumer { moments: &moments[i], blocks: &blocks[i], weight: weights[i] }).collect();
    let order = obs(&consumers, 1e-3, 0, &Job::new()).expect("an order");
    assert_eq!(order.blocks, indices(&expected["order"]));
    assert_close(&order.prices, &numbers(&expected["prices"]), TOLERANCE);
    assert_eq!(order.damping, [1e-3, 1e-3]);
}

#[test]
fn entropies_are_those_of_numpy() {
    let fixture = fixture();
    let moments = samples(&fixture["rows"]).moments();
    let blocks = lists(&fixture["obs"]["blocks"][0]);
    let found = information(&moments, &blocks, 1e-3, &Job::new()).expect("entropies");
    let expected = &fixture["information"];
    assert_close(&found.entropy, &numbers(&expected["entropy"]), TOLERANCE);
    assert_close(&found.conditional, &numbers(&expected["conditional"]), TOLERANCE);
    assert_close(&found.redundancy, &numbers(&expected["redundancy"]), TOLERANCE);
}

#[test]
fn factors_of_logits_are_those_of_numpy() {
    let fixture = fixture();
    let expected = &fixture["logits"];
    let (dims, rank) = (4, expected["rank"].as_u64().expect("a rank") as usize);
    let (left, right) = (numbers(&expected["left"]), numbers(&expected["right"]));
    let found = logits(&left, &right, dims, &Job::new()).expect("factors");
    assert_close(&found.strengths, &numbers(&expected["strengths"]), TOLERANCE);
    let sum = |i: usize, j: usize| {
        (0..rank).map(|c| found.left[i * dims + c] * found.right[j * dims + c]).sum::<f64>()
    };
    let product: Vec<f64> = (0..dims * dims).map(|index| sum(index / dims, index % dims)).collect();
    assert_close(&product, &numbers(&expected["product"]), TOLERANCE);
}

#[test]
fn responses_are_those_of_numpy() {
    let fixture = fixture();
    let expected = &fixture["responses"];
    let (matrix, rows) = (singles(&expected["matrix"]), indices(&expected["rows"]));
    let moments = samples(&fixture["rows"]).moments();
    let weights: Vec<f32> = rows.iter().flat_map(|&row| matrix[row * 6..][..6].to_vec()).collect();
    let (scale, shift) = (numbers(&expected["scale"]), numbers(&expected["shift"]));
    let found = responses(&moments, &weights, (&scale, &shift)).expect("responses");
    assert_close(&found.means, &numbers(&expected["means"]), TOLERANCE);
    assert_close(&found.covariance, &numbers(&expected["covariance"]), TOLERANCE);
}

#[test]
fn patches_are_those_of_numpy() {
    let fixture = fixture();
    let expected = &fixture["patches"];
    let shape = indices(&expected["shape"]);
    let patches = Patches {
        batch: shape[0],
        channels: shape[1],
        lengths: shape[2..].to_vec(),
        kernel: indices(&expected["kernel"]),
        strides: indices(&expected["strides"]),
        dilations: indices(&expected["dilations"]),
        pads: lists(&expected["pads"]).iter().map(|pad| (pad[0], pad[1])).collect(),
        every: 1,
    };
    assert_eq!(patches.output_lengths().expect("lengths"), indices(&expected["lengths"]));
    let outputs = expected["outputs"].as_u64().expect("a size") as usize;
    for (precision, tolerance) in [(Precision::Double, TOLERANCE), (Precision::Single, 1e-5)] {
        let mut moments = Moments::new(patches.inputs(), outputs, precision).expect("moments");
        let (x, y) = (singles(&expected["x"]), singles(&expected["y"]));
        moments.add_patches(&x, &y, &patches, &Job::new()).expect("a batch");
        let (own, cross) = covariances(&moments);
        assert_close(&own, &numbers(&expected["covariance"]), tolerance);
        assert_close(&cross, &numbers(&expected["cross"]), tolerance);
    }
}
