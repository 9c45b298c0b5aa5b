use std::ops::Range;

use super::{Index, MAX_DEPTH, MAX_ITEMS, MAX_NAME, Message, Metadata, Opset};
use crate::external::Folder;
use crate::wire::{Field, Reader, Value as Wire, malformed};
use crate::{Code, Error, Job, Result, Source};

/// The index of the model in `source`; external data is looked for in `folder`.
///
/// - errors: `MODEL_MALFORMED`, `MODEL_UNSUPPORTED`, `EXTERNAL_DATA`, `ABORTED`
/// - cost: one pass over everything that is not a weight; weights are stepped over, typed numbers are counted
pub(crate) fn index(source: &Source, folder: &mut Folder, job: &Job) -> Result<Index> {
    if source.length() == 0 {
        return Err(Error::malformed("the file is empty"));
    }
    let mut walk =
        Walk { reader: Reader::new(source), source, folder, job, index: Index::default(), items: 0 };
    walk.model()?;
    Ok(walk.index)
}

/// The state of one walk through a file.
pub(super) struct Walk<'s> {
    pub reader: Reader<'s>,
    pub source: &'s Source,
    pub folder: &'s mut Folder,
    pub job: &'s Job,
    pub index: Index,
    items: usize,
}

impl Walk<'_> {
    fn model(&mut self) -> Result<()> {
        let end = self.source.length();
        self.index.messages.push(Message { body: 0..end, ..Message::default() });
        let mut graph = None;
        let mut functions = Vec::new();
        let mut at = 0;
        while let Some(field) = self.reader.next(&mut at, end)? {
            match field.number {
                1 => self.index.ir_version = field.integer("ModelProto.ir_version")?,
                2 => self.index.producer = self.text(&field, "ModelProto.producer_name")?,
                7 if graph.is_some() => return Err(malformed("the model has two graphs", field.start)),
                7 => graph = Some(field),
                8 => {
                    self.count()?;
                    let opset = self.opset(field.payload("ModelProto.opset_import")?)?;
                    self.index.opsets.push(opset);
                }
                14 => {
                    self.count()?;
                    let (key, value) = self.entry(field.payload("ModelProto.metadata_props")?)?;
                    self.index.metadata.push(Metadata { key, value, span: field.span() });
                }
                20 => self.index.has_training = true,
                25 => {
                    self.count()?;
                    functions.push(field);
                }
                _ => {}
            }
        }
        let graph = graph.ok_or_else(|| Error::malformed("it holds no graph: it is not an ONNX model"))?;
        self.graph(&graph, 0, 0)?;
        for function in functions {
            self.function(&function)?;
        }
        Ok(())
    }

    /// Enters a sub-message in the list of those that can be edited.
    pub fn message(&mut self, field: &Field, parent: usize, what: &str) -> Result<usize> {
        let Wire::Bytes { length_at, payload } = &field.value else { return Err(field.mistyped(what)) };
        let depth = self.index.messages[parent].depth + 1;
        let message =
            Message { parent, depth, tag: field.start, length_at: *length_at, body: payload.clone() };
        self.index.messages.push(message);
        Ok(self.index.messages.len() - 1)
    }

    /// One more of whatever takes memory of its own: a node, an operand, an attribute, a value, a tensor, a function.
    pub fn count(&mut self) -> Result<()> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            let what = format!("it has more than {MAX_ITEMS} nodes, operands, attributes and tensors");
            return Err(Error::new(Code::ModelUnsupported, what));
        }
        Ok(())
    }

    pub fn check_depth(&self, depth: usize, at: u64) -> Result<()> {
        if depth > MAX_DEPTH {
            let what = format!("graphs are nested more than {MAX_DEPTH} deep (at byte {at})");
            return Err(Error::new(Code::ModelUnsupported, what));
        }
        Ok(())
    }

    /// A string that names something: must be UTF-8.
    pub fn name(&mut self, field: &Field, what: &str) -> Result<String> {
        let range = self.short(field, what)?;
        String::from_utf8(self.reader.bytes(range)?)
            .map_err(|_| malformed(format!("{what} is not UTF-8"), field.start))
    }

    /// A string for people to read.
    pub fn text(&mut self, field: &Field, what: &str) -> Result<String> {
        let range = self.short(field, what)?;
        Ok(String::from_utf8_lossy(&self.reader.bytes(range)?).into_owned())
    }

    fn short(&mut self, field: &Field, what: &str) -> Result<Range<u64>> {
        let range = field.payload(what)?;
        let length = range.end - range.start;
        if length > MAX_NAME {
            return Err(malformed(format!("{what} is {length} bytes long"), field.start));
        }
        Ok(range)
    }

    /// Is this sub-message's `StringStringEntryProto`: key, value.
    pub fn entry(&mut self, range: Range<u64>) -> Result<(String, String)> {
        let (mut key, mut value) = (String::new(), String::new());
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => key = self.text(&field, "StringStringEntryProto.key")?,
                2 => {
                    let payload = field.payload("StringStringEntryProto.value")?;
                    value = String::from_utf8_lossy(&self.reader.bytes(payload)?).into_owned();
                }
                _ => {}
            }
        }
        Ok((key, value))
    }

    pub fn opset(&mut self, range: Range<u64>) -> Result<Opset> {
        let mut opset = Opset { domain: String::new(), version: 0 };
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => opset.domain = self.name(&field, "OperatorSetIdProto.domain")?,
                2 => opset.version = field.integer("OperatorSetIdProto.version")?,
                _ => {}
            }
        }
        Ok(opset)
    }

    /// The values of one occurrence of a repeated integer field, packed or not; those past `most` are left out.
    pub fn integers(&mut self, field: &Field, what: &str, most: usize, out: &mut Vec<i64>) -> Result<()> {
        match &field.value {
            Wire::Varint(value) => out.push(*value as i64),
            Wire::Bytes { payload, .. } => {
                let mut at = payload.start;
                while at < payload.end && out.len() <= most {
                    out.push(self.reader.varint(&mut at, payload.end)? as i64);
                }
            }
            _ => return Err(field.mistyped(what)),
        }
        Ok(())
    }

    pub fn floats(&mut self, field: &Field, what: &str, most: usize, out: &mut Vec<f32>) -> Result<()> {
        match &field.value {
            Wire::Fixed32(bits) => out.push(f32::from_bits(*bits)),
            Wire::Bytes { payload, .. } => {
                let length = payload.end - payload.start;
                if length % 4 != 0 {
                    return Err(malformed(format!("{what} is not a whole number of floats"), field.start));
                }
                let take = length.min(4 * (most + 1) as u64);
                let bytes = self.reader.bytes(payload.start..payload.start + take)?;
                out.extend(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            _ => return Err(field.mistyped(what)),
        }
        Ok(())
    }
}
