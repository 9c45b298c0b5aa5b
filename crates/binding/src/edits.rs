//! Edits as JavaScript gives them: `src/model/edits.ts`.

use espalier_surgery as surgery;
use espalier_tensor::{DType, Error, Result};
use napi::bindgen_prelude::{Float32Array, Uint32Array};
use napi_derive::napi;

#[napi(object, object_to_js = false)]
pub struct Edits {
    pub selections: Vec<Selection>,
    pub integers: Vec<IntegerEdit>,
    pub copies: Vec<NewCopy>,
    pub literals: Vec<NewLiteral>,
    pub attributes: Vec<AttributeEdit>,
    pub inputs: Vec<InputEdit>,
    pub nodes: Vec<NewNode>,
    pub value_infos: Vec<ValueInfoEdit>,
    pub metadata: Vec<MetadataEdit>,
    pub contents: Option<Vec<FloatEdit>>,
    pub retyped: Option<Vec<Retype>>,
    pub outputs: Option<Vec<NewOutput>>,
    pub part: Option<Part>,
    pub folded: Option<Vec<Fold>>,
    pub dropped: Option<Dropped>,
}

/// A derived tensor that becomes an initializer of this name.
#[napi(object, object_to_js = false)]
pub struct Fold {
    pub tensor: u32,
    pub name: String,
}

/// What leaves the main graph, since nothing reads it any more.
#[napi(object, object_to_js = false)]
pub struct Dropped {
    pub nodes: Vec<u32>,
    pub tensors: Vec<u32>,
}

#[napi(object, object_to_js = false)]
pub struct Part {
    pub nodes: Vec<u32>,
    pub tensors: Vec<u32>,
    pub inputs: Vec<PartInput>,
    pub outputs: Vec<String>,
    pub folded: Vec<Fold>,
}

#[napi(object, object_to_js = false)]
pub struct PartInput {
    pub name: String,
    pub dtype: String,
}

#[napi(object, object_to_js = false)]
pub struct Selection {
    pub tensor: u32,
    pub axis: u32,
    pub kept: Uint32Array,
}

#[napi(object, object_to_js = false)]
pub struct IntegerEdit {
    pub tensor: u32,
    pub dims: Vec<f64>,
    pub values: Vec<f64>,
}

#[napi(object, object_to_js = false)]
pub struct FloatEdit {
    pub tensor: u32,
    pub dims: Vec<f64>,
    pub values: Float32Array,
}

/// An initializer of floats under another name and as another type of floats.
#[napi(object, object_to_js = false)]
pub struct Retype {
    pub tensor: u32,
    pub dtype: String,
    pub name: String,
}

#[napi(object, object_to_js = false)]
pub struct NewOutput {
    pub name: String,
}

#[napi(object, object_to_js = false)]
pub struct NewCopy {
    pub graph: u32,
    pub tensor: u32,
    pub name: String,
    pub selections: Vec<AxisSelection>,
}

#[napi(object, object_to_js = false)]
pub struct AxisSelection {
    pub axis: u32,
    pub kept: Uint32Array,
}

#[napi(object, object_to_js = false)]
pub struct NewLiteral {
    pub graph: u32,
    pub name: String,
    pub dtype: String,
    pub dims: Vec<f64>,
    pub values: Vec<f64>,
}

#[napi(object, object_to_js = false)]
pub struct AttributeEdit {
    pub node: u32,
    pub name: String,
    #[napi(ts_type = "'int' | 'ints' | 'float' | 'floats' | 'string' | 'strings' | 'remove'")]
    pub kind: String,
    pub ints: Option<Vec<f64>>,
    pub floats: Option<Vec<f64>>,
    pub text: Option<String>,
    pub texts: Option<Vec<String>>,
}

#[napi(object, object_to_js = false)]
pub struct NewAttribute {
    pub name: String,
    #[napi(ts_type = "'int' | 'ints' | 'float' | 'floats' | 'string' | 'strings' | 'remove'")]
    pub kind: String,
    pub ints: Option<Vec<f64>>,
    pub floats: Option<Vec<f64>>,
    pub text: Option<String>,
    pub texts: Option<Vec<String>>,
}

