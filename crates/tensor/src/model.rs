use std::path::Path;
use std::sync::{Arc, OnceLock};

use espalier_simd::Elements;

use crate::external::{Folder, GivenFiles};
use crate::onnx::{Data, Id, Index, Tensor};
use crate::{Code, DType, Error, Job, Result, Source, decode, digest, document, onnx, typed};

/// Elements decoded at a time.
const BLOCK: usize = 16 * 1024;

/// An ONNX model: what its file says, and its tensors' elements by position.
///
/// `Send + Sync`: share it between threads in an `Arc`; reads do not disturb each other. Nothing of the weights stays in
/// memory, except tensors in typed fields, which are decoded on first use and kept.
#[derive(Debug)]
pub struct Model {
    index: Index,
    /// 0 is the .onnx file; the others hold external data.
    sources: Vec<Source>,
    /// By tensor: elements decoded from typed fields.
    decoded: Vec<OnceLock<Arc<[u8]>>>,
    derived: OnceLock<Vec<Derived>>,
}

/// A tensor that no file holds, and what computes its bytes.
struct Derived {
    tensor: Tensor,
    compute: Compute,
    bytes: OnceLock<Result<Arc<[u8]>>>,
}

/// A tensor that is there, stored or derived.
impl std::ops::Index<Id> for Model {
    type Output = Tensor;
    fn index(&self, id: Id) -> &Tensor {
        let stored = &self.index.tensors;
        match (stored.get(id), self.derived(id)) {
            (None, Some(own)) => &own.tensor,
            _ => &stored[id],
        }
    }
}

/// Computes the bytes of a tensor of a model, on the thread that asks.
pub type Compute = Box<dyn Fn(&Model) -> Result<Vec<u8>> + Send + Sync>;

impl std::fmt::Debug for Derived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.tensor.fmt(f)
    }
}

impl Model {
    /// errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `MODEL_MALFORMED`, `MODEL_UNSUPPORTED`, `EXTERNAL_DATA`, `ABORTED`
    pub fn open(path: &Path, job: &Job) -> Result<Model> {
        Model::open_with(path, GivenFiles::new(), job)
    }

    /// A model whose external data is in files that are given. `source`: itself; it has no folder.
    ///
    /// errors: as [`Model::open`]
    pub fn with_files(source: Source, given: GivenFiles, job: &Job) -> Result<Model> {
        let path = source.path().map(Path::to_owned);
        let place = |error: Error| match &path {
            Some(path) => error.in_file(path),
            None => error,
        };
        Model::read(source, Folder::none().with(given), job).map_err(place)
    }

    /// The same of a model at a path, whose folder is looked into for what is not given.
    ///
    /// errors: as [`Model::open`]
    pub fn open_with(path: &Path, given: GivenFiles, job: &Job) -> Result<Model> {
        let folder = Folder::of(path).with(given);
        Model::read(Source::open(path)?, folder, job).map_err(|error| error.in_file(path))
    }

