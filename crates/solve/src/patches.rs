//! Patches of a convolution's input, as samples.

use crate::accumulate::Source;
use espalier_tensor::{Error, Result};

/// The inputs of a convolution without groups at each position of its output: im2col, never all at once.
///
///   x [n, c, length...], y [n, out, length'...]  ->  [n·length'..., c·kernel...], [n·length'..., out]
///
/// An input's index is that of the weight's own row: channel first, then the kernel's axes. Beyond the edges lies zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patches {
    pub batch: usize,
    pub channels: usize,
    /// The spatial axes of x, at least one; the lists below are as long.
    pub lengths: Vec<usize>,
    pub kernel: Vec<usize>,
    pub strides: Vec<usize>,
    pub dilations: Vec<usize>,
    /// Zeros before and after each axis.
    pub pads: Vec<(usize, usize)>,
    /// Takes each so-many-th position only, counted through the batch; 1 takes all.
    pub every: usize,
}

impl Patches {
    /// Inputs of a patch: channels times the kernel's taps.
    pub fn inputs(&self) -> usize {
        self.channels * self.kernel.iter().product::<usize>()
    }

    /// The spatial lengths of the output.
    /// - errors: `INTERNAL` for a geometry that no convolution has
    pub fn output_lengths(&self) -> Result<Vec<usize>> {
        let Self { lengths, kernel, strides, dilations, pads, .. } = self;
        let rank = lengths.len();
        let lists = [kernel.len(), strides.len(), dilations.len(), pads.len()];
        let positive = [kernel, strides, dilations].into_iter().flatten().all(|&value| value > 0);
        if rank == 0 || lists != [rank; 4] || !positive || self.every == 0 {
            return Err(Error::internal(format!("no convolution has patches like {self:?}")));
        }
        let length = |axis: usize| {
            let span = (kernel[axis] - 1).checked_mul(dilations[axis])?.checked_add(1)?;
            let padded = lengths[axis].checked_add(pads[axis].0)?.checked_add(pads[axis].1)?;
            Some(padded.checked_sub(span)? / strides[axis] + 1)
        };
        (0..rank)
            .map(length)
            .collect::<Option<_>>()
            .ok_or_else(|| Error::internal(format!("a kernel is longer than what it goes over: {self:?}")))
    }
}

/// Patches with the values that they are of.
pub(crate) struct PatchSource<'a> {
    patches: &'a Patches,
    x: &'a [f32],
    y: &'a [f32],
    outputs: usize,
    output_lengths: Vec<usize>,
    /// Elements of a channel of x, and of y.
    planes: (usize, usize),
    /// For each tap its steps along each axis, and from the first tap on.
    taps: Vec<(Vec<usize>, usize)>,
}

impl<'a> PatchSource<'a> {
    /// - `inputs`, `outputs`: what one patch has, and its targets
    /// - errors: `INTERNAL` where these, or the values, contradict the geometry
    pub fn new(
        patches: &'a Patches,
        x: &'a [f32],
        y: &'a [f32],
        (inputs, outputs): (usize, usize),
    ) -> Result<Self> {
        if patches.inputs() != inputs {
            let what = format!("patches of {} inputs for moments of {inputs}", patches.inputs());
            return Err(Error::internal(what));
        }
        let output_lengths = patches.output_lengths()?;
        let plane = |lengths: &[usize]| lengths.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let elements =
            |plane: usize, channels: usize| plane.checked_mul(channels)?.checked_mul(patches.batch);
        let planes = plane(&patches.lengths).zip(plane(&output_lengths));
        let fits = planes.filter(|&(from, to)| {
            elements(from, patches.channels) == Some(x.len()) && elements(to, outputs) == Some(y.len())
        });
        let Some(planes) = fits else {
            let what = format!("{} inputs, {} targets and patches like {patches:?}", x.len(), y.len());
            return Err(Error::internal(what));
        };
        let count = patches.kernel.iter().product();
        let taps = (0..count)
            .map(|tap| {
                let mut steps = coordinates(tap, &patches.kernel);
                steps.iter_mut().zip(&patches.dilations).for_each(|(step, dilation)| *step *= dilation);
                let offset = offset(&steps, &patches.lengths);
                (steps, offset)
            })
            .collect();
        Ok(Self { patches, x, y, outputs, output_lengths, planes, taps })
    }
}

impl Source for PatchSource<'_> {
    fn positions(&self) -> usize {
        (self.patches.batch * self.planes.1).div_ceil(self.patches.every)
    }

    fn gather(&self, position: usize, x: &mut [f32], y: &mut [f32]) {
        let Patches { channels, lengths, strides, pads, every, .. } = self.patches;
        let (plane, output_plane) = self.planes;
        let position = position * every;
        let (image, at) = (position / output_plane, position % output_plane);
        for (channel, y) in y.iter_mut().enumerate() {
            *y = self.y[(image * self.outputs + channel) * output_plane + at];
        }

        let rank = lengths.len();
        // Where the first tap lies, counted from the start of the padding.
        let mut first = coordinates(at, &self.output_lengths);
        first.iter_mut().zip(strides).for_each(|(first, stride)| *first *= stride);
        let last = |axis: usize| first[axis] + self.taps[self.taps.len() - 1].0[axis];
        let inside =
            (0..rank).all(|axis| first[axis] >= pads[axis].0 && last(axis) < pads[axis].0 + lengths[axis]);
        let values = &self.x[image * channels * plane..][..channels * plane];
        let channels = x.chunks_exact_mut(self.taps.len()).zip(values.chunks_exact(plane));
        if inside {
            let base: Vec<usize> = first.iter().zip(pads).map(|(first, pad)| first - pad.0).collect();
            let base = offset(&base, lengths);
            for (x, values) in channels {
                x.iter_mut().zip(&self.taps).for_each(|(x, tap)| *x = values[base + tap.1]);
            }
        } else {
            let place = |steps: &[usize]| {
                (0..rank).try_fold(0, |place, axis| {
                    let index = (first[axis] + steps[axis]).checked_sub(pads[axis].0)?;
                    (index < lengths[axis]).then_some(place * lengths[axis] + index)
                })
            };
            let places: Vec<Option<usize>> = self.taps.iter().map(|tap| place(&tap.0)).collect();
            for (x, values) in channels {
                x.iter_mut()
                    .zip(&places)
                    .for_each(|(x, place)| *x = place.map_or(0.0, |place| values[place]));
            }
        }
    }
}

fn coordinates(index: usize, lengths: &[usize]) -> Vec<usize> {
    let mut rest = index;
    let mut coordinates = vec![0; lengths.len()];
    for (coordinate, length) in coordinates.iter_mut().zip(lengths).rev() {
        (*coordinate, rest) = (rest % length, rest / length);
    }
    coordinates
}

fn offset(coordinates: &[usize], lengths: &[usize]) -> usize {
    coordinates.iter().zip(lengths).fold(0, |offset, (at, length)| offset * length + at)
}