#[napi(object, object_to_js = false)]
pub struct InputEdit {
    pub node: u32,
    pub index: u32,
    pub name: String,
}

#[napi(object, object_to_js = false)]
pub struct NewNode {
    pub graph: u32,
    pub before: u32,
    pub replaces: bool,
    pub op: String,
    pub domain: String,
    pub name: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Vec<NewAttribute>,
}

#[napi(object, object_to_js = false)]
pub struct ValueInfoEdit {
    pub value: u32,
    pub dims: Vec<AxisLength>,
}

#[napi(object, object_to_js = false)]
pub struct AxisLength {
    pub axis: u32,
    pub length: Option<f64>,
}

#[napi(object, object_to_js = false)]
pub struct MetadataEdit {
    pub key: String,
    pub value: String,
}

impl Edits {
    /// errors: `INTERNAL` for what no edit can be: an unknown type or kind, a length that is no length
    pub(crate) fn convert(self) -> Result<surgery::Edits> {
        let Edits {
            selections,
            integers,
            copies,
            literals,
            attributes,
            inputs,
            nodes,
            value_infos,
            metadata,
            contents,
            retyped,
            outputs,
            part: of,
            folded,
            dropped,
        } = self;
        Ok(surgery::Edits {
            selections: selections
                .into_iter()
                .map(|edit| surgery::Select {
                    tensor: edit.tensor as usize,
                    kept: kept(edit.axis, &edit.kept),
                })
                .collect(),
            integers: all(integers, |edit| {
                let dims = all(edit.dims, length)?;
                Ok(surgery::IntegerEdit { tensor: edit.tensor as usize, dims, values: edit.values })
            })?,
            copies: copies.into_iter().map(copy).collect(),
            literals: all(literals, literal)?,
            attributes: all(attributes, |edit| {
                let attribute = attribute(NewAttribute {
                    name: edit.name,
                    kind: edit.kind,
                    ints: edit.ints,
                    floats: edit.floats,
                    text: edit.text,
                    texts: edit.texts,
                })?;
                Ok(surgery::AttributeEdit { node: edit.node as usize, attribute })
            })?,
            inputs: inputs.into_iter().map(input).collect(),
            nodes: all(nodes, node)?,
            value_infos: all(value_infos, value_info)?,
            contents: all(contents.unwrap_or_default(), |edit| {
                let dims = all(edit.dims, length)?;
                Ok(surgery::FloatEdit { tensor: edit.tensor as usize, dims, values: edit.values.to_vec() })
            })?,
            retyped: all(retyped.unwrap_or_default(), retype)?,
            outputs: outputs
                .unwrap_or_default()
                .into_iter()
                .map(|output| surgery::NewOutput { name: output.name })
                .collect(),
            part: of.map(part).transpose()?,
            folded: folded.unwrap_or_default().into_iter().map(fold).collect(),
            dropped: dropped.map_or_else(surgery::Dropped::default, |own| surgery::Dropped {
                nodes: ids(own.nodes),
                tensors: ids(own.tensors),
            }),
            metadata: metadata
                .into_iter()
                .map(|edit| surgery::MetadataEdit { key: edit.key, value: edit.value })
                .collect(),
        })
    }
}

fn all<A, B>(from: Vec<A>, convert: impl Fn(A) -> Result<B>) -> Result<Vec<B>> {
    from.into_iter().map(convert).collect()
}

fn kept(axis: u32, indices: &Uint32Array) -> surgery::Kept {
    surgery::Kept { axis: axis as usize, indices: indices.to_vec() }
}

fn length(value: f64) -> Result<u64> {
    if value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_992.0 {
        return Ok(value as u64);
    }
    Err(Error::internal(format!("an edit states the length {value}")))
}

fn copy(edit: NewCopy) -> surgery::NewCopy {
    let selections = edit.selections.iter().map(|selection| kept(selection.axis, &selection.kept)).collect();
    surgery::NewCopy { graph: edit.graph as usize, tensor: edit.tensor as usize, name: edit.name, selections }
}

fn ids(ids: Vec<u32>) -> Vec<usize> {
    ids.into_iter().map(|id| id as usize).collect()
}

