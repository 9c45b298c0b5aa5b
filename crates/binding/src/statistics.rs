use std::path::PathBuf;

use espalier_entropy as entropy;
use espalier_tensor::{Code, Error, Result};
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float64ArraySlice, Int32Array};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background};
use crate::error::to_js;
use crate::job::Job;
use crate::model::Model;
use crate::written::Written;

/// Indices of tensors' axes, by the lane that they belong to.
#[napi(object, object_to_js = false)]
pub struct SliceRequest {
    pub lanes: u32,
    pub slices: Vec<Slices>,
}

#[napi(object, object_to_js = false)]
pub struct Slices {
    pub tensor: u32,
    pub axis: u32,
    /// For each index of the axis its lane, or -1.
    pub lanes: Int32Array,
    /// What the tensor's integers stand for; by default themselves.
    pub dequantise: Option<Dequantise>,
}

/// (q - zero point) · scale, by the tensors that hold them.
#[napi(object, object_to_js = false)]
pub struct Dequantise {
    pub scale: Option<u32>,
    pub zero_point: Option<u32>,
    /// Where scale and zero point lie, unless they are one for all.
    pub axis: u32,
    /// Neighbouring indices of the axis that share a scale.
    pub block: Option<u32>,
}

#[napi(object, object_to_js = false)]
pub struct Statistic {
    #[napi(ts_type = "'entropy' | 'mass' | 'abs-sum' | 'square-sum' | 'variance' | 'distance'")]
    pub kind: String,
    /// Of an entropy: 2 to 65536; by default 256.
    pub bins: Option<u32>,
    /// Of an entropy: corrects its bias; by default not.
    pub miller_madow: Option<bool>,
    /// Of an entropy: what its bins span; by default all of the request's values.
    #[napi(ts_type = "'group' | 'tensor'")]
    pub range: Option<String>,
}

/// A tensor, and the name of its array in an `.npz`.
#[napi(object, object_to_js = false)]
pub struct NamedTensor {
    pub tensor: u32,
    pub name: String,
}

#[napi]
impl Model {
    /// A statistic of the weights of each lane of each request: `entropy::statistics`.
    #[napi(ts_return_type = "Promise<Float64Array[]>")]
    pub fn statistics(
        &self,
        requests: Vec<SliceRequest>,
        statistic: Statistic,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<Vec<Vec<f64>>>>> {
        let model = self.get()?;
        let statistic = statistic.convert().map_err(|error| to_js(&error))?;
        let requests: Vec<Request> = requests.into_iter().map(SliceRequest::convert).collect();
        Ok(AsyncTask::new(background(job, move |job| {
            let groups =
                requests.into_iter().map(|request| request.read(&model)).collect::<Result<Vec<_>>>()?;
            entropy::statistics(&model, &groups, statistic, &entropy::Run::new(job))
        })))
    }

    /// Writes every weight's own term of the entropy of its tensor to an `.npz` beside `path`: `entropy::terms_beside`.
    #[napi(ts_return_type = "Promise<Written>")]
    pub fn write_terms(
        &self,
        path: String,
        tensors: Vec<NamedTensor>,
        force: bool,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<Written>>> {
        let model = self.get()?;
        let path = PathBuf::from(path);
        let tensors: Vec<entropy::Named> = tensors
            .into_iter()
            .map(|NamedTensor { tensor, name }| entropy::Named { tensor: tensor as usize, name })
            .collect();
        Ok(AsyncTask::new(background(job, move |job| {
            let run = entropy::Run::new(job);
            let terms = entropy::terms_beside(&model, &tensors, &path, force, &run)?;
            Ok(Written::new(terms.bytes(), 0, || terms.place().map(drop)))
        })))
    }
}

/// A request whose scales are still to be read.
struct Request {
    group: entropy::Group,
    scaled: Vec<Option<entropy::ScaledBy>>,
}

impl SliceRequest {
    fn convert(self) -> Request {
        let (slices, scaled) = self.slices.into_iter().map(Slices::convert).unzip();
        Request { group: entropy::Group { classes: self.lanes as usize, slices }, scaled }
    }
}

impl Slices {
    fn convert(self) -> (entropy::Slice, Option<entropy::ScaledBy>) {
        let by = |by: Dequantise| entropy::ScaledBy {
            scale: by.scale.map(|tensor| tensor as usize),
            zero_point: by.zero_point.map(|tensor| tensor as usize),
            axis: by.axis as usize,
            block: by.block.map(u64::from),
        };
        let slice = entropy::Slice {
            tensor: self.tensor as usize,
            axis: self.axis as usize,
            classes: self.lanes.to_vec(),
            scaling: None,
        };
        (slice, self.dequantise.map(by))
    }
}

impl Request {
    fn read(mut self, model: &espalier_tensor::Model) -> Result<entropy::Group> {
        for (slice, by) in self.group.slices.iter_mut().zip(self.scaled) {
            slice.scaling = by.map(|by| entropy::Scaling::read(model, slice.tensor, by)).transpose()?;
        }
        Ok(self.group)
    }
}

impl Statistic {
    /// errors: `OPTION_INVALID` for a kind or a range that there is not
    fn convert(self) -> Result<entropy::Statistic> {
        let unknown = |what: String| Err(Error::new(Code::OptionInvalid, what));
        let range = match self.range.as_deref() {
            None | Some("group") => entropy::Range::Group,
            Some("tensor") => entropy::Range::Tensor,
            Some(range) => return unknown(format!("there is no range \"{range}\": take group or tensor")),
        };
        match self.kind.as_str() {
            "entropy" => Ok(entropy::Statistic::Entropy {
                bins: self.bins.map_or(256, |bins| bins as usize),
                miller_madow: self.miller_madow.unwrap_or(false),
                range,
            }),
            "mass" => Ok(entropy::Statistic::Mass),
            "abs-sum" => Ok(entropy::Statistic::AbsSum),
            "square-sum" => Ok(entropy::Statistic::SquareSum),
            "variance" => Ok(entropy::Statistic::Variance),
            "distance" => Ok(entropy::Statistic::Distance),
            kind => unknown(format!("there is no statistic \"{kind}\"")),
        }
    }
}

impl IntoJs for Vec<Vec<f64>> {
    type Js<'env> = Vec<Float64ArraySlice<'env>>;
    fn into_js(self, env: &Env) -> napi::Result<Vec<Float64ArraySlice<'_>>> {
        self.iter().map(|values| Float64ArraySlice::copy_from(env, values)).collect()
    }
}
