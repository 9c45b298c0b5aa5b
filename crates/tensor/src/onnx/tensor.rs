use std::ops::Range;

use super::walk::Walk;
use super::{Chunk, Data, External, Id, MAX_RANK, Sparse, Tensor, TensorSpans};
use crate::wire::{Field, Value as Wire, malformed};
use crate::{Code, DType, Error, Result};

/// Fields of `TensorProto` that hold elements.
pub(crate) mod typed {
    pub const FLOAT: u32 = 4;
    pub const INT32: u32 = 5;
    pub const STRING: u32 = 6;
    pub const INT64: u32 = 7;
    pub const DOUBLE: u32 = 10;
    pub const UINT64: u32 = 11;
}

/// The fields of a tensor before they are checked against each other.
#[derive(Default)]
struct Fields {
    name: String,
    dtype: i64,
    dims: Vec<i64>,
    raw: Option<Range<u64>>,
    chunks: Vec<Chunk>,
    strings: Vec<Range<u64>>,
    entries: Vec<(String, String)>,
    is_external: bool,
    is_segment: bool,
    spans: TensorSpans,
}

impl Walk<'_> {
    /// A `TensorProto`: its data is found and its length checked, not read.
    pub fn tensor(&mut self, field: &Field, parent: Id) -> Result<Id> {
        self.job.check()?;
        self.count()?;
        let message = self.message(field, parent, "a tensor")?;
        let fields = self.tensor_fields(message)?;
        let name = fields.name.clone();
        let tensor = self.checked(message, fields).map_err(|error| error.in_tensor(&name))?;
        self.index.tensors.push(tensor);
        Ok(self.index.tensors.len() - 1)
    }

    fn tensor_fields(&mut self, message: Id) -> Result<Fields> {
        let range = self.index.messages[message].body.clone();
        let mut fields = Fields::default();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 => {
                    self.integers(&field, "TensorProto.dims", MAX_RANK, &mut fields.dims)?;
                    if fields.dims.len() > MAX_RANK {
                        return Err(malformed(
                            format!("a tensor has more than {MAX_RANK} axes"),
                            field.start,
                        ));
                    }
                    fields.spans.dims.push(field.span());
                }
                2 => fields.dtype = field.integer("TensorProto.data_type")?,
                3 => fields.is_segment = true,
                8 => fields.name = self.name(&field, "TensorProto.name")?,
                9 => {
                    fields.raw = Some(field.payload("TensorProto.raw_data")?);
                    extend(&mut fields.spans.data, field.span());
                }
                typed::STRING => {
                    fields.strings.push(field.payload("TensorProto.string_data")?);
                    extend(&mut fields.spans.data, field.span());
                }
                typed::FLOAT | typed::INT32 | typed::INT64 | typed::DOUBLE | typed::UINT64 => {
                    self.chunk(&field, &mut fields.chunks)?;
                    extend(&mut fields.spans.data, field.span());
                }
                13 => {
                    self.count()?;
                    fields.entries.push(self.entry(field.payload("TensorProto.external_data")?)?);
                    fields.spans.external.push(field.span());
                }
                14 => {
                    fields.is_external = field.integer("TensorProto.data_location")? == 1;
                    fields.spans.location.push(field.span());
                }
                _ => {}
            }
        }
        Ok(fields)
    }

    /// One occurrence of a typed field, joined to the run before it where that is next to it.
    fn chunk(&mut self, field: &Field, chunks: &mut Vec<Chunk>) -> Result<()> {
        let what = "a typed field of a tensor";
        let number = field.number;
        let width = match number {
            typed::FLOAT => 4,
            typed::DOUBLE => 8,
            _ => 0,
        };
        match (&field.value, width) {
            (Wire::Bytes { payload, .. }, 0) => {
                let values = self.count_varints(payload.clone())?;
                chunks.push(Chunk { field: number, range: payload.clone(), packed: true, values });
            }
            (Wire::Bytes { payload, .. }, width) => {
                let length = payload.end - payload.start;
                if length % width != 0 {
                    return Err(malformed(format!("{what} is not a whole number of elements"), field.start));
                }
                chunks.push(Chunk {
                    field: number,
                    range: payload.clone(),
                    packed: true,
                    values: length / width,
                });
            }
            (Wire::Varint(_), 0) | (Wire::Fixed32(_), 4) | (Wire::Fixed64(_), 8) => match chunks.last_mut() {
                Some(last) if !last.packed && last.field == number && last.range.end == field.start => {
                    last.range.end = field.end;
                    last.values += 1;
                }
                _ => chunks.push(Chunk { field: number, range: field.span(), packed: false, values: 1 }),
            },
            _ => return Err(field.mistyped(what)),
        }
        Ok(())
    }

    /// How many varints end in the range: the bytes without a continuation bit.
    fn count_varints(&mut self, range: Range<u64>) -> Result<u64> {
        let mut block = vec![0; (range.end - range.start).min(64 * 1024) as usize];
        let (mut at, mut values, mut last) = (range.start, 0, 0);
        while at < range.end {
            self.job.check()?;
            let length = (range.end - at).min(block.len() as u64) as usize;
            let block = &mut block[..length];
            self.source.read(at, block)?;
            values += block.iter().filter(|byte| **byte < 0x80).count() as u64;
            last = block[length - 1];
            at += length as u64;
        }
        if last >= 0x80 {
            return Err(malformed("a number is cut short", range.end));
        }
        Ok(values)
    }

    /// The fields as a tensor whose type, dims and data agree.
    fn checked(&mut self, message: Id, fields: Fields) -> Result<Tensor> {
        let unsupported = |what: String| Error::new(Code::ModelUnsupported, what);
        if fields.is_segment {
            return Err(unsupported("its data is in segments".to_owned()));
        }
        let dtype = DType::from_onnx(fields.dtype).ok_or_else(|| match fields.dtype {
            0 => Error::malformed("it does not state its type"),
            other => unsupported(format!("its type has the number {other}, which is not known")),
        })?;
        let dims = fields.dims.iter().map(|length| u64::try_from(*length)).collect::<Result<Vec<_>, _>>();
        let dims =
            dims.map_err(|_| Error::malformed(format!("its dims {:?} hold a negative length", fields.dims)))?;
        let elements = product(&dims).ok_or_else(too_many)?;
        let bytes = dtype.bytes(elements).ok_or_else(too_many)?;
        let mut tensor = Tensor {
            message,
            name: fields.name,
            dtype,
            dims,
            elements,
            bytes,
            stored: bytes,
            data: Data::Bytes { source: 0, offset: 0 },
            external: None,
            spans: fields.spans,
        };
        let raw = fields.raw.filter(|raw| !raw.is_empty());
        let chunks = fields.chunks.into_iter().filter(|chunk| chunk.values > 0).collect::<Vec<_>>();
        let strings = fields.strings;
        let kinds = [raw.is_some(), !chunks.is_empty(), !strings.is_empty()];
        let kinds = kinds.into_iter().filter(|is| *is).count();
        if fields.is_external {
            if kinds > 0 {
                return Err(Error::malformed("its data is in this file and in another one"));
            }
            if dtype == DType::String {
                return Err(unsupported("its strings are external data".to_owned()));
            }
            let external = external(fields.entries)?;
            tensor.data = self.folder.find(&external, bytes)?;
            tensor.external = Some(external);
            return Ok(tensor);
        }
        match (raw, dtype) {
            _ if kinds > 1 => return Err(Error::malformed("its data is there twice, in different fields")),
            (None, DType::String) if chunks.is_empty() => {
                tensor.expect(strings.len() as u64, elements, "strings")?;
                tensor.bytes = strings.iter().map(|string| string.end - string.start).sum();
                tensor.stored = tensor.bytes;
                tensor.data = Data::Strings(strings);
            }
            (_, DType::String) => {
                return Err(Error::malformed("it has strings for elements, but numbers for data"));
            }
            (Some(raw), _) => {
                tensor.expect(raw.end - raw.start, bytes, "bytes")?;
                tensor.data = Data::Bytes { source: 0, offset: raw.start };
            }
            (None, _) if strings.is_empty() => tensor.set_chunks(chunks)?,
            (None, _) => return Err(other_field(dtype)),
        }
        Ok(tensor)
    }

    /// The name and the dims of a `SparseTensorProto`.
    pub fn sparse(&mut self, range: Range<u64>) -> Result<Sparse> {
        let mut name = String::new();
        let mut dims = Vec::new();
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            match field.number {
                1 | 2 => {
                    let payload = field.payload("a part of a sparse tensor")?;
                    self.refuse_external(payload.clone())?;
                    if field.number == 1 {
                        name = self.first_name(payload, 8)?;
                    }
                }
                3 => self.integers(&field, "SparseTensorProto.dims", MAX_RANK, &mut dims)?,
                _ => {}
            }
        }
        let dims = dims.iter().map(|length| u64::try_from(*length)).collect::<Result<Vec<_>, _>>();
        let dims = dims.map_err(|_| Error::malformed("a sparse tensor has a negative length"))?;
        if dims.len() > MAX_RANK {
            return Err(Error::malformed(format!("a sparse tensor has more than {MAX_RANK} axes")));
        }
        Ok(Sparse { name, dims })
    }

    /// Tensors that are only ever copied must lie in the file: external data moves with its tensor.
    pub fn refuse_external(&mut self, range: Range<u64>) -> Result<()> {
        let mut at = range.start;
        while let Some(field) = self.reader.next(&mut at, range.end)? {
            if field.number == 14 && field.integer("TensorProto.data_location")? == 1 {
                let what = "a sparse tensor or a list of tensors has external data";
                return Err(Error::new(Code::ModelUnsupported, format!("{what} (at byte {})", field.start)));
            }
        }
        Ok(())
    }
}

