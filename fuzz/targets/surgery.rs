//! Any edits of any model: refused, or a file that can be read again and holds what the edits say.
//!
//! An input is a model, the bytes that edits are made of, and how many those are (16 bits).
#![no_main]

use espalier_surgery::*;
use espalier_tensor::onnx::Id;
use espalier_tensor::{Code, DType, Job, Model};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

/// Ids are mostly ones that exist.
fn id(u: &mut Unstructured, count: usize) -> Result<Id> {
    if u.ratio(1, 50)? { u.arbitrary::<u16>().map(usize::from) } else { Ok(u.choose_index(count.max(1))?) }
}

fn dims(u: &mut Unstructured) -> Result<Vec<u64>> {
    if u.ratio(1, 20)? { u.arbitrary() } else { Ok(vec![u.int_in_range(0..=9)?]) }
}

/// As many values as dims say, mostly.
fn values<T: Clone>(u: &mut Unstructured, dims: &[u64], value: T) -> Result<Vec<T>> {
    let count = dims.iter().try_fold(1u64, |product, length| product.checked_mul(*length));
    let count = if u.ratio(1, 20)? { u.int_in_range(0..=9)? } else { count.unwrap_or(0).min(64) };
    Ok(vec![value; count as usize])
}

fn dtype(u: &mut Unstructured) -> Result<DType> {
    Ok(*u.choose(&DType::ALL)?)
}

fn name(u: &mut Unstructured, model: &Model) -> Result<String> {
    let index = model.index();
    let made = index.nodes.iter().flat_map(|node| &node.outputs).collect::<Vec<_>>();
    if made.is_empty() || u.ratio(1, 4)? {
        return Ok(u.arbitrary::<&str>()?.chars().take(40).collect());
    }
    Ok(u.choose(&made)?.to_string())
}

fn kept(u: &mut Unstructured, model: &Model, tensor: Id) -> Result<Kept> {
    let dims = model.tensors().get(tensor).map_or(&[][..], |tensor| &tensor.dims);
    let axis = id(u, dims.len())?;
    if u.ratio(1, 20)? {
        return Ok(Kept { axis, indices: u.arbitrary()? });
    }
    let length = dims.get(axis).copied().unwrap_or(4).min(64) as u32;
    let mut indices = Vec::new();
    for index in 0..length {
        if u.arbitrary()? {
            indices.push(index);
        }
    }
    Ok(Kept { axis, indices })
}

fn attribute(u: &mut Unstructured, model: &Model, node: Id) -> Result<NewAttribute> {
    let own = model.index().nodes.get(node).map_or(&[][..], |node| &node.attributes);
    let name = match own {
        [] => u.arbitrary::<&str>()?.chars().take(40).collect(),
        own => u.choose(own)?.name.clone(),
    };
    let value = match u.int_in_range(0..=4)? {
        0 => NewAttributeValue::Int(u.arbitrary()?),
        1 => NewAttributeValue::Ints(u.arbitrary()?),
        2 => NewAttributeValue::Float(u.arbitrary()?),
        3 => NewAttributeValue::Floats(u.arbitrary()?),
        _ => NewAttributeValue::Remove,
    };
    Ok(NewAttribute { name, value })
}

fn edits(u: &mut Unstructured, model: &Model) -> Result<Edits> {
    let index = model.index();
    let (tensors, nodes) = (index.tensors.len(), index.nodes.len());
    let mut edits = Edits::default();
    while !u.is_empty() {
        match u.int_in_range(0..=11)? {
            0..=2 => {
                let tensor = id(u, tensors)?;
                edits.selections.push(Select { tensor, kept: kept(u, model, tensor)? });
            }
            3 => {
                let (tensor, dims) = (id(u, tensors)?, dims(u)?);
                let value = u.arbitrary()?;
                edits.integers.push(IntegerEdit { tensor, values: values(u, &dims, value)?, dims });
            }
            4 => {
                let (tensor, dims) = (id(u, tensors)?, dims(u)?);
                let value = u.arbitrary()?;
                edits.contents.push(FloatEdit { tensor, values: values(u, &dims, value)?, dims });
            }
            5 => {
                let tensor = id(u, tensors)?;
                let selections = vec![kept(u, model, tensor)?];
                let graph = id(u, index.graphs.len())?;
                edits.copies.push(NewCopy { graph, tensor, name: name(u, model)?, selections });
            }
            6 => {
                let (graph, dims, dtype) = (id(u, index.graphs.len())?, dims(u)?, dtype(u)?);
                let (value, name) = (u.arbitrary()?, name(u, model)?);
                edits.literals.push(NewLiteral {
                    graph,
                    name,
                    dtype,
                    values: values(u, &dims, value)?,
                    dims,
                });
            }
            7 => {
                let node = id(u, nodes)?;
                edits.attributes.push(AttributeEdit { node, attribute: attribute(u, model, node)? });
            }
            8 => {
                let (node, index) = (id(u, nodes)?, usize::from(u.arbitrary::<u8>()?));
                edits.inputs.push(InputEdit { node, index, name: name(u, model)? });
            }
            9 => {
                let before = id(u, nodes)?;
                edits.nodes.push(NewNode {
                    before,
                    replaces: u.arbitrary()?,
                    op: "Identity".to_owned(),
                    domain: String::new(),
                    name: name(u, model)?,
                    inputs: vec![name(u, model)?],
                    outputs: vec![name(u, model)?],
                    attributes: vec![attribute(u, model, before)?],
                });
            }
            10 => {
                let value = id(u, index.values.len())?;
                let length = u.arbitrary()?;
                let axis = u.int_in_range(0..=5)?;
                edits.value_infos.push(ValueInfoEdit { value, dims: vec![AxisLength { axis, length }] });
            }
            _ => match u.int_in_range(0..=2)? {
                0 => edits.outputs.push(NewOutput { name: name(u, model)? }),
                1 => edits.metadata.push(MetadataEdit { key: name(u, model)?, value: name(u, model)? }),
                _ => {
                    let part = edits.part.get_or_insert_default();
                    part.nodes.push(id(u, nodes)?);
                    part.tensors.push(id(u, tensors)?);
                    part.inputs.push(PartInput { name: name(u, model)?, dtype: dtype(u)? });
                    part.outputs.push(name(u, model)?);
                }
            },
        }
    }
    Ok(edits)
}

fuzz_target!(|data: &[u8]| {
    let Some((rest, count)) = data.split_last_chunk::<2>() else { return };
    let count = usize::from(u16::from_le_bytes(*count)).min(rest.len());
    let (bytes, stream) = rest.split_at(rest.len() - count);
    let job = Job::new();
    let Ok(model) = Model::from_bytes(bytes, &job) else { return };

    let same = save_to_bytes(&model, &Edits::default(), &job).expect("no edits are always possible");
    assert!(same == bytes, "a model without edits is not what it was");

    let Ok(edits) = edits(&mut Unstructured::new(stream), &model) else { return };
    let saved = match save_to_bytes(&model, &edits, &job) {
        Ok(saved) => saved,
        Err(error) => return assert_ne!(error.code(), Code::FileUnreadable, "{error}"),
    };
    let again =
        Model::from_bytes(saved, &job).unwrap_or_else(|error| panic!("unreadable: {error}: {edits:?}"));
    again.describe().expect("a model that was opened is described");
});
