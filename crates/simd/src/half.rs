//! Half floats in integers.

/// IEEE 754 binary16 to f32 in integers, without branches.
#[inline(always)]
pub(crate) fn f16_to_f32(bytes: [u8; 2]) -> f32 {
    /// What the exponents of the two formats differ by.
    const BIAS: u32 = (127 - 15) << 23;
    const HIDDEN: u32 = 1 << 23;
    let bits = u32::from(u16::from_le_bytes(bytes));
    let (sign, magnitude) = ((bits & 0x8000) << 16, (bits & 0x7fff) << 13);
    // A subnormal is the fraction of a number whose hidden bit is then taken off.
    let small = f32::from_bits(magnitude + BIAS + HIDDEN) - f32::from_bits(BIAS + HIDDEN);
    let quiet = if magnitude > 0x1f << 23 { 1 << 22 } else { 0 };
    let special = magnitude | 0xff << 23 | quiet;
    let normal = magnitude + BIAS;
    let value = if magnitude < HIDDEN { small.to_bits() } else { normal };
    f32::from_bits(sign | if magnitude >= 0x1f << 23 { special } else { value })
}
