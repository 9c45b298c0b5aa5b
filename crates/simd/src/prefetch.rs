//! Asking the memory for values before they are needed.
//!
//! A core sees by itself what comes next only within a page of 4 KiB, and waits for few cache lines of one page at a time.
//! So values are asked for in four places in turn: on a server core that reads a third more in a second than one place does.

/// Bytes of a cache line.
pub(crate) const LINE: usize = 64;
/// Bytes that are worked through while the same number behind them is asked for.
const STRETCH: usize = 8192;
const PLACES: usize = 4;

/// Asks for one line of the stretch behind the one that byte `at` from `start` on is in: another one for each line of that.
/// It may lie beyond what can be read.
#[inline(always)]
pub(crate) fn ask_behind<T>(start: *const T, at: usize) {
    let (stretch, turn) = (at / STRETCH * STRETCH, at % STRETCH / LINE);
    ask(start, stretch + STRETCH + turn % PLACES * (STRETCH / PLACES) + turn / PLACES * LINE);
}

/// Asks for the line of the byte `ahead` of `start`, which may lie beyond what can be read.
#[inline(always)]
pub(crate) fn ask<T>(start: *const T, ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: asking reads nothing that the program sees, and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.cast::<i8>().wrapping_add(ahead)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (start, ahead);
}
