//! Stored elements to f32, each rounded once to the nearest.

use crate::dispatch::with_source;
use crate::elements::Elements;
use crate::isa::{Instructions, Isa, Kernel};
use crate::source::Source;

/// `out[i]` = the value of element `i`.
/// - panics: where the lengths differ
pub fn widen<'a>(isa: Isa, x: impl Into<Elements<'a>>, out: &mut [f32]) {
    let x = x.into();
    assert_eq!(x.len(), out.len(), "one number for each element");
    with_source!(x, x => isa.run(Widen(x, out)));
}

struct Widen<'a, S>(S, &'a mut [f32]);

impl<S: Source> Kernel for Widen<'_, S> {
    type Output = ();

    fn scalar(self) {
        for (i, out) in self.1.iter_mut().enumerate() {
            *out = self.0.value(i);
        }
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        self.0.fill(with, 0, self.1);
    }
}
