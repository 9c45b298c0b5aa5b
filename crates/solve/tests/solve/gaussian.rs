//! Gaussian pairs against SciPy and against what is known.

use crate::samples::assert_close;
use espalier_solve::{GaussianPairs, gaussian_pairs};
use espalier_tensor::Job;
use serde_json::Value;

fn pairs(x: &[f32], variables: usize, step: f64) -> GaussianPairs {
    gaussian_pairs(x, variables, step, &Job::new()).expect("pairs")
}

#[test]
fn entropies_and_pairs_are_those_of_scipy() {
    // `crates/entropy/tests/fixtures/make_tree.py`.
    let text = include_str!("../../../entropy/tests/fixtures/tree.json");
    let fixture: Value = serde_json::from_str(text).expect("JSON");
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
    };
    let x: Vec<f32> = numbers(&fixture["values"]).into_iter().map(|v| v as f32).collect();
    let expected = &fixture["gaussian"];
    let found = pairs(&x, 7, expected["step"].as_f64().expect("a step"));
    assert_close(&found.entropies, &numbers(&expected["entropies"]), 1e-9);
    assert_close(&found.mutual, &numbers(&expected["mutual"]), 1e-9);
}

#[test]
fn copies_constants_and_nothing() {
    let mut random = fastrand::Rng::with_seed(1);
    // a, its copy, its negative at another scale, a constant, b.
    let x: Vec<f32> = (0..300)
        .flat_map(|_| {
            let (a, b) = (random.f32(), random.f32());
            [a, a, -2.0 * a, 1234.567, b]
        })
        .collect();
    let GaussianPairs { entropies, mutual } = pairs(&x, 5, 1e-3);
    assert!((entropies[0] - entropies[1]).abs() < 1e-12 && (entropies[2] - entropies[0] - 1.0).abs() < 1e-9);
    assert_eq!(entropies[3], 0.0);
    // (0,1), (0,2) and (1,2) are copies: all that the smaller has.
    for pair in [0, 1, 4] {
        assert!((mutual[pair] - entropies[0]).abs() < 1e-9, "{}", mutual[pair]);
    }
    for pair in [2, 5, 7, 9] {
        assert_eq!(mutual[pair], 0.0);
    }
    assert!(mutual[3] < 0.05);
    assert_eq!(pairs(&x, 5, 0.0).entropies, [0.0; 5]);
    assert_eq!(pairs(&x, 5, 1e6).mutual, [0.0; 10]);
    assert_eq!(pairs(&[], 0, 1.0), GaussianPairs { entropies: vec![], mutual: vec![] });
}
