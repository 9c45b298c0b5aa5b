use espalier_tensor::Result;
use napi::bindgen_prelude::{ToNapiValue, TypeName, Uint8ArraySlice};
use napi::{Env, ScopedTask};

use crate::error::to_js;
use crate::job::{Job, Work};
use crate::serial::Turn;
use crate::threads::Threads;

type OnThreads<T> = Box<dyn FnOnce(&Threads) -> Result<T> + Send>;
type Alone<T> = Box<dyn FnOnce(&espalier_tensor::Job) -> Result<T> + Send>;

/// What a call does on a thread of libuv, which may wait for others.
enum Compute<T> {
    /// Its work is done on the job's threads.
    Shared(OnThreads<T>),
    /// Its work is done right there.
    Alone(Alone<T>),
}

/// A call off the main thread: a promise of its result.
pub struct Background<T> {
    work: Work,
    compute: Option<Compute<T>>,
}

/// A call all of whose work is done on the job's threads: a pool that it comes to for parts of its work alone spins while the
/// call does the others.
pub(crate) fn background<T: Send>(
    job: &Job,
    compute: impl FnOnce(&espalier_tensor::Job) -> Result<T> + Send + 'static,
) -> Background<T> {
    background_steps(job, move |threads| threads.run(compute))
}

/// As [`background`], with state that it owns meanwhile.
pub(crate) fn background_owning<S: Send + 'static, T: Send>(
    job: &Job,
    turn: Turn<S>,
    compute: impl FnOnce(&mut S, &espalier_tensor::Job) -> Result<T> + Send + 'static,
) -> Background<T> {
    background_steps(job, move |threads| turn.run(threads, compute))
}

/// As [`background`], for steps between which it waits for other calls.
pub(crate) fn background_steps<T>(
    job: &Job,
    compute: impl FnOnce(&Threads) -> Result<T> + Send + 'static,
) -> Background<T> {
    Background { work: job.work(), compute: Some(Compute::Shared(Box::new(compute))) }
}

/// As [`background`], for what is short and shares nothing out.
pub(crate) fn background_alone<T: Send>(
    job: &Job,
    compute: impl FnOnce(&espalier_tensor::Job) -> Result<T> + Send + 'static,
) -> Background<T> {
    Background { work: job.work(), compute: Some(Compute::Alone(Box::new(compute))) }
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
        match self.compute.take() {
            Some(Compute::Shared(compute)) => self.work.run(compute),
            Some(Compute::Alone(compute)) => self.work.run_alone(compute),
            None => Err(to_js(&espalier_tensor::Error::internal("a call that ran already"))),
        }
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
