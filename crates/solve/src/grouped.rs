//! Second moments of a convolution in groups: each group's targets are given by its own inputs alone.

use crate::accumulate::Source;
use crate::damping::damped;
use crate::moments::{Moments, Precision};
use crate::patches::{Patches, taken};
use crate::refit::Refit;
use crate::rows::check_finite;
use espalier_tensor::{Error, Job, Result};
use faer::Mat;
use rayon::prelude::*;
use std::ops::Range;

/// Moments of inputs [groups, in] and targets [groups, out] of which each group knows its own: what of them all would be
/// blocks on a diagonal.
#[derive(Clone, Debug)]
pub struct GroupedMoments {
    groups: Vec<Moments>,
}

impl GroupedMoments {
    /// - `inputs`, `outputs`: of each group
    /// - errors: as [`Moments::new`]
    pub fn new(groups: usize, inputs: usize, outputs: usize) -> Result<GroupedMoments> {
        let one = Moments::new(inputs, outputs, Precision::Double)?;
        Ok(GroupedMoments { groups: vec![one; groups] })
    }

    /// Adds a batch.
    ///
    /// - `x`: [n, groups·c, length...], `y`: [n, groups·out, length'...], with [`Patches::channels`] those of all groups
    /// - errors: as [`Moments::add_patches`]
    /// - cost: O(rows · groups · in · (in + out))
    pub fn add(&mut self, x: &[f32], y: &[f32], patches: &Patches, job: &Job) -> Result<()> {
        let windows = Windows::new(self, x, y, 1, patches)?;
        check_finite(x, "an input")?;
        check_finite(y, "a target")?;
        let each = self.groups.par_iter_mut().enumerate();
        each.try_for_each(|(group, own)| own.add_source(&windows.of(group), job))
    }

    /// As [`Moments::add_clipped`]. `y`: [n, parts, groups·out, length'...].
    pub fn add_clipped(
        &mut self,
        (x, y): (&[f32], &[f32]),
        parts: usize,
        patches: &Patches,
        refit: &Refit,
        job: &Job,
    ) -> Result<()> {
        if !(2..=3).contains(&parts) {
            return Err(Error::internal(format!("clipped targets in {parts} parts")));
        }
        let windows = Windows::new(self, x, y, parts, patches)?;
        let refits = self.apart(refit)?;
        check_finite(x, "an input")?;
        let each = self.groups.par_iter_mut().zip(&refits).enumerate();
        each.try_for_each(|(group, (own, refit))| {
            own.add_clipped_source(&windows.of(group), parts, refit, job)
        })
    }

    /// As [`Moments::merge`].
    pub fn merge(&mut self, other: &GroupedMoments) -> Result<()> {
        if self.groups.len() != other.groups.len() {
            return Err(Error::internal(format!(
                "moments of {} groups for {}",
                other.groups.len(),
                self.groups.len()
            )));
        }
        self.groups.iter_mut().zip(&other.groups).try_for_each(|(own, other)| own.merge(other))
    }

    /// As [`Moments::clear_targets`].
    pub fn clear_targets(&mut self) {
        self.groups.iter_mut().for_each(Moments::clear_targets);
    }

    /// Samples added.
    pub fn count(&self) -> u64 {
        self.groups.first().map_or(0, Moments::count)
    }

    /// [groups, in].
    pub fn input_means(&self) -> Vec<f64> {
        self.groups.iter().flat_map(Moments::input_means).collect()
    }

    /// Least-squares weights near others V, group by group: `W' = V + (C_yx - V C_xx) (C_xx + λI)⁻¹`, `b' = E y - W' E x`.
    /// An input that does not vary keeps its weights.
    ///
    /// - `near`: V, [groups·out, in]
    /// - `damping`: [groups], λ as a share of the mean variance of the group's inputs; raised as in [`crate::ridge`]
    /// - `intercept`: without one moments are taken about zero
    /// - errors: as [`crate::ridge`]
    /// - cost: O(groups · in² · (in + out))
    pub fn ridge(&self, near: &[f64], damping: &[f64], intercept: bool, job: &Job) -> Result<Refit> {
        if damping.len() != self.groups.len() {
            return Err(Error::internal(format!(
                "{} dampings for {} groups",
                damping.len(),
                self.groups.len()
            )));
        }
        let (inputs, outputs) = (self.inputs(), self.outputs());
        if near.len() != self.groups.len() * inputs * outputs {
            return Err(Error::internal(format!("{} weights to stay near to", near.len())));
        }
        let each = self.groups.par_iter().zip(damping).enumerate();
        let solved: Vec<Refit> = each
            .map(|(group, (own, &damping))| {
                let size = inputs * outputs;
                near_to(own, &near[group * size..][..size], damping, intercept, job)
            })
            .collect::<Result<_>>()?;
        Ok(Refit {
            weights: solved.iter().flat_map(|own| own.weights.iter().copied()).collect(),
            bias: solved.iter().flat_map(|own| own.bias.iter().copied()).collect(),
            damping: solved.iter().map(|own| own.damping).fold(0.0, f64::max),
        })
    }

