//! What resampling must hold whatever the image; that it is Pillow's to the bit is tested where its fixtures are (`test/preprocess`).

use espalier_resample::{Filter, Resize, resize};
use espalier_tensor::{Code, Job};

const FILTERS: [Filter; 6] =
    [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos];

fn resized(
    pixels: &[u8],
    from: (usize, usize),
    to: (usize, usize),
    channels: usize,
    filter: Filter,
    antialias: bool,
) -> Vec<u8> {
    resize(pixels, &Resize { from, to, channels, filter, antialias }, &Job::new()).unwrap()
}

fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..bytes).map(|_| random.u8(..)).collect()
}

#[test]
fn one_colour_stays_that_colour() {
    let mut random = fastrand::Rng::with_seed(1);
    for filter in FILTERS {
        for _ in 0..30 {
            let mut length = || random.usize(1..40);
            let (from, to) = ((length(), length()), (length(), length()));
            for colour in [0, 1, 127, 254, 255] {
                for antialias in [false, true] {
                    let out = resized(&vec![colour; from.0 * from.1], from, to, 1, filter, antialias);
                    assert!(out.iter().all(|&byte| byte == colour), "{filter:?} {from:?} {to:?}");
                    assert_eq!(out.len(), to.0 * to.1);
                }
            }
        }
    }
}

#[test]
fn channels_are_resampled_apart_from_each_other() {
    let (from, to) = ((13, 9), (7, 11));
    for channels in 1..=4 {
        let pixels = noise(from.0 * from.1 * channels, channels as u64);
        for filter in FILTERS {
            let all = resized(&pixels, from, to, channels, filter, true);
            for channel in 0..channels {
                let own: Vec<u8> = pixels.iter().copied().skip(channel).step_by(channels).collect();
                let alone = resized(&own, from, to, 1, filter, true);
                let found: Vec<u8> = all.iter().copied().skip(channel).step_by(channels).collect();
                assert_eq!(found, alone, "{filter:?} channel {channel} of {channels}");
            }
        }
    }
}

#[test]
fn a_mirrored_image_gives_the_mirrored_result() {
    let (from, to) = ((12, 10), (5, 17));
    let pixels = noise(from.0 * from.1, 7);
    let mirrored = |image: &[u8], width: usize| -> Vec<u8> {
        image.chunks(width).flat_map(|row| row.iter().rev().copied().collect::<Vec<_>>()).collect()
    };
    // Of a pixel that lies just between two, the box takes one, and nearest too.
    for filter in [Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos] {
        let out = resized(&pixels, from, to, 1, filter, true);
        let other = resized(&mirrored(&pixels, from.0), from, to, 1, filter, true);
        assert_eq!(mirrored(&other, to.0), out, "{filter:?}");
    }
}

#[test]
fn a_whole_number_of_times_smaller_by_box_is_the_rounded_mean() {
    let pixels = noise(12 * 8, 3);
    let out = resized(&pixels, (12, 8), (3, 8), 1, Filter::Box, true);
    for (index, byte) in out.iter().enumerate() {
        let (row, column) = (index / 3, index % 3);
        let at = row * 12 + column * 4;
        let sum: u32 = pixels[at..at + 4].iter().map(|&byte| u32::from(byte)).sum();
        assert_eq!(u32::from(*byte), (sum + 2) / 4);
    }
}

#[test]
fn without_antialias_two_neighbours_alone_are_seen() {
    // A row of 8 to 2: the places are 1.5 and 5.5, so that pixels 1, 2 and 5, 6 have half of the weight each.
    let out = resized(&[90, 10, 30, 90, 90, 100, 200, 90], (8, 1), (2, 1), 1, Filter::Bilinear, false);
    assert_eq!(out, [20, 150]);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let job = Job::new();
    let how = Resize { from: (4, 4), to: (2, 2), channels: 3, filter: Filter::Bilinear, antialias: true };
    let code = |pixels: usize, how: Resize| resize(&vec![0; pixels], &how, &job).unwrap_err().code();
    assert_eq!(code(47, how), Code::OptionInvalid);
    assert_eq!(code(0, Resize { from: (0, 4), ..how }), Code::OptionInvalid);
    assert_eq!(code(48, Resize { to: (0, 2), ..how }), Code::OptionInvalid);
    assert_eq!(code(48, Resize { to: (usize::MAX, 2), ..how }), Code::OptionInvalid);
    assert_eq!(code(80, Resize { channels: 5, ..how }), Code::OptionInvalid);
    job.cancel();
    assert_eq!(code(48, how), Code::Aborted);
}
