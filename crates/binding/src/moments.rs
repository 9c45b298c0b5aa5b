//! Second moments, and what is solved from them: `espalier-solve`.

use std::sync::Arc;

use espalier_solve as solve;
use espalier_tensor::{Code, Error, Result};
use napi::Env;
use napi::bindgen_prelude::{
    AsyncTask, ClassInstance, Float32Array, Float32ArraySlice, Float64Array, Float64ArraySlice, Uint32Array,
    Uint32ArraySlice,
};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background, background_owning, background_steps};
use crate::error::to_js;
use crate::job::Job;
use crate::serial::{Serial, Turn};
use crate::threads::Threads;

/// Second moments of a consumer's inputs and targets. Calls are carried out in the order in which they are made.
#[napi]
pub struct Moments {
    moments: Serial<Held>,
}

/// A call that reads them keeps what it began with; one that adds meanwhile makes a copy.
struct Held {
    moments: Arc<solve::Moments>,
    pending: solve::Pending,
}

impl Held {
    /// For what changes them. Nothing waits then.
    fn settled(&mut self, job: &espalier_tensor::Job) -> Result<&mut solve::Moments> {
        let moments = Arc::make_mut(&mut self.moments);
        self.pending.settle(moments, job)?;
        self.pending.release();
        Ok(moments)
    }
}

/// The moments as they are at that turn, with all that was added before.
fn read(turn: Turn<Held>, threads: &Threads) -> Result<Arc<solve::Moments>> {
    turn.run(threads, |held, job| {
        held.settled(job)?;
        Ok(held.moments.clone())
    })
}

/// A call that reads the moments: what is called later need not wait until it is done.
fn reading<T: IntoJs>(
    job: &Job,
    turn: Turn<Held>,
    compute: impl FnOnce(&solve::Moments, &espalier_tensor::Job) -> Result<T> + Send + 'static,
) -> AsyncTask<Background<T>> {
    AsyncTask::new(background_steps(job, move |threads| {
        let moments = read(turn, threads)?;
        threads.run(|job| compute(&moments, job))
    }))
}

#[napi(object, object_to_js = false)]
pub struct Patches {
    pub batch: u32,
    pub channels: u32,
    pub lengths: Vec<u32>,
    pub kernel: Vec<u32>,
    pub strides: Vec<u32>,
    pub dilations: Vec<u32>,
    /// Zeros before each axis, then after each.
    pub pads: Vec<u32>,
    /// Of each so many positions one is taken; by default all.
    pub every: Option<u32>,
}

impl Patches {
    /// errors: `INTERNAL` for another number of pads than two for each axis
    pub(crate) fn convert(self) -> Result<solve::Patches> {
        let sizes = |values: &[u32]| values.iter().map(|&value| value as usize).collect::<Vec<_>>();
        let rank = self.lengths.len();
        if self.pads.len() != 2 * rank {
            return Err(Error::internal(format!("{} pads for {rank} axes", self.pads.len())));
        }
        let (before, after) = self.pads.split_at(rank);
        Ok(solve::Patches {
            batch: self.batch as usize,
            channels: self.channels as usize,
            lengths: sizes(&self.lengths),
            kernel: sizes(&self.kernel),
            strides: sizes(&self.strides),
            dilations: sizes(&self.dilations),
            pads: sizes(before).into_iter().zip(sizes(after)).collect(),
            every: self.every.map_or(1, |every| every as usize),
        })
    }
}

#[napi]
impl Moments {
    /// `precision`: of products; sums are f64, but for `compact`.
    #[napi(constructor)]
    pub fn new(
        inputs: u32,
        outputs: u32,
        #[napi(ts_arg_type = "'double' | 'single' | 'compact'")] precision: Option<String>,
    ) -> napi::Result<Moments> {
        let made = precision_of(precision.as_deref())
            .and_then(|precision| solve::Moments::new(inputs as usize, outputs as usize, precision));
        made.map(Moments::from_solve).map_err(|error| to_js(&error))
    }

    /// Adds a batch: x [rows, in], y [rows, out], or patches of x [n, c, length...], y [n, out, length...]. Both are copied.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn add(
        &self,
        x: &[f32],
        y: &[f32],
        patches: Option<Patches>,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<()>>> {
        let (x, y) = (x.to_vec(), y.to_vec());
        let patches = patches.map(Patches::convert).transpose().map_err(|error| to_js(&error))?;
        Ok(AsyncTask::new(background_owning(job, self.moments.turn(), move |held, job| {
            let Held { moments, pending } = held;
            pending.add(Arc::make_mut(moments), (&x, &y), patches.as_ref(), job)
        })))
    }

