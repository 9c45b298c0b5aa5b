//! Statistics of what lanes hold on data, batch by batch: `entropy::Activations`.

use espalier_entropy as entropy;
use espalier_tensor::{Code, Error, Result};
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float64ArraySlice};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background_owning};
use crate::job::Job;
use crate::serial::Serial;

/// Statistics of the lanes of one value. Calls are carried out in the order in which they are made.
#[napi]
pub struct Activations {
    activations: Serial<entropy::Activations>,
}

/// A value for some samples, seen as [outer, n, inner].
#[napi(object, object_to_js = false)]
pub struct ActivationShape {
    /// The value's name, for errors.
    pub value: String,
    pub outer: u32,
    pub inner: u32,
}

#[napi(object, object_to_js = false)]
pub struct HistogramOptions {
    /// 2 to 65536.
    pub bins: u32,
    #[napi(ts_type = "'equal' | 'quantile'")]
    pub binning: String,
    #[napi(ts_type = "'group' | 'lane'")]
    pub range: String,
}

/// One number for each lane.
#[napi(object, object_from_js = false)]
pub struct ActivationSummary<'env> {
    pub count: Float64ArraySlice<'env>,
    pub mean: Float64ArraySlice<'env>,
    pub variance: Float64ArraySlice<'env>,
    pub mean_abs: Float64ArraySlice<'env>,
    pub mean_square: Float64ArraySlice<'env>,
    pub zero_rate: Float64ArraySlice<'env>,
    pub min: Float64ArraySlice<'env>,
    pub max: Float64ArraySlice<'env>,
    /// The entropy of a Gaussian of that variance, in bits.
    pub gaussian: Float64ArraySlice<'env>,
    /// The lane's own term -p log2 p of the mass, in bits.
    pub mass: Float64ArraySlice<'env>,
}

#[napi]
impl Activations {
    /// `sample`: values of each lane that are kept for quantiles.
    #[napi(constructor)]
    pub fn new(lanes: u32, sample: u32) -> Activations {
        let activations = entropy::Activations::new(lanes as usize, sample as usize);
        Activations { activations: Serial::new("statistics", activations) }
    }

    /// First pass: adds a batch, [outer, n, inner], with the lane of each of the n, or -1. Both are copied.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn add(
        &self,
        values: &[f32],
        lanes: &[i32],
        shape: ActivationShape,
        job: &Job,
    ) -> AsyncTask<Background<()>> {
        self.sweep(values, lanes, shape, job, entropy::Activations::add)
    }

    /// Between the passes: lays out the bins.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn bins(&self, options: HistogramOptions, job: &Job) -> AsyncTask<Background<()>> {
        AsyncTask::new(background_owning(job, self.activations.turn(), move |activations, _| {
            let (edges, span) = options.convert()?;
            activations.bins(edges, span, options.bins as usize)
        }))
    }

    /// Second pass: counts a batch that was added before.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn count(
        &self,
        values: &[f32],
        lanes: &[i32],
        shape: ActivationShape,
        job: &Job,
    ) -> AsyncTask<Background<()>> {
        self.sweep(values, lanes, shape, job, entropy::Activations::count)
    }

    /// What the first pass found.
    #[napi(ts_return_type = "Promise<ActivationSummary>")]
    pub fn summary(&self, job: &Job) -> AsyncTask<Background<Found>> {
        AsyncTask::new(background_owning(job, self.activations.turn(), |activations, _| {
            let (gaussian, mass) = (activations.gaussian(), activations.mass());
            Ok(Found { summary: activations.summary(), gaussian, mass })
        }))
    }

    /// Entropies of the histograms that the second pass made, in bits.
    #[napi(ts_return_type = "Promise<Float64Array>")]
    pub fn entropy(&self, miller_madow: bool, job: &Job) -> AsyncTask<Background<Vec<f64>>> {
        AsyncTask::new(background_owning(job, self.activations.turn(), move |activations, _| {
            Ok(activations.entropy(miller_madow))
        }))
    }
}

type Pass = fn(&mut entropy::Activations, &entropy::Batch<'_>, &entropy::Run<'_>) -> Result<()>;

impl Activations {
    fn sweep(
        &self,
        values: &[f32],
        lanes: &[i32],
        shape: ActivationShape,
        job: &Job,
        pass: Pass,
    ) -> AsyncTask<Background<()>> {
        let (values, lanes) = (values.to_vec(), lanes.to_vec());
        AsyncTask::new(background_owning(job, self.activations.turn(), move |activations, job| {
            let batch = entropy::Batch {
                name: &shape.value,
                values: &values,
                outer: shape.outer as usize,
                inner: shape.inner as usize,
                classes: &lanes,
            };
            pass(activations, &batch, &entropy::Run::new(job))
        }))
    }
}

impl HistogramOptions {
    /// errors: `OPTION_INVALID` for a binning or a range that there is not
    pub(crate) fn convert(&self) -> Result<(entropy::Edges, entropy::Span)> {
        let unknown = |what: String| Err(Error::new(Code::OptionInvalid, what));
        let edges = match self.binning.as_str() {
            "equal" => entropy::Edges::Width,
            "quantile" => entropy::Edges::Quantile,
            binning => return unknown(format!("there is no binning \"{binning}\": take equal or quantile")),
        };
        let span = match self.range.as_str() {
            "group" => entropy::Span::Shared,
            "lane" => entropy::Span::Own,
            range => return unknown(format!("there is no range \"{range}\": take group or lane")),
        };
        Ok((edges, span))
    }
}

/// What `summary` gives.
pub struct Found {
    summary: entropy::Summary,
    gaussian: Vec<f64>,
    mass: Vec<f64>,
}

impl IntoJs for Found {
    type Js<'env> = ActivationSummary<'env>;
    fn into_js(self, env: &Env) -> napi::Result<ActivationSummary<'_>> {
        let Found { summary, gaussian, mass } = self;
        let copied = |values: &[f64]| Float64ArraySlice::copy_from(env, values);
        Ok(ActivationSummary {
            count: copied(&summary.count)?,
            mean: copied(&summary.mean)?,
            variance: copied(&summary.variance)?,
            mean_abs: copied(&summary.mean_abs)?,
            mean_square: copied(&summary.mean_square)?,
            zero_rate: copied(&summary.zero_rate)?,
            min: copied(&summary.min)?,
            max: copied(&summary.max)?,
            gaussian: copied(&gaussian)?,
            mass: copied(&mass)?,
        })
    }
}
