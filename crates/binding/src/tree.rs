//! What lanes share, the pruning tree and gains: `espalier-entropy`, and `espalier-solve` for what is taken as Gaussian.

use espalier_entropy as entropy;
use espalier_solve as solve;
use espalier_tensor::{Error, Job as Work, Result};
use napi::Env;
use napi::bindgen_prelude::{AsyncTask, Float64ArraySlice, Int32ArraySlice, Uint32ArraySlice};
use napi_derive::napi;

use crate::activations::HistogramOptions;
use crate::background::{Background, IntoJs, background};
use crate::job::Job;

/// How mutual information is estimated.
#[napi(object, object_to_js = false)]
pub struct PairOptions {
    /// By joint histograms.
    pub histogram: Option<HistogramOptions>,
    /// Of joint histograms.
    pub miller_madow: bool,
    /// As of Gaussians, whose values are told apart in so many steps of the samples' range; by default by histograms.
    pub gaussian_steps: Option<u32>,
}

impl PairOptions {
    fn pairs(&self, samples: &entropy::Samples, run: &entropy::Run) -> Result<entropy::Pairs> {
        match self.gaussian_steps {
            None => entropy::mutual_information(&self.codes(samples, run)?, self.miller_madow, run),
            Some(steps) => {
                let step = samples.range(run) / f64::from(steps.max(1));
                let (values, variables) = (samples.values(), samples.variables());
                let pairs = solve::gaussian_pairs(values, variables, step, run.job)?;
                entropy::Pairs::new(pairs.entropies, pairs.mutual)
            }
        }
    }

    fn codes(&self, samples: &entropy::Samples, run: &entropy::Run) -> Result<entropy::Codes> {
        let Some(histogram) = &self.histogram else { return Err(Error::internal("no bins for histograms")) };
        let (edges, span) = histogram.convert()?;
        let binning = entropy::Binning { bins: histogram.bins as usize, edges, span };
        entropy::Codes::new(samples, binning, run)
    }

    /// Of targets: each has its own bins, as gain ratios are relative to what the target varies by.
    fn target_codes(&self, samples: &entropy::Samples, run: &entropy::Run) -> Result<entropy::Codes> {
        let Some(histogram) = &self.histogram else { return Err(Error::internal("no bins for histograms")) };
        let (edges, _) = histogram.convert()?;
        let binning = entropy::Binning { bins: histogram.bins as usize, edges, span: entropy::Span::Own };
        entropy::Codes::new(samples, binning, run)
    }
}

/// The pruning tree of lanes from samples [rows, lanes]: `entropy::pruning_tree`.
#[napi(ts_return_type = "Promise<PruningTree>")]
pub fn pruning_tree(
    samples: &[f32],
    lanes: u32,
    options: PairOptions,
    with_pairs: bool,
    job: &Job,
) -> AsyncTask<Background<Grown>> {
    let samples = samples.to_vec();
    AsyncTask::new(background(job, move |job: &Work| {
        let run = entropy::Run::new(job);
        let samples = entropy::Samples::new(&samples, lanes as usize)?;
        let pairs = options.pairs(&samples, &run)?;
        let tree = entropy::pruning_tree(&pairs);
        Ok(Grown { tree, pairs, with_pairs })
    }))
}

/// What each lane says of targets, both [rows, ...]: `entropy::gains`.
#[napi(ts_return_type = "Promise<LaneGains>")]
pub fn lane_gains(
    samples: &[f32],
    lanes: u32,
    targets: &[f32],
    target_lanes: u32,
    options: PairOptions,
    job: &Job,
) -> AsyncTask<Background<Vec<entropy::Gain>>> {
    let (samples, targets) = (samples.to_vec(), targets.to_vec());
    AsyncTask::new(background(job, move |job: &Work| {
        let run = entropy::Run::new(job);
        let y = options.codes(&entropy::Samples::new(&samples, lanes as usize)?, &run)?;
        let x = options.target_codes(&entropy::Samples::new(&targets, target_lanes as usize)?, &run)?;
        entropy::gains(&y, &x, options.miller_madow, &run)
    }))
}

/// What each lane says of one label for each row: `entropy::gains_of_labels`.
#[napi(ts_return_type = "Promise<LaneGains>")]
pub fn lane_gains_of_labels(
    samples: &[f32],
    lanes: u32,
    labels: &[u32],
    options: PairOptions,
    job: &Job,
) -> AsyncTask<Background<Vec<entropy::Gain>>> {
    let (samples, labels) = (samples.to_vec(), labels.to_vec());
    AsyncTask::new(background(job, move |job: &Work| {
        let run = entropy::Run::new(job);
        let y = options.codes(&entropy::Samples::new(&samples, lanes as usize)?, &run)?;
        entropy::gains_of_labels(&y, &labels, options.miller_madow, &run)
    }))
}

