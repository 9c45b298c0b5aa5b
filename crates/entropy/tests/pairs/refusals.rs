//! What cannot be: said with its place, and nothing else done.

use crate::support::WIDTH;
use espalier_entropy::{Binning, Codes, Pairs, Run, Samples, mutual_information};
use espalier_tensor::{Code, Job};

#[test]
fn what_is_not_finite_is_named_by_its_place() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = vec![0.5; 12];
        values[7] = broken;
        let error = Samples::new(&values, 3).expect_err("it is not finite");
        assert_eq!(error.code(), Code::NonFinite);
        assert!(error.what().contains("lane 1") && error.what().contains("sample 2"), "{}", error.what());
    }
}

#[test]
fn too_few_or_too_many_bins_samples_and_pairs() {
    let code = |result: espalier_tensor::Result<()>| result.expect_err("it cannot be").code();
    let samples = Samples::new(&[1.0, 2.0], 1).expect("samples");
    for bins in [0, 1, 65] {
        let run = Job::new();
        let found = Codes::new(&samples, Binning { bins, ..WIDTH }, &Run::new(&run)).map(drop);
        assert_eq!(code(found), Code::OptionInvalid);
    }
    assert_eq!(code(Samples::new(&[], 2).map(drop)), Code::OptionInvalid);
    assert_eq!(code(Samples::new(&[1.0; 5], 2).map(drop)), Code::Internal);
    assert_eq!(code(Pairs::new(vec![1.0; 3], vec![0.0; 2]).map(drop)), Code::Internal);
    let many = vec![0.0; 16_385];
    let wide = Codes::new(&Samples::new(&many, 16_385).expect("samples"), WIDTH, &Run::new(&Job::new()));
    let found = mutual_information(&wide.expect("codes"), false, &Run::new(&Job::new())).map(drop);
    assert_eq!(code(found), Code::ModelTooLarge);
}

#[test]
fn a_cancelled_job_stops() {
    let job = Job::new();
    let values = vec![1.0; 64];
    let samples = Samples::new(&values, 8).expect("samples");
    let codes = Codes::new(&samples, WIDTH, &Run::new(&job)).expect("codes");
    job.cancel();
    let stopped = mutual_information(&codes, false, &Run::new(&job)).map(drop).expect_err("it was cancelled");
    assert_eq!(stopped.code(), Code::Aborted);
    assert!(Codes::new(&samples, WIDTH, &Run::new(&job)).is_err());
}

#[test]
fn nothing_has_no_pairs() {
    let job = Job::new();
    let samples = Samples::new(&[], 0).expect("no variables");
    let codes = Codes::new(&samples, WIDTH, &Run::new(&job)).expect("no codes");
    let pairs = mutual_information(&codes, true, &Run::new(&job)).expect("no pairs");
    assert!(pairs.entropies.is_empty() && pairs.mutual.is_empty());
}
