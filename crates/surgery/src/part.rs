//! A part of the main graph, as a model of its own.

use std::collections::HashSet;

use espalier_tensor::onnx::{Graph, Id, Index};
use espalier_tensor::wire::write;
use espalier_tensor::{Error, Result};

use crate::piece::Piece;
use crate::splice::Splices;
use crate::{Dropped, Part, PartInput};

/// Takes out what leaves, and states the inputs and outputs that the rest has.
///
/// returns: the values whose statements left
/// errors: `INTERNAL` for what is not of the main graph
pub(crate) fn part(index: &Index, part: &Part, splices: &mut Splices) -> Result<HashSet<Id>> {
    let graph =
        index.graphs.first().ok_or_else(|| Error::internal("a part of a graph, but there is none"))?;
    take_out(index, graph, &part.nodes, &part.tensors, splices)?;
    let stored: HashSet<&str> = {
        let left = graph.initializers.iter().filter(|id| !part.tensors.contains(id));
        left.map(|id| index.tensors[*id].name.as_str()).collect()
    };
    let wanted: HashSet<&str> = part.inputs.iter().map(|input| input.name.as_str()).collect();
    let (mut stated, mut gone) = (HashSet::new(), HashSet::new());
    for id in &graph.inputs {
        let value = &index.values[*id];
        if wanted.contains(value.name.as_str()) {
            stated.insert(value.name.as_str());
        } else if !stored.contains(value.name.as_str()) {
            splices.replace(value.container, value.span.clone(), Vec::new());
            gone.insert(*id);
        }
    }
    let new: Vec<u8> =
        part.inputs.iter().filter(|input| !stated.contains(input.name.as_str())).flat_map(encode).collect();
    let end = index.messages[graph.message].body.end;
    splices.insert(graph.message, end, vec![Piece::Literal(new)]);
    let wanted: HashSet<&str> = part.outputs.iter().map(String::as_str).collect();
    for id in &graph.outputs {
        let value = &index.values[*id];
        if !wanted.contains(value.name.as_str()) {
            splices.replace(value.container, value.span.clone(), Vec::new());
            gone.insert(*id);
        }
    }
    Ok(gone)
}

/// Takes out what nothing reads any more.
///
/// returns, errors: as [`part`]
pub(crate) fn drop(index: &Index, dropped: &Dropped, splices: &mut Splices) -> Result<HashSet<Id>> {
    let Some(graph) = index.graphs.first() else { return Ok(HashSet::new()) };
    take_out(index, graph, &dropped.nodes, &dropped.tensors, splices)?;
    // Files of old list initializers among the inputs too.
    let names: HashSet<&str> = dropped.tensors.iter().map(|id| index.tensors[*id].name.as_str()).collect();
    let mut gone = HashSet::new();
    for id in &graph.inputs {
        let value = &index.values[*id];
        if names.contains(value.name.as_str()) {
            splices.replace(value.container, value.span.clone(), Vec::new());
            gone.insert(*id);
        }
    }
    Ok(gone)
}

fn take_out(index: &Index, graph: &Graph, nodes: &[Id], tensors: &[Id], splices: &mut Splices) -> Result<()> {
    let own: HashSet<Id> = graph.nodes.iter().copied().collect();
    for id in nodes {
        if !own.contains(id) {
            return Err(Error::internal(format!("node {id} is not of the main graph")));
        }
        splices.replace_message(index.nodes[*id].message, Vec::new());
    }
    let own: HashSet<Id> = graph.initializers.iter().copied().collect();
    for id in tensors {
        if !own.contains(id) {
            return Err(Error::internal(format!("tensor {id} is not of the main graph")));
        }
        splices.replace_message(index.tensors[*id].message, Vec::new());
    }
    Ok(())
}

/// `GraphProto.input`: a name, and a tensor of a type and of any shape.
fn encode(input: &PartInput) -> Vec<u8> {
    let (mut tensor, mut kind, mut value, mut field) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    write::integer(&mut tensor, 1, i64::from(input.dtype.to_onnx()));
    write::bytes(&mut kind, 1, &tensor);
    write::bytes(&mut value, 1, input.name.as_bytes());
    write::bytes(&mut value, 2, &kind);
    write::bytes(&mut field, 11, &value);
    field
}
