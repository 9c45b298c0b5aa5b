//! Least squares on examples that are held: `espalier_solve::Regression`.

use espalier_solve as solve;
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float32Array, Float64Array, Float64ArraySlice};
use napi_derive::napi;

use crate::background::{Background, IntoJs, background, background_owning};
use crate::error::to_js;
use crate::job::Job;
use crate::moments::{Patches, precision_of};
use crate::serial::Serial;

/// Examples of a layer, and the weights that fit them. Calls are carried out in the order in which they are made.
#[napi]
pub struct Regression {
    regression: Serial<solve::Regression>,
}

#[napi(object, object_to_js = false)]
pub struct Solving {
    pub dampings: Float64Array,
    pub damping: f64,
    /// [out, in].
    pub near: Option<Float64Array>,
    pub intercept: bool,
    pub rounds: u32,
}

#[napi]
impl Regression {
    /// `parts`: 1 for targets as they are, 2 with lower bounds, 3 with upper ones too.
    #[napi(constructor)]
    pub fn new(
        inputs: u32,
        outputs: u32,
        parts: u32,
        #[napi(ts_arg_type = "'double' | 'single'")] precision: String,
    ) -> napi::Result<Regression> {
        let made = precision_of(Some(&precision)).and_then(|precision| {
            solve::Regression::new(inputs as usize, outputs as usize, parts as usize, precision)
        });
        made.map(|regression| Regression { regression: Serial::new("regression", regression) })
            .map_err(|error| to_js(&error))
    }

    /// Adds a batch: x [rows, in], y [rows, parts, out], or patches of x [n, c, length...], y [n, parts·out, length...]. Both are copied.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn add(
        &self,
        x: &[f32],
        y: &[f32],
        held: bool,
        patches: Option<Patches>,
        job: &Job,
    ) -> napi::Result<AsyncTask<Background<()>>> {
        let (x, y) = (x.to_vec(), y.to_vec());
        let patches = patches.map(Patches::convert).transpose().map_err(|error| to_js(&error))?;
        Ok(AsyncTask::new(background_owning(job, self.regression.turn(), move |regression, _| {
            regression.add(x, y, patches.as_ref(), held)
        })))
    }

    /// The weights that fit all examples: `solve::Regression::solve`.
    #[napi(ts_return_type = "Promise<Solved>")]
    pub fn solve(&self, solving: Solving, job: &Job) -> AsyncTask<Background<solve::Solved>> {
        let Solving { dampings, damping, near, intercept, rounds } = solving;
        let (dampings, near) = (dampings.to_vec(), near.map(|near| near.to_vec()));
        AsyncTask::new(background_owning(job, self.regression.turn(), move |regression, job| {
            let (near, rounds) = (near.as_deref(), rounds as usize);
            regression.solve(&solve::Solving { dampings: &dampings, damping, near, intercept, rounds }, job)
        }))
    }
}

/// a [rows, inner] times b [inner, columns]: `solve::product`.
#[napi(ts_return_type = "Promise<Float64Array>")]
pub fn product(
    a: Float32Array,
    b: Float64Array,
    rows: u32,
    inner: u32,
    columns: u32,
    job: &Job,
) -> AsyncTask<Background<Vec<f64>>> {
    let (a, b) = (a.to_vec(), b.to_vec());
    let lengths = (rows as usize, inner as usize, columns as usize);
    AsyncTask::new(background(job, move |job| solve::product(&a, &b, lengths, job)))
}

/// Weights and a bias that fit examples.
#[napi(object, object_from_js = false)]
pub struct Solved<'env> {
    /// [out, in].
    pub weights: Float64ArraySlice<'env>,
    /// [out].
    pub bias: Float64ArraySlice<'env>,
    /// The damping that it took.
    pub damping: f64,
    /// [in]; of the inputs.
    pub means: Float64ArraySlice<'env>,
}

impl IntoJs for solve::Solved {
    type Js<'env> = Solved<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Solved<'_>> {
        let solve::Solved { refit, means } = self;
        Ok(Solved {
            weights: Float64ArraySlice::copy_from(env, &refit.weights)?,
            bias: Float64ArraySlice::copy_from(env, &refit.bias)?,
            damping: refit.damping,
            means: Float64ArraySlice::copy_from(env, &means)?,
        })
    }
}