    /// Adds the samples of others.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn merge(&self, other: &Moments, job: &Job) -> AsyncTask<Background<()>> {
        let (other, moments) = (other.moments.turn(), self.moments.turn());
        AsyncTask::new(background_steps(job, move |threads| {
            let other = read(other, threads)?;
            moments.run(threads, |held, job| held.settled(job)?.merge(&other))
        }))
    }

    /// Gives them the targets W x, of weights W [out, in]: `solve::Moments::respond`.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn respond(&self, weights: Float32Array, outputs: u32, job: &Job) -> AsyncTask<Background<()>> {
        let weights = weights.to_vec();
        AsyncTask::new(background_owning(job, self.moments.turn(), move |held, job| {
            held.settled(job)?.respond(&weights, outputs as usize)
        }))
    }

    /// Samples, means and variances so far.
    #[napi(ts_return_type = "Promise<MomentsSummary>")]
    pub fn summary(&self, job: &Job) -> AsyncTask<Background<Summary>> {
        reading(job, self.moments.turn(), |moments, _| {
            Ok(Summary {
                count: moments.count() as f64,
                input_means: moments.input_means(),
                input_variances: moments.input_variances(),
                output_means: moments.output_means(),
                output_variances: moments.output_variances(),
            })
        })
    }

    /// Covariances of the inputs, [in, in], and of inputs and targets, [in, out].
    #[napi(ts_return_type = "Promise<Float64Array[]>")]
    pub fn covariances(&self, job: &Job) -> AsyncTask<Background<Vec<Vec<f64>>>> {
        reading(job, self.moments.turn(), |moments, _| {
            let (n, out) = (moments.inputs(), moments.outputs());
            let own = (0..n * n).map(|i| moments.input_covariance(i / n, i % n)).collect();
            let cross = (0..n * out).map(|i| moments.cross_covariance(i / out, i % out)).collect();
            Ok(vec![own, cross])
        })
    }

    /// Least-squares weights of the targets on the inputs that stay: `solve::ridge`, or without intercept; near weights
    /// [out, keep]: `solve::ridge_near`.
    #[napi(ts_return_type = "Promise<Refit>")]
    pub fn ridge(
        &self,
        keep: Uint32Array,
        damping: f64,
        intercept: bool,
        near: Option<Float64Array>,
        job: &Job,
    ) -> AsyncTask<Background<solve::Refit>> {
        let keep = indices(&keep);
        let near = near.map(|near| near.to_vec());
        reading(job, self.moments.turn(), move |moments, job| match near {
            Some(near) => solve::ridge_near(moments, &keep, &near, damping, intercept, job),
            None if intercept => solve::ridge(moments, &keep, damping, job),
            None => solve::ridge_through_zero(moments, &keep, damping, job),
        })
    }

    /// What weights [out, keep] and a bias leave of each target, as the mean of its square: `solve::Refit::errors`.
    #[napi(ts_return_type = "Promise<Float64Array>")]
    pub fn errors(
        &self,
        keep: Uint32Array,
        weights: Float64Array,
        bias: Float64Array,
        job: &Job,
    ) -> AsyncTask<Background<Vec<f64>>> {
        let keep = indices(&keep);
        let refit = solve::Refit { weights: weights.to_vec(), bias: bias.to_vec(), damping: 0.0 };
        reading(job, self.moments.turn(), move |moments, _| refit.errors(moments, &keep))
    }

    /// Entropies of blocks of inputs: `solve::information`.
    #[napi(ts_return_type = "Promise<BlockInformation>")]
    pub fn information(
        &self,
        blocks: Vec<Uint32Array>,
        damping: f64,
        job: &Job,
    ) -> AsyncTask<Background<solve::Information>> {
        let blocks: Vec<_> = blocks.iter().map(indices).collect();
        reading(job, self.moments.turn(), move |moments, job| {
            solve::information(moments, &blocks, damping, job)
        })
    }

    /// Mean and covariance of W x, scaled and shifted: `solve::responses`.
    #[napi(ts_return_type = "Promise<Responses>")]
    pub fn responses(
        &self,
        weights: Float32Array,
        scale: Float64Array,
        shift: Float64Array,
        job: &Job,
    ) -> AsyncTask<Background<solve::Responses>> {
        let (weights, scale, shift) = (weights.to_vec(), scale.to_vec(), shift.to_vec());
        reading(job, self.moments.turn(), move |moments, _| {
            solve::responses(moments, &weights, (&scale, &shift))
        })
    }

    /// Multiplies each target by a factor.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn scale_targets(&self, factors: Float64Array, job: &Job) -> AsyncTask<Background<()>> {
        let factors = factors.to_vec();
        AsyncTask::new(background_owning(job, self.moments.turn(), move |held, job| {
            held.settled(job)?.scale_targets(&factors)
        }))
    }
}

