use std::collections::{HashMap, HashSet};

use espalier_tensor::onnx::{Graph, Id};
use espalier_tensor::wire::write;
use espalier_tensor::{Code, DType, Error, Model, Result};

use crate::piece::Piece;
use crate::splice::Splices;
use crate::tensors::{self, Content, DataFile};
use crate::{Edits, Kept, Retype, nodes, part, values};

/// The IR version from which on initializers need not be inputs of their graph.
const FREE_INITIALIZERS: i64 = 4;

/// What is to be written: the pieces of the .onnx file, and those of its external data.
pub(crate) struct Layout {
    pub model: Vec<Piece>,
    pub data: Vec<Piece>,
}

/// Where data goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of it into the .onnx file.
    Inside,
    /// What is external stays so, in the file of this name.
    Beside(String),
    /// All large data of initializers into the file of this name.
    AllBeside(String),
}

/// The edited model, laid out.
///
/// errors: `INTERNAL` for edits that do not fit the model or each other; `MODEL_UNSUPPORTED`
pub(crate) fn layout(model: &Model, edits: &Edits, place: Place) -> Result<Layout> {
    let index = model.index();
    let has_external = model.tensors().iter().any(|tensor| tensor.external.is_some());
    if has_external && index.has_training {
        let what = "it has graphs for training, whose external data is not read";
        return Err(Error::new(Code::ModelUnsupported, what));
    }
    let moves = matches!(place, Place::AllBeside(_));
    let mut file = match place {
        Place::Inside => None,
        Place::Beside(name) | Place::AllBeside(name) => Some(DataFile::new(name)),
    };
    // Runtimes look for data in other files where it is that of initializers, and not everywhere else.
    let movable: HashSet<Id> = if moves {
        index.graphs.iter().flat_map(|graph| graph.initializers.iter().copied()).collect()
    } else {
        HashSet::new()
    };
    let mut splices = Splices::new(index);
    let gone = match &edits.part {
        Some(part) => part::part(index, part, &mut splices)?,
        None => part::drop(index, &edits.dropped, &mut splices)?,
    };
    let folded = edits.part.as_ref().map_or(&edits.folded, |part| &part.folded);
    nodes::new_nodes(index, &edits.nodes, &mut splices)?;
    nodes::inputs(index, &edits.inputs, &mut splices)?;
    nodes::attributes(index, &edits.attributes, &mut splices)?;
    let mut contents = contents(model, edits)?;
    let retyped: HashMap<Id, &Retype> = edits.retyped.iter().map(|edit| (edit.tensor, edit)).collect();
    for (id, tensor) in model.tensors().iter().enumerate() {
        let content = contents.remove(&id);
        // Data of a node that is gone goes too.
        if splices.is_removed(tensor.message) {
            continue;
        }
        if let Some(edit) = retyped.get(&id) {
            let content = content.unwrap_or_else(|| Content::whole(id, tensor));
            let pieces = retype(model, edit, content, file.as_mut(), moves)?;
            splices.replace_message(tensor.message, pieces);
            continue;
        }
        let file = file.as_mut().filter(|_| tensor.external.is_some() || movable.contains(&id));
        tensors::rewrite(model, id, content, file, &mut splices)?;
    }
    for fold in folded {
        let content = match contents.remove(&fold.tensor) {
            Some(content) => content,
            None => Content::whole(fold.tensor, model.tensor(fold.tensor)?),
        };
        let beside = file.as_mut().filter(|_| moves && content.large().is_some()).map(|file| (None, file));
        let (dtype, dims) = (content.dtype, content.dims.clone());
        let pieces = tensors::initializer(model, &fold.name, content, beside)?;
        insert(model, 0, pieces, &fold.name, dtype, &dims, &mut splices)?;
    }
    initializers(model, edits, file.as_mut(), moves, &mut splices)?;
    let left = edits.value_infos.iter().filter(|edit| !gone.contains(&edit.value));
    values::value_infos(model, left, &mut splices)?;
    values::outputs(index, edits, &mut splices)?;
    values::metadata(index, &edits.metadata, &mut splices);
    Ok(Layout { model: splices.finish()?, data: file.map(|file| file.pieces).unwrap_or_default() })
}

