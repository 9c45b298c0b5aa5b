//! SciPy's answers: `tests/fixtures/make_tree.py`.

use crate::support::{WIDTH, assert_close, codes};
use espalier_entropy::{
    Binning, Edges, Gain, Pairs, Run, Span, Tree, gains, gains_of_labels, mutual_information, pruning_tree,
};
use espalier_tensor::Job;
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/tree.json")).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn wholes(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|v| v as u32).collect()
}

fn values(fixture: &Value) -> (Vec<f32>, usize) {
    let values = numbers(&fixture["values"]).into_iter().map(|v| v as f32).collect();
    (values, fixture["variables"].as_u64().expect("a number") as usize)
}

fn assert_tree(tree: &Tree, expected: &Value) {
    assert_eq!(u64::from(tree.depth), expected["depth"].as_u64().expect("a depth"));
    assert_eq!(tree.order, wholes(&expected["order"]));
    let alone: Vec<Option<u32>> = list(&expected["alone"]).iter().map(|v| Some(v.as_u64()? as u32)).collect();
    assert_eq!(tree.alone, alone);
    let parents = list(&expected["parents"]);
    assert_eq!(tree.parents.len(), parents.len());
    for (found, expected) in tree.parents.iter().zip(parents) {
        let whole = |name: &str| expected[name].as_u64().expect("a number") as u32;
        assert_eq!(
            (found.level, found.kept, found.deleted),
            (whole("level"), whole("kept"), whole("deleted"))
        );
        let number = |name: &str| expected[name].as_f64().expect("a number");
        assert_close(&[found.mutual, found.entropy], &[number("mutual"), number("entropy")], TOLERANCE);
        assert_close(&found.ratios, &numbers(&expected["ratios"]), TOLERANCE);
        assert_close(&found.conditional, &numbers(&expected["conditional"]), TOLERANCE);
    }
}

#[test]
fn codes_entropies_pairs_and_trees_are_those_of_scipy() {
    let fixture = fixture();
    let (values, variables) = values(&fixture);
    for expected in list(&fixture["histogram"]) {
        let binning = Binning {
            bins: expected["bins"].as_u64().expect("a number") as usize,
            edges: if expected["edges"] == "width" { Edges::Width } else { Edges::Quantile },
            span: if expected["shared"] == true { Span::Shared } else { Span::Own },
        };
        let codes = codes(&values, variables, binning);
        let all: Vec<u32> =
            (0..variables).flat_map(|variable| codes.of(variable)).map(|&c| u32::from(c)).collect();
        assert_eq!(all, wholes(&expected["codes"]));
        let miller_madow = expected["millerMadow"] == true;
        let pairs = mutual_information(&codes, miller_madow, &Run::new(&Job::new())).expect("pairs");
        assert_close(&pairs.entropies, &numbers(&expected["entropies"]), TOLERANCE);
        assert_close(&pairs.mutual, &numbers(&expected["mutual"]), TOLERANCE);
        assert_tree(&pruning_tree(&pairs), &expected["tree"]);
    }
}

#[test]
fn a_tree_of_gaussian_pairs_is_that_of_scipy() {
    let fixture = fixture();
    let expected = &fixture["gaussian"];
    let pairs = Pairs::new(numbers(&expected["entropies"]), numbers(&expected["mutual"])).expect("pairs");
    assert_tree(&pruning_tree(&pairs), &expected["tree"]);
}

fn part(values: &[f32], variables: usize, wanted: &[u32]) -> Vec<f32> {
    let rows = values.chunks(variables);
    rows.flat_map(|row| wanted.iter().map(|&variable| row[variable as usize])).collect()
}

fn assert_gains(found: &[Gain], expected: &Value) {
    assert_eq!(found.len(), list(expected).len());
    for (found, expected) in found.iter().zip(list(expected)) {
        assert_eq!(u64::from(found.target), expected["target"].as_u64().expect("an index"));
        let names = ["entropy", "gain", "ratio", "most"];
        let expected = names.map(|name| expected[name].as_f64().expect("a number"));
        assert_close(&[found.entropy, found.gain, found.ratio, found.most], &expected, TOLERANCE);
    }
}

#[test]
fn gains_are_those_of_scipy() {
    let fixture = fixture();
    let (values, variables) = values(&fixture);
    let expected = &fixture["gains"];
    let [y, x] = ["y", "x"].map(|name| {
        let wanted = wholes(&expected[name]);
        codes(&part(&values, variables, &wanted), wanted.len(), WIDTH)
    });
    assert_gains(&gains(&y, &x, false, &Run::new(&Job::new())).expect("gains"), &expected["of"]);
    let expected = &fixture["labels"];
    let all = codes(&values, variables, WIDTH);
    let labels = wholes(&expected["labels"]);
    let found = gains_of_labels(&all, &labels, false, &Run::new(&Job::new())).expect("gains");
    assert_gains(&found, &expected["of"]);
}
