use espalier_tensor::{Error, Place};
use napi::Status;
use serde_json::{Map, Value, json};

/// Marks messages that carry an error as JSON; `src/native/index.ts` makes an `EspalierError` of it.
const MARK: &str = "espalier:";

/// An error as it crosses to JavaScript.
pub(crate) fn to_js(error: &Error) -> napi::Error {
    let value = json!({
        "code": error.code().name(),
        "what": error.what(),
        "where": place(error.place()),
        "todo": error.remedy(),
    });
    napi::Error::new(Status::GenericFailure, format!("{MARK}{value}"))
}

fn place(place: &Place) -> Map<String, Value> {
    let Place { file, node, op, tensor, axis } = place;
    let texts = [("file", file), ("node", node), ("op", op), ("tensor", tensor)];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key, Value::from(text.clone()?))));
    texts
        .chain(axis.map(|axis| ("axis", Value::from(axis))))
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
