use espalier_tensor::{Job, Result};

use crate::weights::{BITS, Tap};

/// Half a unit of the result: sums are rounded to the nearest.
const HALF: i32 = 1 << (BITS - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

/// [height, width, CHANNELS] becomes [height, taps, CHANNELS].
pub(crate) fn along_rows<const CHANNELS: usize>(
    pixels: &[u8],
    width: usize,
    height: usize,
    taps: &[Tap],
    job: &Job,
) -> Result<Vec<u8>> {
    let mut out = vec![0; height * taps.len() * CHANNELS];
    let rows = pixels.chunks_exact(width * CHANNELS);
    for (row, into) in rows.zip(out.chunks_exact_mut(taps.len() * CHANNELS)) {
        job.check()?;
        for (Tap { first, weights }, pixel) in taps.iter().zip(into.chunks_exact_mut(CHANNELS)) {
            let mut sums = [HALF; CHANNELS];
            let near = row[first * CHANNELS..].chunks_exact(CHANNELS);
            for (weight, bytes) in weights.iter().zip(near) {
                for (sum, byte) in sums.iter_mut().zip(bytes) {
                    *sum += weight * i32::from(*byte);
                }
            }
            for (byte, sum) in pixel.iter_mut().zip(sums) {
                *byte = to_byte(sum);
            }
        }
    }
    Ok(out)
}

/// Rows of `width` bytes become as many as there are taps.
pub(crate) fn along_columns(pixels: &[u8], width: usize, taps: &[Tap], job: &Job) -> Result<Vec<u8>> {
    let mut out = vec![0; taps.len() * width];
    let mut sums = vec![HALF; width];
    for (Tap { first, weights }, into) in taps.iter().zip(out.chunks_exact_mut(width)) {
        job.check()?;
        sums.fill(HALF);
        for (weight, row) in weights.iter().zip(pixels[first * width..].chunks_exact(width)) {
            for (sum, byte) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(*byte);
            }
        }
        for (byte, sum) in into.iter_mut().zip(&sums) {
            *byte = to_byte(*sum);
        }
    }
    Ok(out)
}

/// The pixel that each place lies in.
pub(crate) fn nearest(
    pixels: &[u8],
    (width, height): (usize, usize),
    (to_width, to_height): (usize, usize),
    channels: usize,
) -> Vec<u8> {
    let places = |from: usize, to: usize| -> Vec<usize> {
        let scale = from as f64 / to as f64;
        (0..to).map(|index| (((index as f64 + 0.5) * scale) as usize).min(from - 1)).collect()
    };
    let columns = places(width, to_width);
    let mut out = Vec::with_capacity(to_width * to_height * channels);
    for row in places(height, to_height) {
        for column in &columns {
            let at = (row * width + column) * channels;
            out.extend_from_slice(&pixels[at..at + channels]);
        }
    }
    out
}