/// Factors of products that are summed over so many dims: `solve::logits`.
#[napi(ts_return_type = "Promise<Logits>")]
pub fn logits(
    left: Float64Array,
    right: Float64Array,
    dims: u32,
    job: &Job,
) -> AsyncTask<Background<solve::Logits>> {
    let (left, right) = (left.to_vec(), right.to_vec());
    AsyncTask::new(background(job, move |job| solve::logits(&left, &right, dims as usize, job)))
}

impl Moments {
    fn from_solve(moments: solve::Moments) -> Moments {
        let held = Held { moments: Arc::new(moments), pending: solve::Pending::default() };
        Moments { moments: Serial::new("moments", held) }
    }
}

/// The order in which blocks leave, priced at all consumers: `solve::obs`. For each of the moments its blocks and weight.
#[napi(ts_return_type = "Promise<RemovalOrder>")]
pub fn removal_order(
    moments: Vec<ClassInstance<Moments>>,
    blocks: Vec<Vec<Uint32Array>>,
    weights: Vec<f64>,
    damping: f64,
    stay: u32,
    job: &Job,
) -> napi::Result<AsyncTask<Background<solve::Order>>> {
    let turns: Vec<_> = moments.iter().map(|moments| moments.moments.turn()).collect();
    let blocks: Vec<Vec<_>> = blocks.iter().map(|blocks| blocks.iter().map(indices).collect()).collect();
    if (blocks.len(), weights.len()) != (turns.len(), turns.len()) {
        let what =
            format!("{} moments, {} lists of blocks, {} weights", turns.len(), blocks.len(), weights.len());
        return Err(to_js(&Error::internal(what)));
    }
    Ok(AsyncTask::new(background_steps(job, move |threads| {
        let moments: Vec<_> = turns.into_iter().map(|turn| read(turn, threads)).collect::<Result<_>>()?;
        let consumers: Vec<_> = moments
            .iter()
            .zip(&blocks)
            .zip(weights)
            .map(|((moments, blocks), weight)| solve::Consumer { moments, blocks, weight })
            .collect();
        threads.run(|job| solve::obs(&consumers, damping, stay as usize, job))
    })))
}

/// Patches of x [n, c, length...] as rows, those that `every` leaves: `solve::sampled`. On this thread, since it is a short copy.
#[napi(catch_unwind, ts_return_type = "Float32Array")]
pub fn sampled<'env>(env: &'env Env, x: &[f32], patches: Patches) -> napi::Result<Float32ArraySlice<'env>> {
    let rows = patches.convert().and_then(|patches| solve::sampled(x, &patches));
    Float32ArraySlice::copy_from(env, &rows.map_err(|error| to_js(&error))?)
}

pub(crate) fn precision_of(name: Option<&str>) -> Result<solve::Precision> {
    match name {
        None | Some("double") => Ok(solve::Precision::Double),
        Some("single") => Ok(solve::Precision::Single),
        Some("compact") => Ok(solve::Precision::Compact),
        Some(name) => {
            let what = format!("there is no precision \"{name}\": take double, single or compact");
            Err(Error::new(Code::OptionInvalid, what))
        }
    }
}

fn indices(values: &Uint32Array) -> Vec<usize> {
    values.iter().map(|&value| value as usize).collect()
}

/// What `summary` gives.
pub struct Summary {
    count: f64,
    input_means: Vec<f64>,
    input_variances: Vec<f64>,
    output_means: Vec<f64>,
    output_variances: Vec<f64>,
}

#[napi(object, object_from_js = false)]
pub struct MomentsSummary<'env> {
    /// Samples.
    pub count: f64,
    pub input_means: Float64ArraySlice<'env>,
    pub input_variances: Float64ArraySlice<'env>,
    pub output_means: Float64ArraySlice<'env>,
    pub output_variances: Float64ArraySlice<'env>,
}