    /// A model in memory; external data is an error, as it has no folder.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>, job: &Job) -> Result<Model> {
        Model::with_files(Source::from_bytes(bytes), GivenFiles::new(), job)
    }

    fn read(source: Source, mut folder: Folder, job: &Job) -> Result<Model> {
        let index = onnx::index(&source, &mut folder, job)?;
        let decoded = index.tensors.iter().map(|_| OnceLock::new()).collect();
        let mut sources = vec![source];
        sources.extend(folder.into_sources());
        Ok(Model { index, sources, decoded, derived: OnceLock::new() })
    }

    /// Adds tensors that follow from those there are: type, lengths, and what computes their bytes when they are first read,
    /// which are kept. Their ids come after those of stored tensors.
    ///
    /// errors: `INTERNAL` where that was done before
    pub fn derive(&self, tensors: Vec<(String, DType, Vec<u64>, Compute)>) -> Result<()> {
        let derived = tensors.into_iter().map(|(name, dtype, dims, compute)| {
            let elements = dims.iter().try_fold(1u64, |product, length| product.checked_mul(*length));
            let bytes = elements.and_then(|elements| dtype.bytes(elements));
            let (Some(elements), Some(bytes)) = (elements, bytes) else {
                return Err(Error::internal(format!("a tensor of the lengths {dims:?}")).in_tensor(&name));
            };
            let spans = onnx::TensorSpans::default();
            let data = Data::Derived;
            let (message, stored, external) = (0, 0, None);
            let tensor =
                Tensor { message, name, dtype, dims, elements, bytes, stored, data, external, spans };
            Ok(Derived { tensor, compute, bytes: OnceLock::new() })
        });
        let derived = derived.collect::<Result<Vec<_>>>()?;
        self.derived.set(derived).map_err(|_| Error::internal("tensors are derived a second time"))
    }

    fn derived(&self, id: Id) -> Option<&Derived> {
        self.derived.get()?.get(id.checked_sub(self.index.tensors.len())?)
    }

    /// The bytes of a tensor that no file holds.
    fn computed(&self, id: Id) -> Result<&[u8]> {
        let own = self.derived(id).ok_or_else(|| Error::internal(format!("tensor {id} is not derived")))?;
        let bytes = own.bytes.get_or_init(|| {
            let bytes = (own.compute)(self)?;
            if bytes.len() as u64 != own.tensor.bytes {
                let what = format!("it comes to {} bytes, not {}", bytes.len(), own.tensor.bytes);
                return Err(Error::internal(what).in_tensor(&own.tensor.name));
            }
            Ok(bytes.into())
        });
        match bytes {
            Ok(bytes) => Ok(bytes),
            Err(error) => Err(error.clone()),
        }
    }

    pub fn index(&self) -> &Index {
        &self.index
    }

    /// 0 is the .onnx file; the others hold external data.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Are all of its files what they were when it was opened?
    ///
    /// errors: `FILE_UNREADABLE`
    pub fn check_unchanged(&self) -> Result<()> {
        self.sources.iter().try_for_each(Source::check_unchanged)
    }

    pub fn path(&self) -> Option<&Path> {
        self.sources[0].path()
    }

    /// All stored tensors; a tensor's id is its position.
    pub fn tensors(&self) -> &[Tensor] {
        &self.index.tensors
    }

    /// A stored tensor, or one that was derived.
    ///
    /// errors: `INTERNAL` for an id that does not exist
    pub fn tensor(&self, id: Id) -> Result<&Tensor> {
        let count = self.index.tensors.len();
        self.index
            .tensors
            .get(id)
            .or_else(|| self.derived(id).map(|own| &own.tensor))
            .ok_or_else(|| Error::internal(format!("there is no tensor {id}: the model has {count}")))
    }

    /// Fills `out` with the tensor's bytes from `offset` on, in the form of `raw_data` (little-endian, elements below a
    /// byte packed) however they are stored.
    ///
    /// errors: `FILE_UNREADABLE`; `MODEL_MALFORMED` in typed fields; `INTERNAL` past the end, or for strings
    pub fn read_bytes(&self, id: Id, offset: u64, out: &mut [u8]) -> Result<()> {
        let tensor = self.tensor(id)?;
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > tensor.bytes) {
            let what = format!("read of {} bytes at {offset} of {}", out.len(), tensor.bytes);
            return Err(Error::internal(what).in_tensor(&tensor.name));
        }
        if out.is_empty() {
            return Ok(());
        }
        match &tensor.data {
            Data::Bytes { source, offset: start } => {
                self.sources[*source].read(start + offset, out).map_err(|error| error.in_tensor(&tensor.name))
            }
            Data::Typed(_) => {
                let start = offset as usize;
                out.copy_from_slice(&self.typed(id)?[start..start + out.len()]);
                Ok(())
            }
            Data::Strings(_) => Err(Error::internal("strings have no raw bytes").in_tensor(&tensor.name)),
            Data::Derived => {
                let start = offset as usize;
                out.copy_from_slice(&self.computed(id)?[start..start + out.len()]);
                Ok(())
            }
        }
    }

    /// Fills `out` with the elements from `start` on (counted in row-major order), each as the nearest f32.
    ///
    /// - any real type: floats of 4 to 64 bits, integers of 2 to 64 bits, bool as 0 and 1
    /// - errors: `MODEL_UNSUPPORTED` for strings and complex numbers; else as [`Model::read_bytes`]
    /// - cost: float32 is read straight into `out`; other types through a buffer of a few KiB. Best called with blocks
    ///   of 64 Ki elements or more
    pub fn read_elements_f32(&self, id: Id, start: u64, out: &mut [f32]) -> Result<()> {
        let tensor = self.tensor(id)?;
        if tensor.dtype == DType::Float32 {
            let offset = start.checked_mul(4).ok_or_else(|| Error::internal("position overflows"))?;
            self.read_bytes(id, offset, bytemuck::cast_slice_mut(out))?;
            if cfg!(target_endian = "big") {
                out.iter_mut().for_each(|value| *value = f32::from_bits(u32::from_le(value.to_bits())));
            }
            return Ok(());
        }
        self.read_elements(id, start, out, decode::floats)
    }

    /// The `length` elements from `start` on as kernels take them: as they are stored, where kernels know the type and
    /// `buffer` has room for them, else as f32.
    ///
    /// - `buffer`: `length` numbers at least; what they are afterwards is not said
    /// - errors, cost: as of [`Model::read_elements_f32`]
    pub fn read_stored<'a>(
        &self,
        id: Id,
        start: u64,
        length: usize,
        buffer: &'a mut [f32],
    ) -> Result<Elements<'a>> {
        let tensor = self.tensor(id)?;
        let end = start.checked_add(length as u64).filter(|end| *end <= tensor.elements);
        if let (Some(end), Some(to_elements)) = (end, decode::to_elements(tensor.dtype)) {
            // In range: the tensor's bits were counted without overflow when it was indexed.
            let bits = tensor.dtype.bits();
            let (first, skip) = (start * bits / 8, (start * bits % 8 / bits) as usize);
            let bytes = ((end * bits).div_ceil(8) - first) as usize;
            if bytes <= size_of_val(buffer) {
                let bytes = &mut bytemuck::cast_slice_mut(buffer)[..bytes];
                self.read_bytes(id, first, bytes)?;
                return Ok(to_elements(bytes, skip, length));
            }
        }
        let values = &mut buffer[..length];
        self.read_elements_f32(id, start, values)?;
        Ok(Elements::F32(values))
    }

    /// As [`Model::read_elements_f32`], to f64: exact for every type but 64-bit integers beyond 2^53.
    pub fn read_elements_f64(&self, id: Id, start: u64, out: &mut [f64]) -> Result<()> {
        self.read_elements(id, start, out, decode::numbers)
    }

    fn read_elements<N>(
        &self,
        id: Id,
        start: u64,
        out: &mut [N],
        decode: fn(DType, &[u8], usize, &mut [N]) -> bool,
    ) -> Result<()> {
        let tensor = self.tensor(id)?;
        if !tensor.dtype.is_numeric() {
            let what = format!("its elements are {}, not real numbers", tensor.dtype);
            return Err(Error::new(Code::ModelUnsupported, what).in_tensor(&tensor.name));
        }
        let end = start.checked_add(out.len() as u64).filter(|end| *end <= tensor.elements);
        if end.is_none() {
            let what = format!("read of {} elements at {start} of {}", out.len(), tensor.elements);
            return Err(Error::internal(what).in_tensor(&tensor.name));
        }
        let bits = tensor.dtype.bits();
        let mut buffer = Vec::new();
        let mut first = start;
        for block in out.chunks_mut(BLOCK) {
            // In range: the tensor's bits were counted without overflow when it was indexed.
            let offset = first * bits / 8;
            let skip = (first * bits % 8 / bits) as usize;
            let stop = (first + block.len() as u64) * bits;
            buffer.resize((stop.div_ceil(8) - offset) as usize, 0);
            self.read_bytes(id, offset, &mut buffer)?;
            decode(tensor.dtype, &buffer, skip, block);
            first += block.len() as u64;
        }
        Ok(())
    }

    /// All elements of a small tensor.
    ///
    /// errors: `MODEL_TOO_LARGE` above `most` elements; else as [`Model::read_elements_f64`]
    pub fn read_numbers(&self, id: Id, most: u64) -> Result<Vec<f64>> {
        let tensor = self.tensor(id)?;
        if tensor.elements > most {
            let what = format!("it has {} elements, too many to hand over (most: {most})", tensor.elements);
            return Err(Error::new(Code::ModelTooLarge, what).in_tensor(&tensor.name));
        }
        let mut numbers = vec![0.0; tensor.elements as usize];
        self.read_elements_f64(id, 0, &mut numbers)?;
        Ok(numbers)
    }

    /// The strings of a string tensor.
    pub fn read_strings(&self, id: Id) -> Result<Vec<Vec<u8>>> {
        let tensor = self.tensor(id)?;
        let Data::Strings(strings) = &tensor.data else {
            return Err(Error::internal("it holds no strings").in_tensor(&tensor.name));
        };
        let mut reader = crate::wire::Reader::new(&self.sources[0]);
        strings.iter().map(|range| reader.bytes(range.clone())).collect()
    }

    /// The decoded elements of a tensor in typed fields; decoded once and kept.
    fn typed(&self, id: Id) -> Result<&Arc<[u8]>> {
        let tensor = self.tensor(id)?;
        let Data::Typed(chunks) = &tensor.data else {
            return Err(Error::internal("it has no typed fields").in_tensor(&tensor.name));
        };
        if let Some(bytes) = self.decoded[id].get() {
            return Ok(bytes);
        }
        let bytes = typed::decode(&self.sources[0], chunks, tensor.dtype, tensor.bytes, &Job::new())
            .map_err(|error| error.in_tensor(&tensor.name))?;
        Ok(self.decoded[id].get_or_init(|| bytes.into()))
    }

    /// SHA-256 of the .onnx file, in hexadecimal; external data is not part of it.
    pub fn sha256(&self, job: &Job) -> Result<String> {
        digest::sha256(&self.sources[0], job)
    }

    /// The model as JSON without its weights: a `ModelDocument` of `src/model/document.ts`.
    pub fn describe(&self) -> Result<String> {
        document::json(self)
    }
}