/// An initializer under another name and as another type, in the place of the one that there is.
fn retype(
    model: &Model,
    edit: &Retype,
    content: Content,
    file: Option<&mut DataFile>,
    moves: bool,
) -> Result<Vec<Piece>> {
    let index = model.index();
    let tensor = model.tensor(edit.tensor)?;
    let fault = |what: &str| Err(Error::internal(what).in_tensor(&tensor.name));
    if !index.graphs.iter().any(|graph| graph.initializers.contains(&edit.tensor)) {
        return fault("an edit stores it as another type, and it is no initializer");
    }
    if index.ir_version < FREE_INITIALIZERS {
        return fault("an edit stores it as another type, and it is an input of its graph too");
    }
    let content = content.converted(edit.dtype, &tensor.name)?;
    let external = tensor.external.as_ref();
    let beside = file
        .filter(|_| external.is_some() || moves && content.large().is_some())
        .map(|file| (external, file));
    tensors::initializer(model, &edit.name, content, beside)
}

/// The new contents of stored tensors.
fn contents(model: &Model, edits: &Edits) -> Result<HashMap<Id, Content>> {
    let refilled: HashSet<Id> = edits.contents.iter().map(|edit| edit.tensor).collect();
    let mut selections: HashMap<Id, Vec<&Kept>> = HashMap::new();
    for selection in edits.selections.iter().filter(|selection| !refilled.contains(&selection.tensor)) {
        selections.entry(selection.tensor).or_default().push(&selection.kept);
    }
    let mut contents = HashMap::new();
    let cut: HashSet<Id> = selections.keys().copied().collect();
    for (id, kept) in selections {
        if let Some(content) = Content::selected(model, id, &kept)? {
            contents.insert(id, content);
        }
    }
    let integers = edits.integers.iter().map(|edit| (edit.tensor, Content::replaced(model, edit)));
    let floats = edits.contents.iter().map(|edit| (edit.tensor, Content::refilled(model, edit)));
    for (id, content) in integers.chain(floats) {
        if cut.contains(&id) || contents.insert(id, content?).is_some() {
            let name = &model.tensor(id)?.name;
            return Err(Error::internal("two edits of one tensor's content").in_tensor(name));
        }
    }
    Ok(contents)
}

/// New initializers, after the last one of their graph.
fn initializers(
    model: &Model,
    edits: &Edits,
    mut file: Option<&mut DataFile>,
    moves: bool,
    splices: &mut Splices,
) -> Result<()> {
    for copy in &edits.copies {
        let kept = copy.selections.iter().collect::<Vec<_>>();
        let content = Content::copied(model, copy.tensor, &kept)?;
        let external = model.tensor(copy.tensor)?.external.as_ref();
        let beside = file
            .as_deref_mut()
            .filter(|_| external.is_some() || moves && content.large().is_some())
            .map(|file| (external, file));
        let (dtype, dims) = (content.dtype, content.dims.clone());
        let pieces = tensors::initializer(model, &copy.name, content, beside)?;
        insert(model, copy.graph, pieces, &copy.name, dtype, &dims, splices)?;
    }
    for literal in &edits.literals {
        let content = Content::literal(literal.dtype, &literal.dims, &literal.values)
            .map_err(|error| error.in_tensor(&literal.name))?;
        let pieces = tensors::initializer(model, &literal.name, content, None)?;
        insert(model, literal.graph, pieces, &literal.name, literal.dtype, &literal.dims, splices)?;
    }
    Ok(())
}

fn insert(
    model: &Model,
    id: Id,
    pieces: Vec<Piece>,
    name: &str,
    dtype: DType,
    dims: &[u64],
    splices: &mut Splices,
) -> Result<()> {
    let index = model.index();
    let count = index.graphs.len();
    let graph: &Graph = index
        .graphs
        .get(id)
        .ok_or_else(|| Error::internal(format!("there is no graph {id}: the model has {count}")))?;
    let end = index.messages[graph.message].body.end;
    splices.insert(graph.message, graph.initializers_end.unwrap_or(end), pieces);
    if index.ir_version < FREE_INITIALIZERS && id == 0 {
        let at = graph.inputs.last().map_or(end, |input| index.values[*input].span.end);
        splices.insert(graph.message, at, vec![Piece::Literal(input(name, dtype, dims))]);
    }
    Ok(())
}

/// An input of a graph: a `ValueInfoProto` that states type and shape.
fn input(name: &str, dtype: DType, dims: &[u64]) -> Vec<u8> {
    let wrap = |number: u32, payload: &[u8]| {
        let mut field = Vec::new();
        write::bytes(&mut field, number, payload);
        field
    };
    let mut shape = Vec::new();
    for length in dims {
        let mut dim = Vec::new();
        write::integer(&mut dim, 1, *length as i64);
        write::bytes(&mut shape, 1, &dim);
    }
    let mut tensor = Vec::new();
    write::integer(&mut tensor, 1, i64::from(dtype.to_onnx()));
    tensor.extend(wrap(2, &shape));
    let mut value = wrap(1, name.as_bytes());
    value.extend(wrap(2, &wrap(1, &tensor)));
    wrap(11, &value)
}
