//! Any bytes as an ONNX file: an error of ours or a model, all of whose tensors can be read.
#![no_main]

use espalier_tensor::{Code, Job, Model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let job = Job::new();
    let model = match Model::from_bytes(data, &job) {
        Ok(model) => model,
        Err(error) => return assert_ne!(error.code(), Code::Internal, "{error}"),
    };
    let document = model.describe().expect("a model that was opened is described");
    serde_json::from_str::<serde::de::IgnoredAny>(&document).expect("the document is JSON");
    model.sha256(&job).expect("memory can be read");
    for (id, tensor) in model.tensors().iter().enumerate() {
        if let Err(error) = model.read_strings(id) {
            assert_eq!(error.code(), Code::Internal, "only for what holds no strings");
        }
        let mut last = [0.0];
        if tensor.elements > 0 {
            let _ = model.read_elements_f32(id, tensor.elements - 1, &mut last);
        }
        if let Err(error) = model.read_numbers(id, 1 << 16) {
            assert_ne!(error.code(), Code::Internal, "{error}");
        }
    }
});
