//! Nodes: operands, attributes, and whole new nodes.

use std::collections::{BTreeMap, HashSet};

use espalier_tensor::onnx::{Id, Index, Node};
use espalier_tensor::wire::write;
use espalier_tensor::{Error, Result};

use crate::piece::Piece;
use crate::splice::Splices;
use crate::{AttributeEdit, InputEdit, NewAttribute, NewAttributeValue, NewNode};

pub(crate) fn attributes(index: &Index, edits: &[AttributeEdit], splices: &mut Splices) -> Result<()> {
    let mut seen = HashSet::new();
    for AttributeEdit { node: id, attribute } in edits {
        let node = find(index, *id)?;
        named(attribute).map_err(|error| error.in_node(&node.name, &node.op))?;
        if !seen.insert((*id, attribute.name.as_str())) {
            let what = format!("two edits of the attribute \"{}\"", attribute.name);
            return Err(Error::internal(what).in_node(&node.name, &node.op));
        }
        let mut new = encode_attribute(attribute).map(|bytes| vec![Piece::Literal(bytes)]);
        for old in node.attributes.iter().filter(|old| old.name == attribute.name) {
            splices.replace_message(old.message, new.take().unwrap_or_default());
            // Where the name is there twice, the first place has the new value and the others go.
            new = None;
        }
        let present = node.attributes.iter().any(|old| old.name == attribute.name);
        if let Some(new) = new.filter(|_| !present) {
            splices.insert(node.message, index.messages[node.message].body.end, new);
        }
    }
    Ok(())
}

pub(crate) fn inputs(index: &Index, edits: &[InputEdit], splices: &mut Splices) -> Result<()> {
    let mut by_node: BTreeMap<Id, BTreeMap<usize, &str>> = BTreeMap::new();
    for edit in edits {
        let node = find(index, edit.node)?;
        if edit.index > node.inputs.len() + 64 {
            let what = format!("operand {} of a node that has {}", edit.index, node.inputs.len());
            return Err(Error::internal(what).in_node(&node.name, &node.op));
        }
        if by_node.entry(edit.node).or_default().insert(edit.index, &edit.name).is_some() {
            let what = format!("two edits of operand {}", edit.index);
            return Err(Error::internal(what).in_node(&node.name, &node.op));
        }
    }
    for (id, inputs) in by_node {
        let node = &index.nodes[id];
        for (operand, name) in node.inputs.iter().enumerate().filter_map(|(i, o)| Some((o, inputs.get(&i)?)))
        {
            splices.replace(node.message, operand.span.clone(), vec![Piece::Literal(operand_field(name))]);
        }
        let last = inputs.keys().next_back().copied().unwrap_or(0);
        let mut appended = Vec::new();
        for position in node.inputs.len()..=last {
            appended.extend(operand_field(inputs.get(&position).copied().unwrap_or("")));
        }
        if last >= node.inputs.len() {
            let start = index.messages[node.message].body.start;
            let at = node.inputs.last().map_or(start, |operand| operand.span.end);
            splices.insert(node.message, at, vec![Piece::Literal(appended)]);
        }
    }
    Ok(())
}

pub(crate) fn new_nodes(index: &Index, edits: &[NewNode], splices: &mut Splices) -> Result<()> {
    let mut by_place: BTreeMap<Id, Vec<&NewNode>> = BTreeMap::new();
    for edit in edits {
        find(index, edit.before)?;
        edit.attributes.iter().try_for_each(named).map_err(|error| error.in_node(&edit.name, &edit.op))?;
        by_place.entry(edit.before).or_default().push(edit);
    }
    for (id, edits) in by_place {
        let node = &index.nodes[id];
        if splices.is_removed(node.message) {
            continue;
        }
        let message = &index.messages[node.message];
        // `GraphProto.node`, or `FunctionProto.node`.
        let field = if node.graph.is_some() { 1 } else { 7 };
        let mut bytes = Vec::new();
        for edit in &edits {
            write::bytes(&mut bytes, field, &encode_node(edit));
        }
        let pieces = vec![Piece::Literal(bytes)];
        if edits.iter().any(|edit| edit.replaces) {
            splices.replace_message(node.message, pieces);
        } else {
            splices.insert(message.parent, message.tag, pieces);
        }
    }
    Ok(())
}

fn find(index: &Index, id: Id) -> Result<&Node> {
    let count = index.nodes.len();
    index
        .nodes
        .get(id)
        .ok_or_else(|| Error::internal(format!("there is no node {id}: the model has {count}")))
}

fn named(attribute: &NewAttribute) -> Result<()> {
    if attribute.name.is_empty() {
        return Err(Error::internal("an edit of an attribute without a name"));
    }
    Ok(())
}

fn operand_field(name: &str) -> Vec<u8> {
    let mut field = Vec::new();
    write::bytes(&mut field, 1, name.as_bytes());
    field
}

fn encode_node(node: &NewNode) -> Vec<u8> {
    let mut body = Vec::new();
    node.inputs.iter().for_each(|input| write::bytes(&mut body, 1, input.as_bytes()));
    node.outputs.iter().for_each(|output| write::bytes(&mut body, 2, output.as_bytes()));
    if !node.name.is_empty() {
        write::bytes(&mut body, 3, node.name.as_bytes());
    }
    write::bytes(&mut body, 4, node.op.as_bytes());
    node.attributes.iter().filter_map(encode_attribute).for_each(|attribute| body.extend(attribute));
    if !node.domain.is_empty() {
        write::bytes(&mut body, 7, node.domain.as_bytes());
    }
    body
}

/// The attribute as a field of its node; none where it is to be removed.
fn encode_attribute(attribute: &NewAttribute) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    write::bytes(&mut body, 1, attribute.name.as_bytes());
    match &attribute.value {
        NewAttributeValue::Int(value) => {
            write::integer(&mut body, 3, *value);
            write::integer(&mut body, 20, 2);
        }
        NewAttributeValue::Ints(values) => {
            values.iter().for_each(|value| write::integer(&mut body, 8, *value));
            write::integer(&mut body, 20, 7);
        }
        NewAttributeValue::Float(value) => {
            write::float(&mut body, 2, *value);
            write::integer(&mut body, 20, 1);
        }
        NewAttributeValue::Floats(values) => {
            values.iter().for_each(|value| write::float(&mut body, 7, *value));
            write::integer(&mut body, 20, 6);
        }
        NewAttributeValue::Text(value) => {
            write::bytes(&mut body, 4, value.as_bytes());
            write::integer(&mut body, 20, 3);
        }
        NewAttributeValue::Texts(values) => {
            values.iter().for_each(|value| write::bytes(&mut body, 9, value.as_bytes()));
            write::integer(&mut body, 20, 8);
        }
        NewAttributeValue::Remove => return None,
    }
    let mut field = Vec::new();
    write::bytes(&mut field, 5, &body);
    Some(field)
}
