//! The own term of every value in the entropy of a tensor's mass.

use crate::dispatch::with_source;
use crate::elements::Elements;
use crate::isa::{Instructions, Isa, Kernel};
use crate::log2::log2;
use crate::source::{BLOCK, Buffer, CHUNK, Source};

/// `terms[i] = -p log2 p` with `p = |x[i]| / total`, in bits; 0 where `x[i]` is 0.
///
/// - `total`: `Σ|x|` of the tensor that `x` is a part of; with 0 all terms are 0
/// - method: in `f64`, p as `|x|·(1/total)` and -log2 p as `log2 total - log2 |x|`, held at 0 and above; then rounded
/// - panics: where the lengths differ. A NaN or infinity in `x` or `total` makes its terms arbitrary
pub fn entropy_terms<'a>(isa: Isa, x: impl Into<Elements<'a>>, total: f64, terms: &mut [f32]) {
    let x = x.into();
    assert_eq!(x.len(), terms.len(), "one term for each value");
    if total > 0.0 {
        let (inverse, bits) = (1.0 / total, log2(total));
        with_source!(x, x => isa.run(Terms { x, inverse, bits, terms }));
    } else {
        terms.fill(0.0);
    }
}

struct Terms<'a, S> {
    x: S,
    /// `1 / total`.
    inverse: f64,
    /// `log2 total`.
    bits: f64,
    terms: &'a mut [f32],
}

#[inline(always)]
fn term(x: f32, inverse: f64, bits: f64) -> f32 {
    // Every positive f32 is a normal f64; at 0 the logarithm is finite, so the product is 0.
    let magnitude = f64::from(x.abs());
    let surprise = bits - log2(magnitude);
    let surprise = if surprise > 0.0 { surprise } else { 0.0 };
    (magnitude * inverse * surprise) as f32
}

impl<S: Source> Kernel for Terms<'_, S> {
    type Output = ();

    fn scalar(self) {
        for (i, t) in self.terms.iter_mut().enumerate() {
            *t = term(self.x.value(i), self.inverse, self.bits);
        }
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, with: I) {
        let Self { x, inverse, bits, terms } = self;
        let mut buffer = Buffer::new();
        for (b, terms) in terms.chunks_mut(BLOCK).enumerate() {
            let (chunks, tail) = x.block(with, b * BLOCK, &mut buffer).as_chunks::<CHUNK>();
            let (out, out_tail) = terms.as_chunks_mut::<CHUNK>();
            for (chunk, out) in chunks.iter().zip(out) {
                for (t, &v) in out.iter_mut().zip(chunk) {
                    *t = term(v, inverse, bits);
                }
            }
            for (t, &v) in out_tail.iter_mut().zip(tail) {
                *t = term(v, inverse, bits);
            }
        }
    }
}
