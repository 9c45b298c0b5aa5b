//! Images in other sizes, as the libraries that models were trained with make them.
//!
//! Each pixel of the result is a weighted mean of pixels near its place in the original, first along rows, then along columns, with bytes
//! in between. Weights are whole multiples of 2⁻²² and sums are exact, so that the result is defined to the last bit: it is that
//! of Pillow's `Image.resize` up to version 12, which torchvision and Hugging Face's processors call. Version 13 goes along columns first where
//! these shrink more; models of today were trained with the order that is kept here.

mod filter;
mod passes;
mod weights;

use espalier_tensor::{Code, Error, Job, Result};

pub use filter::Filter;

/// How an image becomes one of another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Pixels of a row, and rows, of the original.
    pub from: (usize, usize),
    /// The same of the result.
    pub to: (usize, usize),
    /// Bytes of a pixel, 1 to 4; they are resampled apart from each other.
    pub channels: usize,
    pub filter: Filter,
    /// Where an image shrinks, whether the filter grows as the distance between its places does (Pillow), or sees its nearest
    /// pixels alone (OpenCV's `INTER_LINEAR`).
    pub antialias: bool,
}

/// The most bytes that an image may have.
const LARGEST: usize = 1 << 31;

/// Resamples rows of pixels, [height, width, channels].
///
/// - errors: `OPTION_INVALID` for lengths of 0, for more bytes than 2³¹, and where `pixels` are not as many as `how` says
/// - cost: O(width' · height · support + width' · height' · support'), where a support is about twice the scale of its axis
pub fn resize(pixels: &[u8], how: &Resize, job: &Job) -> Result<Vec<u8>> {
    check(pixels, how)?;
    let Resize { from, to, channels, .. } = *how;
    if from == to {
        return Ok(pixels.to_vec());
    }
    if how.filter == Filter::Nearest {
        return Ok(passes::nearest(pixels, from, to, channels));
    }
    match channels {
        1 => convolved::<1>(pixels, how, job),
        2 => convolved::<2>(pixels, how, job),
        3 => convolved::<3>(pixels, how, job),
        _ => convolved::<4>(pixels, how, job),
    }
}

/// Along rows, of those that the columns read alone; then along columns.
fn convolved<const CHANNELS: usize>(pixels: &[u8], how: &Resize, job: &Job) -> Result<Vec<u8>> {
    let Resize { from: (width, height), to: (to_width, to_height), filter, antialias, .. } = *how;
    let wide = if width == to_width {
        pixels.to_vec()
    } else {
        let taps = weights::taps(width, to_width, filter, antialias);
        passes::along_rows::<CHANNELS>(pixels, width, height, &taps, job)?
    };
    if height == to_height {
        return Ok(wide);
    }
    let taps = weights::taps(height, to_height, filter, antialias);
    passes::along_columns(&wide, to_width * CHANNELS, &taps, job)
}

fn check(pixels: &[u8], how: &Resize) -> Result<()> {
    let bytes = |(width, height): (usize, usize)| {
        let all = width.checked_mul(height).and_then(|area| area.checked_mul(how.channels));
        all.filter(|&all| (1..=LARGEST).contains(&all))
    };
    let invalid = |what: String| Error::new(Code::OptionInvalid, what);
    if !(1..=4).contains(&how.channels) {
        return Err(invalid(format!("an image of {} channels cannot be resampled", how.channels)));
    }
    // What lies between the two passes is as wide as the result and as high as the original.
    for size in [how.from, how.to, (how.to.0, how.from.1)] {
        if bytes(size).is_none() {
            return Err(invalid(format!("an image of {} x {} pixels cannot be resampled", size.0, size.1)));
        }
    }
    if bytes(how.from) != Some(pixels.len()) {
        return Err(invalid(format!(
            "an image of {} x {} pixels of {} channels has not {} bytes",
            how.from.0,
            how.from.1,
            how.channels,
            pixels.len()
        )));
    }
    Ok(())
}
