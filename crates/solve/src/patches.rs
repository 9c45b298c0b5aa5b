//! Patches of a convolution's input, as samples.

use crate::accumulate::{GATHERED, Source};
use espalier_tensor::{Error, Result};
use std::ops::Range;

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
    /// Of each so many positions, counted through the batch, one is taken: [`Patches::taken`]. 1 takes all.
    pub every: usize,
}

/// 2³² over the golden ratio: multiples of it, as fractions of 2³², lie evenly.
const GOLDEN: u32 = 0x9E37_79B9;

/// See [`Patches::taken`].
pub(crate) fn taken(index: usize, every: usize, positions: usize) -> usize {
    let start = index * every;
    let width = every.min(positions - start) as u64;
    start + ((u64::from((index as u32).wrapping_mul(GOLDEN)) * width) >> 32) as usize
}

impl Patches {
    /// Inputs of a patch: channels times the kernel's taps.
    pub fn inputs(&self) -> usize {
        self.channels * self.kernel.iter().product::<usize>()
    }

    /// Which position is taken of the so-many-th `every`: another place in each, since the same would be the same columns of a map
    /// whose width has a common factor with `every`.
    ///
    /// - `positions`: of the whole batch
    pub fn taken(&self, index: usize, positions: usize) -> usize {
        taken(index, self.every, positions)
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

/// The patches themselves, as rows: those that `every` leaves.
///
/// - `x`: [n, c, length...]
/// - returns: [rows, c·kernel...]
/// - errors: `INTERNAL` where the values contradict the geometry
pub fn sampled(x: &[f32], patches: &Patches) -> Result<Vec<f32>> {
    let inputs = patches.inputs();
    let source = PatchSource::new(patches, x, &[], (inputs, 0))?;
    let positions = source.positions();
    let mut rows = vec![0.0; positions * inputs];
    for (chunk, rows) in rows.chunks_mut((GATHERED * inputs).max(1)).enumerate() {
        let start = chunk * GATHERED;
        source.gather(start..start + rows.len() / inputs, rows, &mut []);
    }
    Ok(rows)
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
    /// For each tap its steps along each axis.
    taps: Vec<Vec<usize>>,
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
                steps
            })
            .collect();
        Ok(Self { patches, x, y, outputs, output_lengths, planes, taps })
    }
}

impl Source for PatchSource<'_> {
    fn positions(&self) -> usize {
        (self.patches.batch * self.planes.1).div_ceil(self.patches.every)
    }

    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]) {
        let Patches { channels, batch, .. } = self.patches;
        let (plane, output_plane) = self.planes;
        let taps = self.taps.len();
        // Channel by channel: what neighbours read lies in one plane.
        let places: Vec<(usize, usize)> = positions
            .map(|index| self.patches.taken(index, batch * output_plane))
            .map(|position| (position / output_plane, position % output_plane))
            .collect();
        for channel in 0..self.outputs {
            for (y, (image, at)) in y.chunks_exact_mut(self.outputs).zip(&places) {
                y[channel] = self.y[(image * self.outputs + channel) * output_plane + at];
            }
        }
        // For each position and tap its place in the first channel, or none beyond the edges.
        let mut offsets = vec![BEYOND; places.len() * taps];
        for (offsets, &(image, at)) in offsets.chunks_exact_mut(taps).zip(&places) {
            self.place(at, image * channels * plane, offsets);
        }
        for channel in 0..*channels {
            let values = self.x.get(channel * plane..).unwrap_or_default();
            let rows = x.chunks_exact_mut(channels * taps).zip(offsets.chunks_exact(taps));
            for (row, offsets) in rows {
                for (x, &offset) in row[channel * taps..][..taps].iter_mut().zip(offsets) {
                    *x = if offset == BEYOND { 0.0 } else { values[offset] };
                }
            }
        }
    }
}

/// No place.
const BEYOND: usize = usize::MAX;

impl PatchSource<'_> {
    /// Where the taps of one position lie.
    fn place(&self, at: usize, base: usize, offsets: &mut [usize]) {
        let Patches { lengths, strides, pads, .. } = self.patches;
        let rank = lengths.len();
        // Where the first tap lies, counted from the start of the padding.
        let mut first = coordinates(at, &self.output_lengths);
        first.iter_mut().zip(strides).for_each(|(first, stride)| *first *= stride);
        for (offset, steps) in offsets.iter_mut().zip(&self.taps) {
            let place = (0..rank).try_fold(0, |place, axis| {
                let index = (first[axis] + steps[axis]).checked_sub(pads[axis].0)?;
                (index < lengths[axis]).then_some(place * lengths[axis] + index)
            });
            *offset = place.map_or(BEYOND, |place| base + place);
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
