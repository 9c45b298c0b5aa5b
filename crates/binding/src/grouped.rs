//! Second moments of convolutions in groups: `espalier_solve::GroupedMoments`.

use espalier_solve as solve;
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float64Array};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background_owning, background_steps};
use crate::error::to_js;
use crate::job::Job;
use crate::moments::Patches;
use crate::serial::Serial;

/// Second moments of inputs and targets in groups. Add one batch after another, as with `Moments`.
#[napi]
pub struct GroupedMoments {
    moments: Serial<solve::GroupedMoments>,
}

#[napi]
impl GroupedMoments {
    /// `inputs`, `outputs`: of each group.
    #[napi(constructor)]
    pub fn new(groups: u32, inputs: u32, outputs: u32) -> napi::Result<GroupedMoments> {
        let made = solve::GroupedMoments::new(groups as usize, inputs as usize, outputs as usize);
        made.map(|moments| GroupedMoments { moments: Serial::new("moments", moments) })
            .map_err(|error| to_js(&error))
    }

    /// Adds a batch: x [n, groups·c, length...], y [n, groups·out, length...]. Both are copied.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn add(
        &self,
        x: &[f32],
        y: &[f32],
        patches: Patches,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<()>>> {
        let (x, y) = (x.to_vec(), y.to_vec());
        let patches = patches.convert().map_err(|error| to_js(&error))?;
        Ok(AsyncTask::new(background_owning(job, self.moments.turn(), move |moments, job| {
            moments.add(&x, &y, &patches, job)
        })))
    }

    /// Adds a batch of targets that are seen between bounds: `solve::GroupedMoments::add_clipped`.
    #[napi(ts_return_type = "Promise<void>")]
    #[allow(clippy::too_many_arguments)]
    pub fn add_clipped(
        &self,
        x: &[f32],
        y: &[f32],
        parts: u32,
        weights: Float64Array,
        bias: Float64Array,
        patches: Patches,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<()>>> {
        let (x, y) = (x.to_vec(), y.to_vec());
        let patches = patches.convert().map_err(|error| to_js(&error))?;
        let refit = refit(&weights, &bias);
        Ok(AsyncTask::new(background_owning(job, self.moments.turn(), move |moments, job| {
            moments.add_clipped((&x, &y), parts as usize, &patches, &refit, job)
        })))
    }

    /// Adds the samples of others.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn merge(&self, other: &GroupedMoments, job: &Job) -> AsyncTask<Background<()>> {
        let (other, moments) = (other.moments.turn(), self.moments.turn());
        AsyncTask::new(background_steps(job, move |threads| {
            let other = other.run(threads, |other, _| Ok(other.clone()))?;
            moments.run(threads, |moments, _| moments.merge(&other))
        }))
    }

    /// Begins with new targets for the same inputs.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn clear_targets(&self, job: &Job) -> AsyncTask<Background<()>> {
        AsyncTask::new(background_owning(job, self.moments.turn(), |moments, _| {
            moments.clear_targets();
            Ok(())
        }))
    }

    /// Samples so far.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn count(&self, job: &Job) -> AsyncTask<Background<f64>> {
        AsyncTask::new(background_owning(job, self.moments.turn(), |moments, _| Ok(moments.count() as f64)))
    }

    /// [groups, in]: means of the inputs.
    #[napi(ts_return_type = "Promise<Float64Array>")]
    pub fn means(&self, job: &Job) -> AsyncTask<Background<Vec<f64>>> {
        AsyncTask::new(background_owning(job, self.moments.turn(), |moments, _| Ok(moments.input_means())))
    }

    /// Least-squares weights near others, with a damping for each group: `solve::GroupedMoments::ridge`.
    #[napi(ts_return_type = "Promise<Refit>")]
    pub fn ridge(
        &self,
        near: Float64Array,
        damping: Float64Array,
        intercept: bool,
        job: &Job,
    ) -> AsyncTask<Background<solve::Refit>> {
        let (near, damping) = (near.to_vec(), damping.to_vec());
        AsyncTask::new(background_owning(job, self.moments.turn(), move |moments, job| {
            moments.ridge(&near, &damping, intercept, job)
        }))
    }

    /// What weights [groups·out, in] and a bias leave of each target, as the mean of its square.
    #[napi(ts_return_type = "Promise<Float64Array>")]
    pub fn errors(
        &self,
        weights: Float64Array,
        bias: Float64Array,
        job: &Job,
    ) -> AsyncTask<Background<Vec<f64>>> {
        let refit = refit(&weights, &bias);
        AsyncTask::new(background_owning(job, self.moments.turn(), move |moments, _| moments.errors(&refit)))
    }
}

fn refit(weights: &Float64Array, bias: &Float64Array) -> solve::Refit {
    solve::Refit { weights: weights.to_vec(), bias: bias.to_vec(), damping: 0.0 }
}

impl IntoJs for f64 {
    type Js<'env> = f64;
    fn into_js(self, _: &Env) -> napi::Result<f64> {
        Ok(self)
    }
}
