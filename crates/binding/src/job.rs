use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use espalier_tensor::{Code, Error, Result};
use napi_derive::napi;
use rayon::{ThreadPool, ThreadPoolBuilder};

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

/// A job as the threads see it that work on it.
#[derive(Clone)]
pub(crate) struct Work {
    job: Arc<espalier_tensor::Job>,
    threads: Option<usize>,
}

impl Work {
    /// Runs `compute` on the job's threads: rayon inside it uses so many. A panic becomes an error.
    pub fn run<T: Send>(
        &self,
        compute: impl FnOnce(&espalier_tensor::Job) -> Result<T> + Send,
    ) -> napi::Result<T> {
        // All of it: a pool that a call comes to for parts of its work alone spins while it does the others.
        self.guarded(|| pool(self.threads)?.install(|| compute(&self.job)))
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

/// The pool of so many threads, made on first use and kept; by default one thread for each core.
fn pool(threads: Option<usize>) -> Result<Arc<ThreadPool>> {
    static POOLS: Mutex<Option<HashMap<usize, Arc<ThreadPool>>>> = Mutex::new(None);
    let threads = threads.unwrap_or_else(cores);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pools = pools.get_or_insert_default();
    if let Some(pool) = pools.get(&threads) {
        return Ok(pool.clone());
    }
    let built = ThreadPoolBuilder::new().num_threads(threads).start_handler(|_| step_back()).build();
    let built = built.map_err(|error| {
        Error::new(Code::OptionInvalid, format!("cannot start {threads} threads: {error}"))
            .todo("Ask for fewer threads.")
    })?;
    let pool = Arc::new(built);
    pools.insert(threads, pool.clone());
    Ok(pool)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How much nicer than others our threads are.
const NICER: i32 = 5;

/// Lets the event loop go first where it wants to run on a core that this thread has: on Linux, where each thread has a
/// niceness of its own.
fn step_back() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let thread = Some(rustix::thread::gettid());
        // Where it is refused, nothing but time is lost.
        let _ = getpriority_process(thread).and_then(|nice| setpriority_process(thread, nice + NICER));
    }
}
