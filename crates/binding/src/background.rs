use espalier_tensor::Result;
use napi::bindgen_prelude::{ToNapiValue, TypeName, Uint8ArraySlice};
use napi::{Env, ScopedTask};

use crate::job::{Job, Work};

type Compute<T> = Box<dyn FnOnce(&espalier_tensor::Job) -> Result<T> + Send>;

/// A call off the main thread: a promise of its result.
pub struct Background<T> {
    work: Work,
    compute: Option<Compute<T>>,
    alone: bool,
}

pub(crate) fn background<T: Send>(
    job: &Job,
    compute: impl FnOnce(&espalier_tensor::Job) -> Result<T> + Send + 'static,
) -> Background<T> {
    Background { work: job.work(), compute: Some(Box::new(compute)), alone: false }
}

/// As [`background`], for what is short and shares nothing out.
pub(crate) fn background_alone<T: Send>(
    job: &Job,
    compute: impl FnOnce(&espalier_tensor::Job) -> Result<T> + Send + 'static,
) -> Background<T> {
    Background { alone: true, ..background(job, compute) }
}

/// A result, on its way to JavaScript.
pub trait IntoJs: Send + 'static {
    type Js<'env>: ToNapiValue + TypeName;
    fn into_js(self, env: &Env) -> napi::Result<Self::Js<'_>>;
}

impl<'env, T: IntoJs> ScopedTask<'env> for Background<T> {
    type Output = T;
    type JsValue = T::Js<'env>;

    fn compute(&mut self) -> napi::Result<T> {
        let compute = self.compute.take();
        let once = |job: &espalier_tensor::Job| match compute {
            Some(compute) => compute(job),
            None => Err(espalier_tensor::Error::internal("a call that ran already")),
        };
        if self.alone { self.work.run_alone(once) } else { self.work.run(once) }
    }

    fn resolve(&mut self, env: &'env Env, output: T) -> napi::Result<T::Js<'env>> {
        output.into_js(env)
    }
}

impl IntoJs for String {
    type Js<'env> = String;
    fn into_js(self, _: &Env) -> napi::Result<String> {
        Ok(self)
    }
}

/// Bytes are copied: hosts such as Electron refuse memory that is not their own.
impl IntoJs for Vec<u8> {
    type Js<'env> = Uint8ArraySlice<'env>;
    fn into_js(self, env: &Env) -> napi::Result<Uint8ArraySlice<'_>> {
        Uint8ArraySlice::copy_from(env, &self)
    }
}