#[napi(object, object_from_js = false)]
pub struct Refit<'env> {
    /// [out, keep].
    pub weights: Float64ArraySlice<'env>,
    /// [out].
    pub bias: Float64ArraySlice<'env>,
    /// The damping that it took.
    pub damping: f64,
}

/// In bits, one number for each block.
#[napi(object, object_from_js = false)]
pub struct BlockInformation<'env> {
    pub entropy: Float64ArraySlice<'env>,
    pub conditional: Float64ArraySlice<'env>,
    pub redundancy: Float64ArraySlice<'env>,
    /// The damping that it took.
    pub damping: f64,
}

#[napi(object, object_from_js = false)]
pub struct Responses<'env> {
    pub means: Float64ArraySlice<'env>,
    /// [n, n].
    pub covariance: Float64ArraySlice<'env>,
}

#[napi(object, object_from_js = false)]
pub struct Logits<'env> {
    /// Falling, [d].
    pub strengths: Float64ArraySlice<'env>,
    /// [d, d]: the first columns of both are the best factors of that rank.
    pub left: Float64ArraySlice<'env>,
    pub right: Float64ArraySlice<'env>,
}

/// Blocks in the order in which they leave, and what each cost.
#[napi(object, object_from_js = false)]
pub struct RemovalOrder<'env> {
    pub blocks: Uint32ArraySlice<'env>,
    pub prices: Float64ArraySlice<'env>,
    /// The damping that each consumer took.
    pub damping: Float64ArraySlice<'env>,
}

impl IntoJs for () {
    type Js<'env> = ();
    fn into_js(self, _: &Env) -> napi::Result<()> {
        Ok(())
    }
}

impl IntoJs for Vec<f64> {
    type Js<'env> = Float64ArraySlice<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Float64ArraySlice<'_>> {
        Float64ArraySlice::copy_from(env, &self)
    }
}

impl IntoJs for Summary {
    type Js<'env> = MomentsSummary<'env>;
    fn into_js(self, env: &Env) -> napi::Result<MomentsSummary<'_>> {
        Ok(MomentsSummary {
            count: self.count,
            input_means: Float64ArraySlice::copy_from(env, &self.input_means)?,
            input_variances: Float64ArraySlice::copy_from(env, &self.input_variances)?,
            output_means: Float64ArraySlice::copy_from(env, &self.output_means)?,
            output_variances: Float64ArraySlice::copy_from(env, &self.output_variances)?,
        })
    }
}

impl IntoJs for solve::Refit {
    type Js<'env> = Refit<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Refit<'_>> {
        Ok(Refit {
            weights: Float64ArraySlice::copy_from(env, &self.weights)?,
            bias: Float64ArraySlice::copy_from(env, &self.bias)?,
            damping: self.damping,
        })
    }
}

impl IntoJs for solve::Information {
    type Js<'env> = BlockInformation<'env>;
    fn into_js(self, env: &Env) -> napi::Result<BlockInformation<'_>> {
        Ok(BlockInformation {
            entropy: Float64ArraySlice::copy_from(env, &self.entropy)?,
            conditional: Float64ArraySlice::copy_from(env, &self.conditional)?,
            redundancy: Float64ArraySlice::copy_from(env, &self.redundancy)?,
            damping: self.damping,
        })
    }
}

impl IntoJs for solve::Responses {
    type Js<'env> = Responses<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Responses<'_>> {
        Ok(Responses {
            means: Float64ArraySlice::copy_from(env, &self.means)?,
            covariance: Float64ArraySlice::copy_from(env, &self.covariance)?,
        })
    }
}

impl IntoJs for solve::Logits {
    type Js<'env> = Logits<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Logits<'_>> {
        Ok(Logits {
            strengths: Float64ArraySlice::copy_from(env, &self.strengths)?,
            left: Float64ArraySlice::copy_from(env, &self.left)?,
            right: Float64ArraySlice::copy_from(env, &self.right)?,
        })
    }
}

impl IntoJs for solve::Order {
    type Js<'env> = RemovalOrder<'env>;
    fn into_js(self, env: &Env) -> napi::Result<RemovalOrder<'_>> {
        let blocks: Vec<u32> = self.blocks.iter().map(|&block| block as u32).collect();
        Ok(RemovalOrder {
            blocks: Uint32ArraySlice::copy_from(env, &blocks)?,
            prices: Float64ArraySlice::copy_from(env, &self.prices)?,
            damping: Float64ArraySlice::copy_from(env, &self.damping)?,
        })
    }
}
