//! NumPy's numbers: `fixtures/make_activations.py`.

use crate::Value;
use espalier_entropy::{Edges, Span};
use serde_json::Value as Json;

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn close(name: &str, what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}: {what}");
    for (lane, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(
            error <= 1e-6 * expected.abs().max(1e-3),
            "{name}: {what} of {lane}: {found}, not {expected}"
        );
    }
}

#[test]
fn every_statistic_is_what_numpy_says() {
    let cases: Json = serde_json::from_str(include_str!("../fixtures/activations.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let dims: Vec<usize> = numbers(&case["dims"]).into_iter().map(|v| v as usize).collect();
        let value = Value {
            dims: [dims[0], dims[1], dims[2]],
            classes: numbers(&case["classes"]).into_iter().map(|v| v as i32).collect(),
            values: numbers(&case["values"]).into_iter().map(|v| v as f32).collect(),
        };
        let bins = case["bins"].as_u64().unwrap() as usize;
        let found = value.added(0, 4);
        let summary = found.summary();
        for (what, found) in [
            ("count", &summary.count),
            ("mean", &summary.mean),
            ("variance", &summary.variance),
            ("meanAbs", &summary.mean_abs),
            ("meanSquare", &summary.mean_square),
            ("zeroRate", &summary.zero_rate),
            ("min", &summary.min),
            ("max", &summary.max),
            ("gaussian", &found.gaussian()),
            ("mass", &found.mass()),
            ("shared", &value.entropy(Edges::Width, Span::Shared, bins, false)),
            ("sharedCorrected", &value.entropy(Edges::Width, Span::Shared, bins, true)),
            ("own", &value.entropy(Edges::Width, Span::Own, bins, false)),
            ("quantile", &value.entropy(Edges::Quantile, Span::Shared, bins, false)),
        ] {
            close(name, what, found, &numbers(&case[what]));
        }
    }
}
