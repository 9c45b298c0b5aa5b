use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::{Code, Error, Result};

/// One long call as its caller sees it: how far it is, and a way to stop it. Shared by all threads that work on it.
#[derive(Debug, Default)]
pub struct Job {
    cancelled: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
}

impl Job {
    pub fn new() -> Job {
        Job::default()
    }

    /// Asks the work to stop; it does at its next [`Job::check`].
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// errors: `ABORTED` once the job was cancelled. Cheap: call it once for every block of work.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Relaxed) { Err(Error::new(Code::Aborted, "cancelled")) } else { Ok(()) }
    }

    /// `bytes` more are to be worked through.
    pub fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Relaxed);
    }

    /// `bytes` more have been worked through.
    pub fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Relaxed);
    }

    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }

    pub fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }
}
