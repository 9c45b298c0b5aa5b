//! Stored tensors: their new dims and data as fields of a `TensorProto`.

use std::collections::HashMap;

use espalier_tensor::onnx::{Data, External, Id, Tensor};
use espalier_tensor::wire::write;
use espalier_tensor::{DType, Error, Model, Result};

use crate::convert::Conversion;
use crate::encode;
use crate::piece::{self, Piece};
use crate::select::Selection;
use crate::splice::Splices;
use crate::{FloatEdit, IntegerEdit, Kept};

/// External data begins at multiples of this.
const ALIGNMENT: u64 = 64;
/// Bytes of data from which on it is moved out of a model that is too large: what runtimes read to infer shapes is smaller.
const MOVED: u64 = 1024;

/// What a tensor is to hold.
pub(crate) struct Content {
    pub dtype: DType,
    pub dims: Vec<u64>,
    data: NewData,
}

enum NewData {
    /// In the form of `raw_data`.
    Raw(Piece),
    Strings(Vec<Vec<u8>>),
}

impl Content {
    /// A stored tensor as it is.
    pub fn whole(id: Id, tensor: &Tensor) -> Content {
        let data = NewData::Raw(Piece::Tensor { tensor: id, bytes: tensor.bytes });
        Content { dtype: tensor.dtype, dims: tensor.dims.clone(), data }
    }

    /// What a selection keeps of a stored tensor. None where it keeps all.
    pub fn selected(model: &Model, id: Id, selections: &[&Kept]) -> Result<Option<Content>> {
        let tensor = model.tensor(id)?;
        let Some(selection) = Selection::new(tensor, selections)? else { return Ok(None) };
        let (dtype, dims) = (tensor.dtype, selection.dims.clone());
        let data = if dtype == DType::String {
            let strings = model.read_strings(id)?;
            let pick = |element| strings[selection.source_element(element) as usize].clone();
            NewData::Strings((0..selection.elements()).map(pick).collect())
        } else {
            let bytes = dtype.bytes(selection.elements());
            let bytes = bytes.ok_or_else(|| Error::internal("a selection is larger than its tensor"))?;
            NewData::Raw(Piece::Selected { tensor: id, selection: Box::new(selection), bytes })
        };
        Ok(Some(Content { dtype, dims, data }))
    }

    /// A stored tensor, or what a selection keeps of it.
    pub fn copied(model: &Model, id: Id, selections: &[&Kept]) -> Result<Content> {
        if let Some(content) = Content::selected(model, id, selections)? {
            return Ok(content);
        }
        let tensor = model.tensor(id)?;
        if tensor.dtype != DType::String {
            return Ok(Content::whole(id, tensor));
        }
        let data = NewData::Strings(model.read_strings(id)?);
        Ok(Content { dtype: tensor.dtype, dims: tensor.dims.clone(), data })
    }

    /// Numbers given by an edit.
    pub fn literal(dtype: DType, dims: &[u64], values: &[f64]) -> Result<Content> {
        check_count(dims, values.len())?;
        let data = NewData::Raw(Piece::Literal(encode::numbers(dtype, values)?));
        Ok(Content { dtype, dims: dims.to_vec(), data })
    }

    pub fn replaced(model: &Model, edit: &IntegerEdit) -> Result<Content> {
        let tensor = model.tensor(edit.tensor)?;
        Content::literal(tensor.dtype, &edit.dims, &edit.values)
            .map_err(|error| error.in_tensor(&tensor.name))
    }

    pub fn refilled(model: &Model, edit: &FloatEdit) -> Result<Content> {
        let tensor = model.tensor(edit.tensor)?;
        check_count(&edit.dims, edit.values.len())
            .and_then(|()| encode::floats(tensor.dtype, &edit.values))
            .map(|bytes| Content {
                dtype: tensor.dtype,
                dims: edit.dims.clone(),
                data: NewData::Raw(Piece::Literal(bytes)),
            })
            .map_err(|error| error.in_tensor(&tensor.name))
    }

    /// The same elements as another type of floats.
    pub fn converted(self, to: DType, tensor: &str) -> Result<Content> {
        let NewData::Raw(piece) = self.data else {
            return Err(Error::internal("an edit stores strings as floats").in_tensor(tensor));
        };
        let conversion = Box::new(Conversion::new(self.dtype, to, tensor)?);
        let data = NewData::Raw(Piece::Converted { source: Box::new(piece), conversion });
        Ok(Content { dtype: to, dims: self.dims, data })
    }

    /// Its data, where it is worth a place outside the model.
    pub fn large(&self) -> Option<&Piece> {
        match &self.data {
            NewData::Raw(piece) if piece.length() >= MOVED => Some(piece),
            _ => None,
        }
    }

    /// Its data as fields: `raw_data` or `string_data`.
    fn inline(self) -> Vec<Piece> {
        let mut head = Vec::new();
        match self.data {
            NewData::Raw(piece) => {
                write::header(&mut head, 9, piece.length());
                vec![Piece::Literal(head), piece]
            }
            NewData::Strings(strings) => {
                strings.iter().for_each(|string| write::bytes(&mut head, 6, string));
                vec![Piece::Literal(head)]
            }
        }
    }
}

fn check_count(dims: &[u64], values: usize) -> Result<()> {
    let elements = dims.iter().try_fold(1u64, |product, length| product.checked_mul(*length));
    if elements == Some(values as u64) {
        return Ok(());
    }
    Err(Error::internal(format!("{values} values for the dims {dims:?}")))
}

