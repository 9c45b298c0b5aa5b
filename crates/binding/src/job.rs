use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use espalier_tensor::{Error, Result};
use napi_derive::napi;

use crate::threads::{Threads, cores, tell_cores};

/// One long call: how far it is, and a way to stop it. Make a new one for each call.
#[napi]
pub struct Job {
    work: Work,
}

#[napi]
impl Job {
    /// `threads`: at most so many; by default one for each core.
    #[napi(constructor)]
    pub fn new(threads: Option<u32>) -> Job {
        let threads = threads.map(|threads| (threads as usize).clamp(1, cores()));
        Job { work: Work { job: Arc::new(espalier_tensor::Job::new()), threads } }
    }

    /// The call rejects with an error of code ABORTED and leaves nothing behind.
    #[napi]
    pub fn cancel(&self) {
        self.work.job.cancel();
    }

    /// Bytes that were worked through.
    #[napi(getter)]
    pub fn done(&self) -> f64 {
        self.work.job.done() as f64
    }

    /// Bytes to be worked through, as far as is known.
    #[napi(getter)]
    pub fn total(&self) -> f64 {
        self.work.job.total() as f64
    }
}

impl Job {
    pub(crate) fn work(&self) -> Work {
        self.work.clone()
    }
}

/// Says how many threads can compute at the same time, to an addon that cannot ask its system: in WebAssembly.
#[napi]
pub fn set_cores(cores: u32) {
    tell_cores(cores);
}

/// A job as the threads see it that work on it.
#[derive(Clone)]
pub(crate) struct Work {
    job: Arc<espalier_tensor::Job>,
    threads: Option<usize>,
}

impl Work {
    /// Runs `compute`, which does its work on the threads that it is given. A panic becomes an error.
    pub fn run<T>(&self, compute: impl FnOnce(&Threads) -> Result<T>) -> napi::Result<T> {
        self.guarded(|| compute(&Threads::new(&self.job, self.threads)?))
    }

    /// Runs `compute`, which is short and shares nothing out, right here: it waits for no other call.
    pub fn run_alone<T>(&self, compute: impl FnOnce(&espalier_tensor::Job) -> Result<T>) -> napi::Result<T> {
        self.guarded(|| compute(&self.job))
    }

    fn guarded<T>(&self, compute: impl FnOnce() -> Result<T>) -> napi::Result<T> {
        let checked = || {
            self.job.check()?;
            compute()
        };
        let result = catch_unwind(AssertUnwindSafe(checked));
        result
            .unwrap_or_else(|panic| Err(Error::internal(message(&*panic))))
            .map_err(|error| crate::error::to_js(&error))
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a panic: {}", text.unwrap_or("without a message"))
}
