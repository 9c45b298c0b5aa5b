use std::f64::consts::PI;

/// How much a pixel counts by its distance from the place that is wanted, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The pixel that the place lies in.
    Nearest,
    /// All within half a pixel alike.
    Box,
    /// The triangle of one pixel to either side.
    Bilinear,
    /// A raised cosine of one pixel to either side.
    Hamming,
    /// Keys' cubic with a = -1/2, two pixels to either side.
    Bicubic,
    /// A sinc under a sinc of three pixels to either side.
    Lanczos,
}

impl Filter {
    /// By its name in lower case.
    pub fn named(name: &str) -> Option<Filter> {
        Some(match name {
            "nearest" => Filter::Nearest,
            "box" => Filter::Box,
            "bilinear" => Filter::Bilinear,
            "hamming" => Filter::Hamming,
            "bicubic" => Filter::Bicubic,
            "lanczos" => Filter::Lanczos,
            _ => return None,
        })
    }

    /// How far it sees to either side.
    pub(crate) fn support(self) -> f64 {
        match self {
            Filter::Nearest | Filter::Box => 0.5,
            Filter::Bilinear | Filter::Hamming => 1.0,
            Filter::Bicubic => 2.0,
            Filter::Lanczos => 3.0,
        }
    }

    /// Its value at a distance.
    pub(crate) fn at(self, x: f64) -> f64 {
        let far = x.abs();
        match self {
            // Of two pixels at the same distance one counts.
            Filter::Nearest | Filter::Box => f64::from(x > -0.5 && x <= 0.5),
            Filter::Bilinear => (1.0 - far).max(0.0),
            Filter::Hamming => {
                if far >= 1.0 {
                    0.0
                } else {
                    sinc(x) * (0.54 + 0.46 * (PI * x).cos())
                }
            }
            Filter::Bicubic => cubic(far),
            Filter::Lanczos => {
                if far >= 3.0 {
                    0.0
                } else {
                    sinc(x) * sinc(x / 3.0)
                }
            }
        }
    }
}

/// Keys 1981, "Cubic convolution interpolation for digital image processing", with a = -1/2.
fn cubic(far: f64) -> f64 {
    const A: f64 = -0.5;
    if far < 1.0 {
        ((A + 2.0) * far - (A + 3.0)) * far * far + 1.0
    } else if far < 2.0 {
        (((far - 5.0) * far + 8.0) * far - 4.0) * A
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}
