import { EspalierError } from '../base/errors.js';
import { type Loss, lossBetween } from '../compare/loss.js';
import { answeredBy } from '../compare/standIns.js';
import { CostModel } from '../cost/model.js';
import type { Group } from '../coupling/groups.js';
import type { Walk } from '../coupling/walk.js';
import { cutTensor } from '../data/interfaceChanges.js';
import { ActivationCache } from '../execution/activationCache.js';
import { decisionsOf } from '../execution/decisions.js';
import { StagedRun } from '../execution/stagedRun.js';
import { SubgraphPartition } from '../execution/subgraphPartition.js';
import { shareOf } from '../execution/subsampling.js';
import { unfusedValuesOf } from '../execution/unfusedValues.js';
import { NO_EDITS } from '../model/edits.js';
import type { NativeOptions } from '../native/index.js';
import { HELD_OUT } from '../refit/examples.js';
import { Reconstruction } from '../refit/refit.js';
import type { RefitInputs } from '../refit/refitInputs.js';
import { feedsFor } from '../refit/refitInputs.js';
import { valuesWanted } from '../refit/wanted.js';
import type { Feeds } from '../runtime/runtime.js';
import { inputsOf } from '../statistics/summing.js';
import { cutsOf } from '../surgery/cuts.js';
import { editsOf } from '../surgery/edits.js';
import { removalOf } from '../surgery/removal.js';

/** The share of a group's lanes whose loss is tried. */
const TRIED = 0.5;
/** The most samples that a trial refits on, and how many samples judge the result for each of them. */
const SAMPLES = 256;
const JUDGED = 1;
/**
 * The least that a trial may be judged on: positions of the last layer (steps of a sequence, pixels), and samples, some batches of
 * which are held out.
 */
const FEWEST = 48;
const FEWEST_SAMPLES = 2 * HELD_OUT;
/**
 * What all trials together may take: multiply-accumulates of the model, and bytes that pass through its layers, which say more where lengths
 * are open.
 */
const AMPLE = { work: 3e11, passed: 6e9 };
/** The same of models for which `FEWEST` samples are not to be had for that. */
const TIGHT = { work: 1e12, passed: 12e9 };
/** Products that refits of their trials together take for second moments: positions beyond are left out, evenly. */
const MOST_PRODUCTS = 4e11;
/** How often a trial multiplies inputs by targets. */
const TARGETS = 2;
/** The share of the memory that what trials are compared with may take. */
const COMPARED = 0.75;

/** What the original answers on some samples, against which cut models are tried. */
export class Trials {
  private constructor(
    readonly source: RefitInputs,
    readonly feeds: readonly Feeds[],
    readonly original: ActivationCache,
    /** Batches that are fitted to; the others judge. */
    readonly fitted: number,
  ) {}

  /** Undefined where trying every group would take too long, or hold too much: the rule looks at sizes alone, so that it gives the same anywhere. */
  static async of(source: RefitInputs, options: NativeOptions): Promise<Trials | undefined> {
    const { walk, layers } = source;
    const { macs } = new CostModel(walk).of();
    const affordable = samplesOfTrials(source, walk.groups.length, macs);
    if (affordable === undefined) return undefined;
    const { samples: fit, isTight } = affordable;
    if (isTight && answersSaturate(walk)) return undefined;
    const batch =
      source.fixed || source.batch === 1 ? source.batch : Math.min(source.batch, Math.ceil(fit / HELD_OUT));
    const fitted = Math.ceil(fit / batch);
    const samples = Math.min(source.samples, fitted * batch + Math.ceil((fit * JUDGED) / batch) * batch);
    if (samples <= fitted * batch) return undefined;
    const feeds = await feedsFor({ ...source, samples, batch }, options);
    const parts = new SubgraphPartition(walk.graph.document, unfusedValuesOf(layers));
    const original = new StagedRun(
      source.computed,
      parts,
      source.runtime,
      feeds,
      () => NO_EDITS,
      options,
      undefined,
      undefined,
      decisionsOf(walk),
    );
    try {
      const recorded = await ActivationCache.of(original, valuesWanted(source), COMPARED * source.memory);
      if (recorded === undefined) return undefined;
      const own = { ...source, samples: fitted * batch, batch };
      return new Trials({ ...own, ...(isTight && { share: shareIn(own) }) }, feeds, recorded, fitted);
    } finally {
      await original.close();
    }
  }
}

/**
 * The number of samples that a trial refits on; as many others judge the result. Few are enough where the last layer has many
 * positions in each sample, such as the steps of a sequence: then more work is allowed, and `isTight` says that positions are to be left out.
 *
 * macs: multiply-accumulates of the model for one sample
 * returns: undefined where trying every group would take too long
 */
