use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use espalier_surgery as surgery;
use espalier_tensor::{Code, Error, Given, GivenFiles, Source};
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float32ArraySlice, Float64ArraySlice, Uint8Array};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background, background_alone};
use crate::edits::Edits;
use crate::error::to_js;
use crate::job::Job;
use crate::written::Written;

/// Most elements that `numbers` hands over.
const MOST_NUMBERS: u64 = 1 << 20;

/// An opened model. Its files stay open until it is disposed of.
#[napi]
pub struct Model {
    model: Mutex<Option<Arc<espalier_tensor::Model>>>,
}

/// Opens the model at `path` without loading its weights. Its external data is looked for in `given`, and in its folder.
#[napi(ts_return_type = "Promise<Model>")]
pub fn open_file(path: String, given: Vec<ExternalFile>, job: &Job) -> AsyncTask<Background<Model>> {
    let (path, given) = (PathBuf::from(path), files(given));
    AsyncTask::new(background_alone(job, move |job| {
        espalier_tensor::Model::open_with(&path, given, job).map(Model::new)
    }))
}

/// The same of a file whose folder means nothing.
#[napi(ts_return_type = "Promise<Model>")]
pub fn open_lone(path: String, given: Vec<ExternalFile>, job: &Job) -> AsyncTask<Background<Model>> {
    let (path, given) = (PathBuf::from(path), files(given));
    AsyncTask::new(background_alone(job, move |job| {
        espalier_tensor::Model::with_files(Source::open(&path)?, given, job).map(Model::new)
    }))
}

/// Opens a model in memory. The bytes are copied.
#[napi(ts_return_type = "Promise<Model>")]
pub fn open_bytes(bytes: &[u8], given: Vec<ExternalFile>, job: &Job) -> AsyncTask<Background<Model>> {
    let (bytes, given): (Arc<[u8]>, _) = (bytes.into(), files(given));
    AsyncTask::new(background_alone(job, move |job| {
        espalier_tensor::Model::with_files(Source::from_bytes(bytes), given, job).map(Model::new)
    }))
}

/// A file of external data, given beside the model.
#[napi(object, object_to_js = false)]
pub struct ExternalFile {
    /// As the model names it.
    pub location: String,
    /// Where it lies; without one its bytes are given, which are copied.
    pub path: Option<String>,
    pub bytes: Option<Uint8Array>,
}

fn files(given: Vec<ExternalFile>) -> GivenFiles {
    let file = |path: Option<String>, bytes: Option<Uint8Array>| match path {
        Some(path) => Given::Path(PathBuf::from(path)),
        None => Given::Bytes(bytes.map_or_else(Arc::default, |bytes| bytes.as_ref().into())),
    };
    given.into_iter().map(|ExternalFile { location, path, bytes }| (location, file(path, bytes))).collect()
}

#[napi]
impl Model {
    /// The model without its weights: the JSON of a `ModelDocument`.
    #[napi]
    pub fn describe(&self) -> napi::Result<String> {
        self.get()?.describe().map_err(|error| to_js(&error))
    }

    /// All elements of a small tensor, at most 2^20.
    #[napi(ts_return_type = "Float64Array")]
    pub fn numbers<'env>(&self, env: &'env Env, tensor: u32) -> napi::Result<Float64ArraySlice<'env>> {
        let numbers =
            self.get()?.read_numbers(tensor as usize, MOST_NUMBERS).map_err(|error| to_js(&error))?;
        Float64ArraySlice::copy_from(env, &numbers)
    }

    /// All elements of a stored tensor of floats, as float32.
    #[napi(ts_return_type = "Promise<Float32Array>")]
    pub fn floats(&self, tensor: u32, job: &Job) -> napi::Result<AsyncTask<Background<Vec<f32>>>> {
        let model = self.get()?;
        Ok(AsyncTask::new(background_alone(job, move |_| {
            let id = tensor as usize;
            let elements = model.tensor(id)?.elements;
            let mut floats = vec![0.0; elements as usize];
            model.read_elements_f32(id, 0, &mut floats)?;
            Ok(floats)
        })))
    }

    /// SHA-256 of the .onnx file, in hexadecimal.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn sha256(&self, job: &Job) -> napi::Result<AsyncTask<Background<String>>> {
        let model = self.get()?;
        Ok(AsyncTask::new(background(job, move |job| model.sha256(job))))
    }

    /// Writes the edited model beside `path`; its external data, and all large data of 2 GiB or more, beside `path` + ".data".
    #[napi(ts_return_type = "Promise<Written>")]
    pub fn save(
        &self,
        path: String,
        edits: Edits,
        options: SaveOptions,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<Written>>> {
        let (model, edits) = (self.get()?, edits.convert().map_err(|error| to_js(&error))?);
        let path = PathBuf::from(path);
        Ok(AsyncTask::new(background(job, move |job| {
            let written = surgery::write(&model, &edits, &path, options.force, job)?;
            let saved = written.saved();
            Ok(Written::new(saved.bytes, saved.external_bytes, || written.place().map(drop)))
        })))
    }

    /// The edited model in memory, its external data moved into it.
    #[napi(ts_return_type = "Promise<Uint8Array>")]
    pub fn save_to_bytes(&self, edits: Edits, job: &Job) -> napi::Result<AsyncTask<Background<Vec<u8>>>> {
        let (model, edits) = (self.get()?, edits.convert().map_err(|error| to_js(&error))?);
        Ok(AsyncTask::new(background(job, move |job| surgery::save_to_bytes(&model, &edits, job))))
    }

    /// Closes its files. Calls that are under way finish.
    #[napi]
    pub fn dispose(&self) {
        self.lock().take();
    }
}

impl Model {
    fn new(model: espalier_tensor::Model) -> Model {
        Model { model: Mutex::new(Some(Arc::new(model))) }
    }

    /// errors: `OPTION_INVALID` once it was disposed of
    pub(crate) fn get(&self) -> napi::Result<Arc<espalier_tensor::Model>> {
        self.lock().clone().ok_or_else(|| {
            to_js(&Error::new(Code::OptionInvalid, "the model was closed").todo("Open it again."))
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<espalier_tensor::Model>>> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IntoJs for Vec<f32> {
    type Js<'env> = Float32ArraySlice<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Float32ArraySlice<'_>> {
        Float32ArraySlice::copy_from(env, &self)
    }
}

impl IntoJs for Model {
    type Js<'env> = Model;
    fn into_js(self, _: &Env) -> napi::Result<Model> {
        Ok(self)
    }
}

#[napi(object, object_to_js = false)]
pub struct SaveOptions {
    /// Replace an existing output.
    pub force: bool,
}
