//! Stated lengths of values, new outputs, and metadata.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use espalier_tensor::onnx::{Id, Index};
use espalier_tensor::wire::{Field, Reader, Value, write};
use espalier_tensor::{Error, Model, Result, Source};

use crate::piece::Piece;
use crate::splice::Splices;
use crate::{Edits, MetadataEdit, ValueInfoEdit};

/// By axis: the length that it states, or none where it is open.
type Lengths = BTreeMap<usize, Option<u64>>;

pub(crate) fn value_infos<'e>(
    model: &Model,
    edits: impl Iterator<Item = &'e ValueInfoEdit>,
    splices: &mut Splices,
) -> Result<()> {
    let mut by_value: BTreeMap<Id, Lengths> = BTreeMap::new();
    for edit in edits {
        let lengths = by_value.entry(edit.value).or_default();
        lengths.extend(edit.dims.iter().map(|dim| (dim.axis, dim.length)));
    }
    for (id, lengths) in by_value {
        let values = &model.index().values;
        let value = values.get(id).ok_or_else(|| {
            Error::internal(format!("there is no value {id}: the model has {}", values.len()))
        })?;
        let rank = value.shape.as_ref().map_or(0, Vec::len);
        if let Some(axis) = lengths.keys().next_back().filter(|axis| **axis >= rank) {
            let what = format!("a length for axis {axis} of \"{}\", which states {rank} axes", value.name);
            return Err(Error::internal(what));
        }
        let source = &model.sources()[0];
        let mut bytes = vec![0; (value.span.end - value.span.start) as usize];
        source.read(value.span.start, &mut bytes)?;
        let field = with_lengths(bytes, &lengths)?;
        splices.replace(value.container, value.span.clone(), vec![Piece::Literal(field)]);
    }
    Ok(())
}

/// New outputs of the main graph, after its last one: only their names, as runtimes know the rest.
pub(crate) fn outputs(index: &Index, edits: &Edits, splices: &mut Splices) -> Result<()> {
    let graph = index.graphs.first().ok_or_else(|| Error::internal("there is no graph"))?;
    let named = |id: &Id| index.values[*id].name.as_str();
    let mut taken: HashSet<&str> = graph.outputs.iter().map(named).collect();
    let known: HashSet<&str> = {
        let nodes = graph.nodes.iter().flat_map(|id| &index.nodes[*id].outputs);
        let new = edits.nodes.iter().flat_map(|node| &node.outputs);
        let stored = graph.initializers.iter().map(|id| &index.tensors[*id].name);
        let sparse = graph.sparse_initializers.iter().map(|sparse| &sparse.name);
        let names = nodes.chain(new).chain(stored).chain(sparse).map(String::as_str);
        names.chain(graph.inputs.iter().map(named)).filter(|name| !name.is_empty()).collect()
    };
    let mut fields = Vec::new();
    let more = edits.part.iter().flat_map(|part| &part.outputs);
    for name in edits.outputs.iter().map(|output| &output.name).chain(more) {
        if !known.contains(name.as_str()) {
            return Err(Error::internal(format!("a new output \"{name}\", which nothing makes")));
        }
        if taken.insert(name) {
            let mut value = Vec::new();
            write::bytes(&mut value, 1, name.as_bytes());
            write::bytes(&mut fields, 12, &value);
        }
    }
    let end = index.messages[graph.message].body.end;
    let at = graph.outputs.last().map_or(end, |id| index.values[*id].span.end);
    if !fields.is_empty() {
        splices.insert(graph.message, at, vec![Piece::Literal(fields)]);
    }
    Ok(())
}

pub(crate) fn metadata(index: &Index, edits: &[MetadataEdit], splices: &mut Splices) {
    let last: BTreeMap<&str, &str> =
        edits.iter().map(|edit| (edit.key.as_str(), edit.value.as_str())).collect();
    for (key, value) in last {
        let (mut entry, mut field) = (Vec::new(), Vec::new());
        write::bytes(&mut entry, 1, key.as_bytes());
        write::bytes(&mut entry, 2, value.as_bytes());
        write::bytes(&mut field, 14, &entry);
        let old = index.metadata.iter().filter(|entry| entry.key == key);
        let spans = old.map(|entry| entry.span.clone()).collect::<Vec<_>>();
        splices.replace_all(0, &spans, vec![Piece::Literal(field)], index.messages[0].body.end);
    }
}

/// A whole field that holds a `ValueInfoProto`, with other lengths. Everything else in it stays.
fn with_lengths(field: Vec<u8>, lengths: &Lengths) -> Result<Vec<u8>> {
    let source = Source::from_bytes(field);
    let mut reader = Reader::new(&source);
    // The field itself, its type, that of tensors, the shape, and each axis.
    let path = [None, Some(2), Some(1), Some(2)];
    rewrite(&mut reader, 0..source.length(), &path, &|reader, range| shape(reader, range, lengths))
}

/// The payload of a message, changed.
type Change<'c> = dyn Fn(&mut Reader, Range<u64>) -> Result<Vec<u8>> + 'c;

/// Copies a message; follows `path` to a sub-message, which `change` rewrites. None in the path: any field.
fn rewrite(reader: &mut Reader, range: Range<u64>, path: &[Option<u32>], change: &Change) -> Result<Vec<u8>> {
    let Some((step, path)) = path.split_first() else { return change(reader, range) };
    let mut out = Vec::new();
    let mut at = range.start;
    while let Some(field) = reader.next(&mut at, range.end)? {
        match &field.value {
            Value::Bytes { payload, .. } if step.is_none_or(|number| number == field.number) => {
                let payload = rewrite(reader, payload.clone(), path, change)?;
                write::bytes(&mut out, field.number, &payload);
            }
            _ => copy(reader, &field, &mut out)?,
        }
    }
    Ok(out)
}

fn shape(reader: &mut Reader, range: Range<u64>, lengths: &Lengths) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut axis = 0;
    let mut at = range.start;
    while let Some(field) = reader.next(&mut at, range.end)? {
        let length = (field.number == 1).then(|| lengths.get(&axis)).flatten();
        match (&field.value, length) {
            (Value::Bytes { payload, .. }, Some(length)) => {
                let mut dim = Vec::new();
                if let Some(length) = length {
                    write::integer(&mut dim, 1, *length as i64);
                }
                let mut at = payload.start;
                while let Some(field) = reader.next(&mut at, payload.end)? {
                    // The length and the symbol are alternatives.
                    if !matches!(field.number, 1 | 2) {
                        copy(reader, &field, &mut dim)?;
                    }
                }
                write::bytes(&mut out, 1, &dim);
            }
            _ => copy(reader, &field, &mut out)?,
        }
        axis += usize::from(field.number == 1);
    }
    Ok(out)
}

fn copy(reader: &mut Reader, field: &Field, out: &mut Vec<u8>) -> Result<()> {
    out.extend(reader.bytes(field.span())?);
    Ok(())
}