    /// As [`Refit::errors`]: [groups·out].
    pub fn errors(&self, refit: &Refit) -> Result<Vec<f64>> {
        let keep: Vec<usize> = (0..self.inputs()).collect();
        let refits = self.apart(refit)?;
        let each = self.groups.par_iter().zip(&refits);
        let errors: Vec<Vec<f64>> =
            each.map(|(own, refit)| refit.errors(own, &keep)).collect::<Result<_>>()?;
        Ok(errors.concat())
    }

    /// Of each group.
    fn inputs(&self) -> usize {
        self.groups.first().map_or(0, Moments::inputs)
    }

    fn outputs(&self) -> usize {
        self.groups.first().map_or(0, Moments::outputs)
    }

    fn apart(&self, refit: &Refit) -> Result<Vec<Refit>> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let count = self.groups.len();
        if refit.bias.len() != count * outputs || refit.weights.len() != count * outputs * inputs {
            return Err(Error::internal(format!(
                "a refit of {} weights for {count} groups",
                refit.weights.len()
            )));
        }
        let part = |group: usize| Refit {
            weights: refit.weights[group * outputs * inputs..][..outputs * inputs].to_vec(),
            bias: refit.bias[group * outputs..][..outputs].to_vec(),
            damping: refit.damping,
        };
        Ok((0..count).map(part).collect())
    }
}

fn near_to(moments: &Moments, near: &[f64], damping: f64, intercept: bool, job: &Job) -> Result<Refit> {
    moments.check()?;
    let (inputs, outputs) = (moments.inputs(), moments.outputs());
    let (mut means, mut targets) = (moments.input_means(), moments.output_means());
    let about = if intercept { 0.0 } else { 1.0 };
    let own =
        Mat::from_fn(inputs, inputs, |i, j| moments.input_covariance(i, j) + about * means[i] * means[j]);
    let left = Mat::from_fn(inputs, outputs, |i, output| {
        let given = (0..inputs).map(|j| own[(i, j)] * near[output * inputs + j]).sum::<f64>();
        moments.cross_covariance(i, output) + about * means[i] * targets[output] - given
    });
    if !intercept {
        means.fill(0.0);
        targets.fill(0.0);
    }
    let damped = damped(&own, damping, job)?;
    let solved = damped.factor.solve(left);
    let mut weights = Vec::with_capacity(inputs * outputs);
    let mut bias = Vec::with_capacity(outputs);
    for (output, target) in targets.into_iter().enumerate() {
        let row: Vec<f64> = (0..inputs).map(|i| near[output * inputs + i] + solved[(i, output)]).collect();
        bias.push(target - row.iter().zip(&means).map(|(w, mean)| w * mean).sum::<f64>());
        weights.extend(row);
    }
    Ok(Refit { weights, bias, damping: damped.share })
}

/// A batch, and where the window lies at each position of one of its channels: the same for all of them.
struct Windows<'a> {
    x: &'a [f32],
    y: &'a [f32],
    batch: usize,
    every: usize,
    parts: usize,
    /// Elements of a channel of x, and of y.
    planes: (usize, usize),
    /// Channels and outputs: of each group, and of all.
    channels: (usize, usize),
    outputs: (usize, usize),
    /// [positions of y's plane, taps]: places in x's plane; beyond its edges [`OUTSIDE`].
    places: Vec<u32>,
    taps: usize,
}

const OUTSIDE: u32 = u32::MAX;