fn fold(edit: Fold) -> surgery::Fold {
    surgery::Fold { tensor: edit.tensor as usize, name: edit.name }
}

fn part(edit: Part) -> Result<surgery::Part> {
    let inputs = all(edit.inputs, |input| {
        let dtype = DType::from_name(&input.dtype).ok_or_else(|| {
            Error::internal(format!("there is no type \"{}\"", input.dtype)).in_tensor(&input.name)
        })?;
        Ok(surgery::PartInput { name: input.name, dtype })
    })?;
    Ok(surgery::Part {
        nodes: ids(edit.nodes),
        tensors: ids(edit.tensors),
        inputs,
        outputs: edit.outputs,
        folded: edit.folded.into_iter().map(fold).collect(),
    })
}

fn retype(edit: Retype) -> Result<surgery::Retype> {
    let dtype = DType::from_name(&edit.dtype).ok_or_else(|| {
        Error::internal(format!("there is no type \"{}\"", edit.dtype)).in_tensor(&edit.name)
    })?;
    Ok(surgery::Retype { tensor: edit.tensor as usize, dtype, name: edit.name })
}

fn literal(edit: NewLiteral) -> Result<surgery::NewLiteral> {
    let dtype = DType::from_name(&edit.dtype).ok_or_else(|| {
        Error::internal(format!("there is no type \"{}\"", edit.dtype)).in_tensor(&edit.name)
    })?;
    let dims = all(edit.dims, length)?;
    Ok(surgery::NewLiteral { graph: edit.graph as usize, name: edit.name, dtype, dims, values: edit.values })
}

/// Integers saturate: beyond 2^53 they only ever mean "to the end".
fn attribute(new: NewAttribute) -> Result<surgery::NewAttribute> {
    let (ints, floats) = (new.ints.unwrap_or_default(), new.floats.unwrap_or_default());
    if let ("strings", [], [], None, Some(texts)) = (&*new.kind, &*ints, &*floats, &new.text, &new.texts) {
        let value = surgery::NewAttributeValue::Texts(texts.clone());
        return Ok(surgery::NewAttribute { name: new.name, value });
    }
    let value = match (&*new.kind, &*ints, &*floats, new.text) {
        ("int", [value], [], None) => surgery::NewAttributeValue::Int(*value as i64),
        ("ints", values, [], None) => {
            surgery::NewAttributeValue::Ints(values.iter().map(|value| *value as i64).collect())
        }
        ("float", [], [value], None) => surgery::NewAttributeValue::Float(*value as f32),
        ("floats", [], values, None) => {
            surgery::NewAttributeValue::Floats(values.iter().map(|value| *value as f32).collect())
        }
        ("string", [], [], Some(text)) => surgery::NewAttributeValue::Text(text),
        ("remove", [], [], None) => surgery::NewAttributeValue::Remove,
        _ => {
            let (integers, floats) = (ints.len(), floats.len());
            let values = format!("{integers} integers and {floats} floats");
            let what = format!("the attribute \"{}\" of kind \"{}\" with {values}", new.name, new.kind);
            return Err(Error::internal(what));
        }
    };
    Ok(surgery::NewAttribute { name: new.name, value })
}

fn input(edit: InputEdit) -> surgery::InputEdit {
    surgery::InputEdit { node: edit.node as usize, index: edit.index as usize, name: edit.name }
}

fn node(edit: NewNode) -> Result<surgery::NewNode> {
    Ok(surgery::NewNode {
        before: edit.before as usize,
        replaces: edit.replaces,
        op: edit.op,
        domain: edit.domain,
        name: edit.name,
        inputs: edit.inputs,
        outputs: edit.outputs,
        attributes: all(edit.attributes, attribute)?,
    })
}

fn value_info(edit: ValueInfoEdit) -> Result<surgery::ValueInfoEdit> {
    let dims = all(edit.dims, |dim| {
        Ok(surgery::AxisLength { axis: dim.axis as usize, length: dim.length.map(length).transpose()? })
    })?;
    Ok(surgery::ValueInfoEdit { value: edit.value as usize, dims })
}