export function samplesOfTrials(
  { rows, layers, samples, bytes }: Pick<RefitInputs, 'rows' | 'layers' | 'samples' | 'bytes'>,
  groups: number,
  macs: number,
): { readonly samples: number; readonly isTight: boolean } | undefined {
  const there = samples / (1 + JUDGED);
  const within = ({ work, passed }: typeof AMPLE): number => {
    const each = Math.max(macs / work, bytes / passed) * groups;
    const affordable = Math.floor(1 / Math.max(each, 1e-9) / (1 + JUDGED));
    return Math.min(SAMPLES, affordable, Math.floor(there));
  };
  const ample = within(AMPLE);
  if (ample >= Math.min(FEWEST, there) && ample >= 2) return { samples: ample, isTight: false };
  const last = layers.findLast((layer) => rows.has(layer));
  const positions = Math.max(1, (last && rows.get(last)) ?? 1);
  const fewest = Math.min(there, Math.max(FEWEST_SAMPLES, Math.ceil(FEWEST / positions)));
  const tight = within(TIGHT);
  return tight < fewest || tight < 2 ? undefined : { samples: tight, isTight: true };
}

/**
 * Whether an answer of the model is a probability, or a class, made of scores. Of a probability near 1 a trial that removes half of a group
 * shows next to nothing, and removing more may still turn it over: few samples say too little of that.
 */
export function answersSaturate(walk: Pick<Walk, 'graph' | 'factsOf'>): boolean {
  const decided = (value: string): boolean => {
    const maker = walk.graph.makerOf(value);
    if (maker === undefined) return false;
    const { decides, moves } = walk.factsOf(maker);
    return decides !== undefined || (moves === true && decided(maker.inputs[0]!));
  };
  return walk.graph.outputs.some(({ name }) => decided(name));
}

/** The multiplications that the second moments of one trial may take; a layer with more positions is subsampled. */
function shareIn({ rows, samples, walk }: RefitInputs): number {
  const sizes = [...rows].map(([layer, each]) => ({
    inputs: inputsOf(layer),
    rows: each * samples,
    targets: TARGETS * layer.outputs,
  }));
  return shareOf(sizes, MOST_PRODUCTS / Math.max(1, walk.groups.length));
}

/** The measured loss of one group. */
export interface Tried {
  /** In shares of the variance of the model's outputs; undefined where no output can be judged. */
  readonly loss: number | undefined;
  /** Values became NaN or infinite where the original's are not: that counts as the whole loss at least. */
  readonly overflows: boolean;
}

const triedOf = ({ lanes }: Group): number => Math.max(1, Math.floor(TRIED * lanes.length));

/** What the model's answers lose for each unit of a group's predicted damage. lost: `lossOf`. */
export const sensitivity = (group: Group, { loss }: Tried, damage: Float64Array): number =>
  loss === undefined ? 1 : Math.max(LEAST, loss) / Math.max(damage[triedOf(group) - 1]!, LEAST);

/**
 * What the model's answers lose, as a share of their variance: half of a group's lanes leave, everything behind them is
 * refitted as it will be, and the model answers samples that nothing was fitted to. So errors that layers behind can make good
 * count for little.
 */
export async function lossOf(
  { source, feeds, original, fitted }: Trials,
  group: Group,
  order: Uint32Array,
  options: NativeOptions,
): Promise<Tried> {
  const { walk } = source;
  const gone = triedOf(group);
  const kept = [...order.subarray(gone)].sort((a, b) => a - b);
  const removal = removalOf(walk, new Map([[group, kept]]));
  const cuts = cutsOf(walk, removal);
  const work = new Reconstruction(
    source,
    { removal, cuts, edits: editsOf(walk, removal, cuts, []) },
    options,
  );
  const pruned = work.advance(
    feeds,
    new SubgraphPartition(walk.graph.document, unfusedValuesOf(source.layers)),
    options,
    original,
  );
  try {
    await work.run(original, pruned, { quick: true, fitted });
    const names = answeredBy(walk.graph.document);
    const losses: Loss[] = [];
    await pruned.to(names, async (batch, tensors) => {
      if (batch < fitted) return;
      for (const name of names) {
        const [whole, got] = [original.get(name, batch), tensors.get(name)];
        const wanted = whole && cutTensor(whole, work.changes.outputs[name] ?? {});
        const lost = wanted && got && lossBetween(wanted, got);
        if (lost !== undefined) losses.push(lost);
      }
    });
    const sum = losses.reduce((total, { loss }) => total + loss, 0);
    const loss = losses.length > 0 ? sum / losses.length : undefined;
    return { loss, overflows: losses.some(({ overflows }) => overflows) };
  } catch (problem) {
    // What layers read has overflowed: none of it could be fitted to.
    if (problem instanceof EspalierError && problem.code === 'NON_FINITE')
      return { loss: 1, overflows: true };
    throw problem;
  } finally {
    await pruned.close();
  }
}

/** A predicted loss below this counts as none. */
const LEAST = 1e-9;
