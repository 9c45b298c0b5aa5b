//! A logarithm made of additions, multiplications and divisions alone: the same bits on every platform.

use std::f64::consts::LN_2;

/// 1/k for the odd k of the series; what follows s²¹/21 is below 10⁻¹⁷ for the largest s.
const SERIES: [f64; 10] = [
    1.0 / 3.0,
    1.0 / 5.0,
    1.0 / 7.0,
    1.0 / 9.0,
    1.0 / 11.0,
    1.0 / 13.0,
    1.0 / 15.0,
    1.0 / 17.0,
    1.0 / 19.0,
    1.0 / 21.0,
];

/// The bits of √½, rounded down to a short mantissa.
const ROOT_HALF: u64 = 0x3fe6_a09e_0000_0000;
const ONE: u64 = 0x3ff0_0000_0000_0000;

/// `log2 x`, within 10⁻¹⁵ absolute and 1 ulp beyond that; exact for powers of two.
/// - `x`: positive, normal and finite. Zero and denormals give some finite number, the others something arbitrary
/// - method: x = m·2ᵉ with √½ <= m < √2; log2 m = 2/ln 2 · (s + s³/3 + s⁵/5 + …) with s = (m-1)/(m+1)
/// - panics: never
#[inline(always)]
pub fn log2(x: f64) -> f64 {
    let shifted = x.to_bits().wrapping_add(ONE - ROOT_HALF);
    let biased = shifted >> 52;
    // The exponent as a float without a conversion of 64 bits, which AVX2 lacks: 2⁵² + biased, less 2⁵² + bias.
    let exponent = f64::from_bits(biased | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let mantissa = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(ROOT_HALF));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut tail = 0.0;
    for &coefficient in SERIES.iter().rev() {
        tail = tail * square + coefficient;
    }
    exponent + (s + s * (square * tail)) * (2.0 / LN_2)
}

#[cfg(test)]
mod tests {
    use super::log2;

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -1022..=1023 {
            assert_eq!(log2(2f64.powi(exponent)), f64::from(exponent));
        }
    }

    #[test]
    fn agrees_with_the_platform() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200_000 {
            let x = (random.f64() + 0.5) * 2f64.powi(random.i32(-150..150));
            let (ours, theirs) = (log2(x), x.log2());
            assert!(
                (ours - theirs).abs() <= 1e-15 + theirs.abs() * f64::EPSILON,
                "log2 {x} = {ours}, not {theirs}"
            );
        }
    }

    #[test]
    fn is_finite_at_zero() {
        assert!(log2(0.0).is_finite());
        assert!(log2(f64::MIN_POSITIVE / 2.0).is_finite());
    }
}
