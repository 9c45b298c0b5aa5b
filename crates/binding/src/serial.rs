//! State that calls change one after another, without a lock over their work.
//!
//! A lock that is held while rayon works can lock up: a thread that waits for a part of its work takes another call of the
//! same pool meanwhile, and that one waits for the lock which the frames below it hold. So a call waits for its turn before it
//! comes to the pool, on a thread of its own, and then owns the state until it is done.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use espalier_tensor::{Error, Job, Result};

use crate::threads::{CAN_START, Threads};

/// How long a call waits before it looks whether it was cancelled.
const PATIENCE: Duration = Duration::from_millis(50);

/// State that one call at a time owns, in the order in which they took their turns.
pub(crate) struct Serial<T>(Arc<Line<T>>);

struct Line<T> {
    /// What the state is, for errors.
    what: &'static str,
    queue: Mutex<Queue<T>>,
    moved: Condvar,
}

struct Queue<T> {
    /// Nothing while a call owns it, and ever after one that stopped half way.
    state: Option<T>,
    /// The first may own it; it stays in the queue until it is done.
    turns: VecDeque<u64>,
    next: u64,
}

impl<T> Line<T> {
    /// Held for a few instructions, none of which can panic.
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Serial<T> {
    pub fn new(what: &'static str, state: T) -> Serial<T> {
        let queue = Mutex::new(Queue { state: Some(state), turns: VecDeque::new(), next: 0 });
        Serial(Arc::new(Line { what, queue, moved: Condvar::new() }))
    }

    /// The place of a call behind all that took theirs before. Take it where the call is made, since that is the order which its
    /// caller knows; a call that needs several takes all of them there, and uses them in that order.
    pub fn turn(&self) -> Turn<T> {
        let mut queue = self.0.queue();
        let number = queue.next;
        queue.next += 1;
        queue.turns.push_back(number);
        Turn { line: self.0.clone(), number }
    }
}

/// A place in the queue, which is given up when it is dropped.
pub(crate) struct Turn<T> {
    line: Arc<Line<T>>,
    number: u64,
}

impl<T: Send> Turn<T> {
    /// Waits for its turn, and runs `work` on the threads. Later calls get the state as it leaves it, also where it fails; where
    /// it panics they get an error.
    ///
    /// errors: `ABORTED`; `INTERNAL` where an earlier call panicked, or where it would have to wait on a thread of rayon
    pub fn run<R: Send>(
        self,
        threads: &Threads,
        work: impl FnOnce(&mut T, &Job) -> Result<R> + Send,
    ) -> Result<R> {
        let mut state = self.take(threads.job)?;
        let result = threads.run(|job| work(&mut state, job));
        self.line.queue().state = Some(state);
        result
    }

    fn take(&self, job: &Job) -> Result<T> {
        // Where none can be started, the only thread is one of rayon's too, and calls come one after the other.
        if CAN_START && rayon::current_thread_index().is_some() {
            return Err(Error::internal("a call waits for another on a thread that both work on"));
        }
        let mut queue = self.line.queue();
        while queue.turns.front() != Some(&self.number) {
            job.check()?;
            let waited = self.line.moved.wait_timeout(queue, PATIENCE);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let lost = || {
            let what = self.line.what;
            Error::internal(format!("an earlier call stopped half way and left these {what} unusable"))
                .todo("Report the error of that call, and begin with new ones.")
        };
        queue.state.take().ok_or_else(lost)
    }
}

impl<T> Drop for Turn<T> {
    fn drop(&mut self) {
        let mut queue = self.line.queue();
        queue.turns.retain(|&number| number != self.number);
        self.line.moved.notify_all();
    }
}
