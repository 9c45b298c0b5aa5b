//! Asking the memory for values before they are needed.
//!
//! A core sees by itself what comes next only within a page of 4 KiB, and waits for few cache lines of one page at a time.
//! So values are asked for in four places in turn: on a server core that reads a third more in a second than one place does.

/// Values of a cache line.
pub(crate) const LINE: usize = 16;
/// Values that are worked through while the same number behind them is asked for: 8 KiB.
pub(crate) const STRETCH: usize = 2048;
const PLACES: usize = 4;

/// Asks for one line of the stretch behind `stretch`, the `turn`-th of its `STRETCH / LINE`. It may lie beyond all values.
#[inline(always)]
pub(crate) fn behind(stretch: &[f32], turn: usize) {
    ask(stretch, STRETCH + turn % PLACES * (STRETCH / PLACES) + turn / PLACES * LINE);
}

/// Asks for the line of the value `ahead` of the first of `x`, which may lie beyond it.
#[inline(always)]
pub(crate) fn ask(x: &[f32], ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = x.as_ptr().wrapping_add(ahead);
        // SAFETY: asking reads nothing that the program sees, and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, ahead);
}