/// The typed field that holds elements of a type.
pub(crate) fn typed_field(dtype: DType) -> u32 {
    match dtype {
        DType::Float32 | DType::Complex64 => typed::FLOAT,
        DType::Float64 | DType::Complex128 => typed::DOUBLE,
        DType::Int64 => typed::INT64,
        DType::UInt32 | DType::UInt64 => typed::UINT64,
        DType::String => typed::STRING,
        _ => typed::INT32,
    }
}

/// Elements of a tensor; none where they are more than 64 bits count.
fn product(dims: &[u64]) -> Option<u64> {
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter().try_fold(1u64, |product, length| product.checked_mul(*length))
}

impl Tensor {
    /// Takes its data from typed fields.
    fn set_chunks(&mut self, chunks: Vec<Chunk>) -> Result<()> {
        if chunks.iter().any(|chunk| chunk.field != typed_field(self.dtype)) {
            return Err(other_field(self.dtype));
        }
        let values = match self.dtype {
            DType::Complex64 | DType::Complex128 => self.elements.checked_mul(2).ok_or_else(too_many)?,
            dtype if dtype.bits() < 8 => self.bytes,
            _ => self.elements,
        };
        self.expect(chunks.iter().map(|chunk| chunk.values).sum(), values, "numbers")?;
        self.stored = chunks.iter().map(|chunk| chunk.range.end - chunk.range.start).sum();
        self.data = match chunks.as_slice() {
            [] => Data::Bytes { source: 0, offset: 0 },
            // As good as raw.
            [one] if one.packed && matches!(one.field, typed::FLOAT | typed::DOUBLE) => {
                Data::Bytes { source: 0, offset: one.range.start }
            }
            _ => Data::Typed(chunks),
        };
        Ok(())
    }