/// A tree, and the pairs that it was made of.
pub struct Grown {
    tree: entropy::Tree,
    pairs: entropy::Pairs,
    with_pairs: bool,
}

/// Parents one after another, level by level; bits all.
#[napi(object, object_from_js = false)]
pub struct PruningTree<'env> {
    pub depth: u32,
    /// I(y) of each lane.
    pub entropies: Float64ArraySlice<'env>,
    /// I(a;b) of (0,1), (0,2), …, (1,2), …, where it was asked for.
    pub pairs: Option<Float64ArraySlice<'env>>,
    pub level: Uint32ArraySlice<'env>,
    pub kept: Uint32ArraySlice<'env>,
    pub deleted: Uint32ArraySlice<'env>,
    pub mutual: Float64ArraySlice<'env>,
    pub entropy: Float64ArraySlice<'env>,
    /// Of the kept child, then of the deleted one, as the next two.
    pub gains: Float64ArraySlice<'env>,
    pub ratios: Float64ArraySlice<'env>,
    pub conditional: Float64ArraySlice<'env>,
    /// Of each level, -1 for none.
    pub alone: Int32ArraySlice<'env>,
    pub order: Uint32ArraySlice<'env>,
}

/// One number for each lane.
#[napi(object, object_from_js = false)]
pub struct LaneGains<'env> {
    pub entropies: Float64ArraySlice<'env>,
    /// Mean gain over the targets, in bits.
    pub gains: Float64ArraySlice<'env>,
    /// Mean gain ratio over the targets.
    pub ratios: Float64ArraySlice<'env>,
    /// The target of the highest ratio.
    pub targets: Uint32ArraySlice<'env>,
    pub most: Float64ArraySlice<'env>,
}

impl IntoJs for Grown {
    type Js<'env> = PruningTree<'env>;
    fn into_js(self, env: &Env) -> napi::Result<PruningTree<'_>> {
        let Grown { tree, pairs, with_pairs } = self;
        let wholes = |of: fn(&entropy::Parent) -> u32| {
            Uint32ArraySlice::copy_from(env, tree.parents.iter().map(of).collect::<Vec<_>>())
        };
        let bits = |of: fn(&entropy::Parent) -> f64| {
            Float64ArraySlice::copy_from(env, tree.parents.iter().map(of).collect::<Vec<_>>())
        };
        let both = |of: fn(&entropy::Parent) -> [f64; 2]| {
            Float64ArraySlice::copy_from(env, tree.parents.iter().flat_map(of).collect::<Vec<_>>())
        };
        let alone: Vec<i32> = tree.alone.iter().map(|node| node.map_or(-1, |node| node as i32)).collect();
        Ok(PruningTree {
            depth: tree.depth,
            entropies: Float64ArraySlice::copy_from(env, &pairs.entropies)?,
            pairs: with_pairs.then(|| Float64ArraySlice::copy_from(env, &pairs.mutual)).transpose()?,
            level: wholes(|parent| parent.level)?,
            kept: wholes(|parent| parent.kept)?,
            deleted: wholes(|parent| parent.deleted)?,
            mutual: bits(|parent| parent.mutual)?,
            entropy: bits(|parent| parent.entropy)?,
            gains: both(|parent| parent.gains)?,
            ratios: both(|parent| parent.ratios)?,
            conditional: both(|parent| parent.conditional)?,
            alone: Int32ArraySlice::copy_from(env, &alone)?,
            order: Uint32ArraySlice::copy_from(env, &tree.order)?,
        })
    }
}

impl IntoJs for Vec<entropy::Gain> {
    type Js<'env> = LaneGains<'env>;
    fn into_js(self, env: &Env) -> napi::Result<LaneGains<'_>> {
        let bits = |of: fn(&entropy::Gain) -> f64| {
            Float64ArraySlice::copy_from(env, self.iter().map(of).collect::<Vec<_>>())
        };
        let targets: Vec<u32> = self.iter().map(|gain| gain.target).collect();
        Ok(LaneGains {
            entropies: bits(|gain| gain.entropy)?,
            gains: bits(|gain| gain.gain)?,
            ratios: bits(|gain| gain.ratio)?,
            targets: Uint32ArraySlice::copy_from(env, &targets)?,
            most: bits(|gain| gain.most)?,
        })
    }
}