impl<'a> Windows<'a> {
    /// errors: `INTERNAL` where the values contradict the geometry or the groups
    fn new(
        moments: &GroupedMoments,
        x: &'a [f32],
        y: &'a [f32],
        parts: usize,
        patches: &Patches,
    ) -> Result<Self> {
        let count = moments.groups.len();
        let output_lengths = patches.output_lengths()?;
        let plane: usize = patches.lengths.iter().product();
        let output_plane: usize = output_lengths.iter().product();
        let taps: usize = patches.kernel.iter().product();
        let (channels, outputs) = (patches.channels, count * moments.outputs());
        let fits = patches.inputs() == count * moments.inputs()
            && x.len() == patches.batch * channels * plane
            && y.len() == patches.batch * parts * outputs * output_plane
            && plane < OUTSIDE as usize;
        if !fits {
            let what = format!(
                "{count} groups of {} inputs: {} inputs, {} targets and patches like {patches:?}",
                moments.inputs(),
                x.len(),
                y.len()
            );
            return Err(Error::internal(what));
        }
        Ok(Windows {
            x,
            y,
            batch: patches.batch,
            every: patches.every,
            parts,
            planes: (plane, output_plane),
            channels: (channels / count.max(1), channels),
            outputs: (moments.outputs(), outputs),
            places: places(patches, &output_lengths),
            taps,
        })
    }

    fn of(&self, group: usize) -> GroupSource<'_> {
        GroupSource { windows: self, group }
    }
}

fn places(patches: &Patches, output_lengths: &[usize]) -> Vec<u32> {
    let Patches { lengths, kernel, strides, dilations, pads, .. } = patches;
    // Axis by axis: [positions so far, taps so far].
    let mut places: Vec<Vec<u32>> = vec![vec![0]];
    for axis in 0..lengths.len() {
        let along = |position: usize, tap: usize| {
            let at = position * strides[axis] + tap * dilations[axis];
            at.checked_sub(pads[axis].0).filter(|&at| at < lengths[axis]).map_or(OUTSIDE, |at| at as u32)
        };
        let next = |before: u32, here: u32| match (before, here) {
            (OUTSIDE, _) | (_, OUTSIDE) => OUTSIDE,
            _ => before * lengths[axis] as u32 + here,
        };
        let window = |before: &Vec<u32>, position: usize| -> Vec<u32> {
            let taps = |&before: &u32| (0..kernel[axis]).map(move |tap| next(before, along(position, tap)));
            before.iter().flat_map(taps).collect()
        };
        places = places
            .iter()
            .flat_map(|before| (0..output_lengths[axis]).map(move |position| window(before, position)))
            .collect();
    }
    places.concat()
}

struct GroupSource<'a> {
    windows: &'a Windows<'a>,
    group: usize,
}

impl Source for GroupSource<'_> {
    fn positions(&self) -> usize {
        let Windows { batch, planes, every, .. } = self.windows;
        (batch * planes.1).div_ceil(*every)
    }

    fn gather(&self, positions: Range<usize>, x: &mut [f32], y: &mut [f32]) {
        let Windows { channels, outputs, taps, parts, .. } = *self.windows;
        let (inputs, targets) = (channels.0 * taps, parts * outputs.0);
        for (row, position) in positions.enumerate() {
            self.one(position, &mut x[row * inputs..][..inputs], &mut y[row * targets..][..targets]);
        }
    }
}

impl GroupSource<'_> {
    fn one(&self, position: usize, x: &mut [f32], y: &mut [f32]) {
        let Windows { batch, channels, outputs, planes, taps, parts, every, .. } = *self.windows;
        let position = taken(position, every, batch * planes.1);
        let (image, at) = (position / planes.1, position % planes.1);
        for part in 0..parts {
            let first = (image * parts + part) * outputs.1 + self.group * outputs.0;
            for (output, y) in y[part * outputs.0..][..outputs.0].iter_mut().enumerate() {
                *y = self.windows.y[(first + output) * planes.1 + at];
            }
        }
        let first = image * channels.1 + self.group * channels.0;
        let values = &self.windows.x[first * planes.0..][..channels.0 * planes.0];
        let places = &self.windows.places[at * taps..][..taps];
        for (x, values) in x.chunks_exact_mut(taps).zip(values.chunks_exact(planes.0)) {
            for (x, &place) in x.iter_mut().zip(places) {
                *x = if place == OUTSIDE { 0.0 } else { values[place as usize] };
            }
        }
    }
}
