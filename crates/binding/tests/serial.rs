//! Calls on one state: in turn, whatever they do on the threads that all of them share.

// What only Node calls is not called here; the addon itself can be linked by nobody else.
#![allow(dead_code)]

#[path = "../src/serial.rs"]
mod serial;
#[path = "../src/threads.rs"]
mod threads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use espalier_tensor::{Code, Error, Job, Result};
use rayon::prelude::*;
use serial::{Serial, Turn};
use threads::Threads;

/// Far more than any of these takes: only what hangs takes so long.
const HANGS: Duration = Duration::from_secs(60);

/// Runs it, and fails where it hangs.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(HANGS).expect("it hangs, or it panicked")
}

/// Work that goes round the pool's threads many times, and gives them time to take other work.
fn shared_out() -> u64 {
    (0..200u64).into_par_iter().map(|i| (0..50u64).into_par_iter().map(|j| i ^ j).sum::<u64>()).sum()
}

/// A call that appends its number, and works on the threads while it owns the list.
fn append(turn: Turn<Vec<usize>>, number: usize, count: Option<usize>) -> Result<()> {
    turn.run(&Threads::new(&Job::new(), count)?, |list, _| {
        let length = list.len();
        shared_out();
        assert_eq!(list.len(), length, "another call ran meanwhile");
        list.push(number);
        Ok(())
    })
}

fn read<T: Clone + Send>(serial: &Serial<T>) -> Result<T> {
    serial.turn().run(&Threads::new(&Job::new(), Some(2))?, |state, _| Ok(state.clone()))
}

#[test]
fn many_calls_at_once_run_in_the_order_of_their_turns() {
    for count in [1, 2, 4] {
        let list = in_time(move || {
            let serial = Serial::new("lists", Vec::new());
            let mut turns: Vec<_> = (0..64).map(|number| (number, serial.turn())).collect();
            // They come to their threads in any order.
            turns.reverse();
            thread::scope(|scope| {
                for (number, turn) in turns {
                    scope.spawn(move || append(turn, number, Some(count)).unwrap());
                }
            });
            read(&serial).unwrap()
        });
        assert_eq!(list, (0..64).collect::<Vec<_>>());
    }
}

#[test]
fn states_that_take_from_each_other_do_not_wait_for_each_other() {
    let lengths = in_time(|| {
        let both = [Serial::new("lists", vec![0]), Serial::new("lists", vec![1])];
        let pairs: Vec<_> = (0..20)
            .map(|i| {
                // Also from itself.
                let [from, into] = [i % 2, if i % 5 == 0 { i % 2 } else { (i + 1) % 2 }];
                (both[from].turn(), both[into].turn())
            })
            .collect();
        thread::scope(|scope| {
            for (from, into) in pairs {
                scope.spawn(move || {
                    let job = Job::new();
                    let threads = Threads::new(&job, Some(2)).unwrap();
                    let other = from.run(&threads, |list, _| Ok(list.clone())).unwrap();
                    into.run(&threads, |list, _| {
                        shared_out();
                        list.push(other.len());
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        both.map(|serial| read(&serial).unwrap().len())
    });
    assert_eq!(lengths.iter().sum::<usize>(), 22);
}

#[test]
fn what_a_panic_left_half_done_is_not_used() {
    let (first, later) = in_time(|| {
        let serial = Serial::new("lists", Vec::new());
        let (turn, after) = (serial.turn(), serial.turn());
        let waits = thread::spawn(move || append(after, 1, None));
        let job = Job::new();
        let half = |list: &mut Vec<usize>, _: &Job| -> Result<()> {
            list.push(7);
            (0..100).into_par_iter().for_each(|i| assert!(i != 50, "half way"));
            Ok(())
        };
        let run = || turn.run(&Threads::new(&job, Some(2)).unwrap(), half);
        let first = catch_unwind(AssertUnwindSafe(run)).is_err();
        (first, [waits.join().unwrap(), append(serial.turn(), 2, None), read(&serial).map(drop)])
    });
    assert!(first);
    for result in later {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert_eq!(error.what(), "an earlier call stopped half way and left these lists unusable");
    }
}

#[test]
fn a_call_that_fails_leaves_the_state_to_the_next() {
    let list = in_time(|| {
        let serial = Serial::new("lists", vec![1]);
        let job = Job::new();
        let threads = Threads::new(&job, None).unwrap();
        let failed: Result<()> = serial.turn().run(&threads, |list, _| {
            list.push(2);
            Err(Error::internal("not this time"))
        });
        assert_eq!(failed.unwrap_err().what(), "not this time");
        read(&serial).unwrap()
    });
    assert_eq!(list, [1, 2]);
}

#[test]
fn a_turn_that_is_given_up_or_cancelled_holds_nobody_up() {
    let (cancelled, list) = in_time(|| {
        let serial = Serial::new("lists", vec![]);
        let (held, dropped, waits) = (serial.turn(), serial.turn(), serial.turn());
        drop(dropped);
        let job = Job::new();
        let cancelled = thread::scope(|scope| {
            let waiting = scope.spawn(|| append_on(waits, &job));
            job.cancel();
            // The turn before it is still held.
            waiting.join().unwrap()
        });
        append(held, 1, None).unwrap();
        append(serial.turn(), 2, None).unwrap();
        (cancelled, read(&serial).unwrap())
    });
    assert_eq!(cancelled.unwrap_err().code(), Code::Aborted);
    assert_eq!(list, [1, 2]);
}

fn append_on(turn: Turn<Vec<usize>>, job: &Job) -> Result<()> {
    turn.run(&Threads::new(job, None)?, |list, _| {
        list.push(9);
        Ok(())
    })
}

#[test]
fn a_thread_of_the_pool_never_waits_for_a_turn() {
    let error = in_time(|| {
        let serial = Serial::new("lists", vec![1]);
        let job = Job::new();
        let threads = Threads::new(&job, Some(1)).unwrap();
        serial.turn().run(&threads, |_, _| read(&serial)).unwrap_err()
    });
    assert_eq!(error.what(), "a call waits for another on a thread that both work on");
}