    fn expect(&self, found: u64, wanted: u64, unit: &str) -> Result<()> {
        if found == wanted {
            return Ok(());
        }
        let (dtype, dims) = (self.dtype, &self.dims);
        Err(Error::malformed(format!("its data is {found} {unit}, but {dtype} {dims:?} takes {wanted}")))
    }
}

fn other_field(dtype: DType) -> Error {
    Error::malformed(format!("it is {dtype}, but its data is in another type's field"))
}

fn too_many() -> Error {
    Error::malformed("its dims are more than any file can hold")
}

fn extend(spans: &mut Vec<Range<u64>>, span: Range<u64>) {
    match spans.last_mut() {
        Some(last) if last.end == span.start => last.end = span.end,
        _ => spans.push(span),
    }
}

fn external(entries: Vec<(String, String)>) -> Result<External> {
    let mut external = External::default();
    let number = |key: &str, value: &str| {
        value.trim().parse::<u64>().map_err(|_| {
            Error::new(
                Code::ExternalData,
                format!("its external {key} is \"{value}\", not a number of bytes"),
            )
        })
    };
    for (key, value) in entries {
        match key.as_str() {
            "location" => external.location = value,
            "offset" => external.offset = number(&key, &value)?,
            "length" => external.length = Some(number(&key, &value)?),
            _ => external.others.push((key, value)),
        }
    }
    Ok(external)
}
