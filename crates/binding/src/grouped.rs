//! Second moments of convolutions in groups: `espalier_solve::GroupedMoments`.

use std::sync::{Arc, Mutex, PoisonError};

use espalier_solve as solve;
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float64Array};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background};
use crate::error::to_js;
use crate::job::Job;
use crate::moments::Patches;

/// Second moments of inputs and targets in groups. Add one batch after another, as with `Moments`.
#[napi]
pub struct GroupedMoments {
    moments: Shared,
}

type Shared = Arc<Mutex<solve::GroupedMoments>>;

/// A call on them, which waits for those before it.
fn with<T>(shared: &Shared, work: impl FnOnce(&mut solve::GroupedMoments) -> T) -> T {
    work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

#[napi]
impl GroupedMoments {
    /// `inputs`, `outputs`: of each group.
    #[napi(constructor)]
    pub fn new(groups: u32, inputs: u32, outputs: u32) -> napi::Result<GroupedMoments> {
        let made = solve::GroupedMoments::new(groups as usize, inputs as usize, outputs as usize);
        made.map(|moments| GroupedMoments { moments: Arc::new(Mutex::new(moments)) })
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
        let (x, y, moments) = (x.to_vec(), y.to_vec(), self.moments.clone());
        let patches = patches.convert().map_err(|error| to_js(&error))?;
        let work = move |job: &_| with(&moments, |moments| moments.add(&x, &y, &patches, job));
        Ok(AsyncTask::new(background(job, work)))
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
        let (x, y, moments) = (x.to_vec(), y.to_vec(), self.moments.clone());
        let patches = patches.convert().map_err(|error| to_js(&error))?;
        let refit = refit(&weights, &bias);
        let work = move |job: &_| {
            with(&moments, |moments| moments.add_clipped((&x, &y), parts as usize, &patches, &refit, job))
        };
        Ok(AsyncTask::new(background(job, work)))
    }

    /// Adds the samples of others.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn merge(&self, other: &GroupedMoments, job: &Job) -> AsyncTask<Background<()>> {
        let (moments, other) = (self.moments.clone(), other.moments.clone());
        AsyncTask::new(background(job, move |_| {
            let other = with(&other, |other| other.clone());
            with(&moments, |moments| moments.merge(&other))
        }))
    }

    /// Begins with new targets for the same inputs.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn clear_targets(&self, job: &Job) -> AsyncTask<Background<()>> {
        let moments = self.moments.clone();
        AsyncTask::new(background(job, move |_| {
            with(&moments, solve::GroupedMoments::clear_targets);
            Ok(())
        }))
    }

    /// Samples so far.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn count(&self, job: &Job) -> AsyncTask<Background<f64>> {
        let moments = self.moments.clone();
        AsyncTask::new(background(job, move |_| Ok(with(&moments, |moments| moments.count() as f64))))
    }

    /// [groups, in]: means of the inputs.
    #[napi(ts_return_type = "Promise<Float64Array>")]
    pub fn means(&self, job: &Job) -> AsyncTask<Background<Vec<f64>>> {
        let moments = self.moments.clone();
        AsyncTask::new(background(job, move |_| Ok(with(&moments, |moments| moments.input_means()))))
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
        let (moments, near, damping) = (self.moments.clone(), near.to_vec(), damping.to_vec());
        AsyncTask::new(background(job, move |job| {
            with(&moments, |moments| moments.ridge(&near, &damping, intercept, job))
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
        let (moments, refit) = (self.moments.clone(), refit(&weights, &bias));
        AsyncTask::new(background(job, move |_| with(&moments, |moments| moments.errors(&refit))))
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
