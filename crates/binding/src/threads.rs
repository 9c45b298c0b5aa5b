//! The threads that calls work on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use espalier_tensor::{Code, Error, Job, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A job, and the threads that it may work on.
pub(crate) struct Threads<'a> {
    pub job: &'a Job,
    /// None where there are no threads to be had: all work is then done on the one that there is.
    pool: Option<Arc<ThreadPool>>,
}

/// Whether threads can be started. Both WebAssembly targets look the same to the compiler; `napi_build` tells them apart.
pub(crate) const CAN_START: bool = cfg!(any(not(target_family = "wasm"), napi_wasi_threads));

impl<'a> Threads<'a> {
    /// Of the pool of so many threads; by default one for each core.
    ///
    /// errors: `OPTION_INVALID` where so many cannot be started
    pub fn new(job: &'a Job, threads: Option<usize>) -> Result<Threads<'a>> {
        let pool = CAN_START.then(|| pool(threads.unwrap_or_else(cores))).transpose()?;
        Ok(Threads { job, pool })
    }

    /// Runs `compute` on the threads: rayon inside it uses so many.
    pub fn run<T: Send>(&self, compute: impl FnOnce(&Job) -> Result<T> + Send) -> Result<T> {
        match &self.pool {
            Some(pool) => pool.install(|| compute(self.job)),
            None => compute(self.job),
        }
    }
}

/// The pool of so many threads, made on first use and kept.
fn pool(threads: usize) -> Result<Arc<ThreadPool>> {
    static POOLS: Mutex<Option<HashMap<usize, Arc<ThreadPool>>>> = Mutex::new(None);
    let lost = |_| Error::internal("starting threads stopped half way in an earlier call");
    let mut pools = POOLS.lock().map_err(lost)?;
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

/// What JavaScript says of it; 0 where it has not said.
static CORES: AtomicU32 = AtomicU32::new(0);

/// Says how many there are where the system does not.
pub(crate) fn tell_cores(cores: u32) {
    CORES.store(cores, Relaxed);
}

/// How many threads can compute at the same time.
pub(crate) fn cores() -> usize {
    let told = CORES.load(Relaxed) as usize;
    std::thread::available_parallelism().map_or(told.max(1), usize::from)
}

/// How much nicer than others our threads are.
#[cfg(target_os = "linux")]
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