/// The file of external data that is being laid out.
#[derive(Default)]
pub(crate) struct DataFile {
    /// Its name, as tensors state it.
    pub name: String,
    pub pieces: Vec<Piece>,
    length: u64,
    /// Stored data that is in it already, by where it lies: tensors that share their data go on doing so.
    shared: HashMap<(usize, u64, u64), u64>,
}

impl DataFile {
    pub fn new(name: String) -> DataFile {
        DataFile { name, ..DataFile::default() }
    }

    /// Appends data and returns the fields that say where it is.
    fn append(&mut self, model: &Model, piece: Piece, was: Option<&External>) -> Result<Vec<u8>> {
        let length = piece.length();
        let key = match &piece {
            Piece::Tensor { tensor, bytes } => match model.tensor(*tensor)?.data {
                Data::Bytes { source, offset } => Some((source, offset, *bytes)),
                _ => None,
            },
            _ => None,
        };
        let known = key.and_then(|key| self.shared.get(&key).copied());
        let offset = known.unwrap_or_else(|| {
            let offset = self.length.next_multiple_of(ALIGNMENT);
            if offset > self.length {
                self.pieces.push(Piece::Literal(vec![0; (offset - self.length) as usize]));
            }
            self.length = offset + length;
            self.pieces.push(piece);
            offset
        });
        if let Some(key) = key {
            self.shared.insert(key, offset);
        }
        let mut fields = Vec::new();
        let mut entry = |key: &str, value: &str| {
            let mut entry = Vec::new();
            write::bytes(&mut entry, 1, key.as_bytes());
            write::bytes(&mut entry, 2, value.as_bytes());
            write::bytes(&mut fields, 13, &entry);
        };
        entry("location", &self.name);
        entry("offset", &offset.to_string());
        entry("length", &length.to_string());
        // A checksum is of the file that the data was in.
        let others = was.iter().flat_map(|was| &was.others);
        for (key, value) in others.filter(|(key, _)| key != "checksum") {
            entry(key, value);
        }
        Ok(fields)
    }
}

/// Rewrites a stored tensor: with another content, and with its external data moved to `file` (none: into the model). Given a
/// file, data that lies in the model moves there too where it is large.
pub(crate) fn rewrite(
    model: &Model,
    id: Id,
    content: Option<Content>,
    file: Option<&mut DataFile>,
    splices: &mut Splices,
) -> Result<()> {
    let tensor = model.tensor(id)?;
    let message = &model.index().messages[tensor.message];
    let spans = &tensor.spans;
    if let Some(content) = content.as_ref().filter(|content| content.dims != tensor.dims) {
        let dims = vec![Piece::Literal(dims(&content.dims))];
        splices.replace_all(tensor.message, &spans.dims, dims, message.body.start);
    }
    let Some(external) = &tensor.external else {
        let large = |content: &Content| content.large().cloned();
        let piece = match &content {
            Some(content) => large(content),
            None if tensor.dtype == DType::String => None,
            None => large(&Content::whole(id, tensor)),
        };
        let beside = file.zip(piece);
        if let Some((file, piece)) = beside {
            let mut fields = file.append(model, piece, None)?;
            write::integer(&mut fields, 14, 1);
            splices.replace_all(tensor.message, &spans.data, vec![Piece::Literal(fields)], message.body.end);
            // What was said of where the data lies holds no more, and the last word would count.
            for said in spans.external.iter().chain(&spans.location) {
                splices.replace(tensor.message, said.clone(), Vec::new());
            }
        } else if let Some(content) = content {
            splices.replace_all(tensor.message, &spans.data, content.inline(), message.body.end);
        }
        return Ok(());
    };
    let content = content.unwrap_or_else(|| Content::whole(id, tensor));
    match (file, content.data) {
        (Some(file), NewData::Raw(piece)) => {
            let fields = file.append(model, piece, Some(external))?;
            let fields = vec![Piece::Literal(fields)];
            splices.replace_all(tensor.message, &spans.external, fields, message.body.end);
        }
        (_, data) => {
            let content = Content { data, ..content };
            splices.replace_all(tensor.message, &spans.external, content.inline(), message.body.end);
            splices.replace_all(tensor.message, &spans.location, Vec::new(), message.body.end);
        }
    }
    Ok(())
}

/// A new initializer of a graph. `beside`: where its data goes, and what was said of that of the tensor it was made from.
pub(crate) fn initializer(
    model: &Model,
    name: &str,
    content: Content,
    beside: Option<(Option<&External>, &mut DataFile)>,
) -> Result<Vec<Piece>> {
    let mut head = dims(&content.dims);
    write::integer(&mut head, 2, i64::from(content.dtype.to_onnx()));
    write::bytes(&mut head, 8, name.as_bytes());
    let mut body = vec![Piece::Literal(head)];
    match (beside, content.data) {
        (Some((was, file)), NewData::Raw(piece)) => {
            let mut fields = file.append(model, piece, was)?;
            write::integer(&mut fields, 14, 1);
            body.push(Piece::Literal(fields));
        }
        (_, data) => body.extend(Content { data, dims: Vec::new(), dtype: content.dtype }.inline()),
    }
    let mut header = Vec::new();
    write::header(&mut header, 5, piece::length(&body));
    body.insert(0, Piece::Literal(header));
    Ok(body)
}

fn dims(dims: &[u64]) -> Vec<u8> {
    let mut fields = Vec::new();
    for length in dims {
        write::integer(&mut fields, 1, *length as i64);
    }
    fields
}
