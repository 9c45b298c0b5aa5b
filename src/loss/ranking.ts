import type { Group } from '../coupling/groups.js';
import type { NativeOptions } from '../native/index.js';
import { NativeMoments } from '../native/moments.js';
import { quietly } from '../native/quietly.js';
import { dimsIn, type Logits, lostAlong, weakestFirst } from '../statistics/logits.js';
import type { SecondMoments } from '../statistics/moments.js';
import { blocksOf, type Summing } from '../statistics/summing.js';

/** The order in which a group's lanes are removed, and the loss curve along it. */
export interface Ranking {
  /** Positions in `Group.lanes`, the first to leave first. */
  readonly order: Uint32Array;
  /**
   * [lanes]: entry k is the loss when lanes 0 to k of the order are removed. It is the share of a consumer's output variance that its
   * other inputs, refitted, cannot reproduce, summed over the consumers; where lanes are dims of queries and keys, the share of
   * the logits' energy that is lost is added.
   */
  readonly damage: Float64Array;
  readonly consumers: readonly Summing[];
}

/** λ as a share of the mean variance of a consumer's inputs: the damping under which lanes are priced. */
export const DAMPING = 1e-3;

/**
 * Prices the lanes of groups by the optimal brain surgeon: always the one leaves whose loss costs the consumers' outputs
 * least, all others refitted. Dims of queries and keys cost what their products lose, and where no layer reads them any order of
 * them is as good. Groups of which neither is known are left out.
 *
 * source: Hassibi, Stork 1993; blocks of taps as in OBC, Frantar, Alistarh 2022
 */
export async function rank(
  groups: readonly Group[],
  seen: SecondMoments,
  logits: readonly Logits[],
  options: NativeOptions,
): Promise<Map<Group, Ranking>> {
  const quiet = quietly(options);
  const rankings = new Map<Group, Ranking>();
  for (const [done, group] of groups.entries()) {
    options.onProgress?.({ phase: 'score', done, total: groups.length });
    const products = dimsIn(group, logits);
    const priced = await seen.withTargets(readersOf(group, seen), quiet, async (targeted) => {
      const consumers = targeted.map(({ moments, summings }) => ({
        moments,
        blocks: blocksOf(group, summings[0]!)!,
      }));
      if (consumers.length === 0) return undefined;
      const order = await NativeMoments.order(consumers, DAMPING, quiet);
      return { ...order, consumers: targeted.flatMap(({ summings }) => summings) };
    });
    if (priced === undefined) {
      if (products.length === 0) continue;
      const order = weakestFirst(group, products);
      rankings.set(group, { order, damage: lostAlong(group, order, products), consumers: [] });
      continue;
    }
    const { blocks, prices, consumers } = priced;
    const lost = lostAlong(group, blocks, products);
    let sum = 0;
    rankings.set(group, {
      order: blocks,
      damage: prices.map((price, place) => {
        sum += Math.max(0, price);
        return sum + lost[place]!;
      }),
      consumers,
    });
  }
  return rankings;
}

/** What reads lanes of a group. */
const readersOf = (group: Group, { summings }: SecondMoments): readonly Summing[] =>
  summings.filter((summing) => blocksOf(group, summing) !== undefined);

/** Widths at which the damage of an order is computed; between them it is taken to be linear. */
const POINTS = 12;

/** `Ranking.damage` along any order: entry k is the share of the consumers' output variance that is lost with lanes 0 to k. */
export function damageAlong(
  group: Group,
  order: Uint32Array,
  seen: SecondMoments,
  options: NativeOptions,
): Promise<Float64Array> {
  const lanes = group.lanes.length;
  const counts = [
    ...new Set(Array.from({ length: POINTS }, (_, i) => Math.ceil(((i + 1) * lanes) / POINTS))),
  ];
  return seen.withTargets(readersOf(group, seen), options, async (targeted) => {
    const damage = new Float64Array(lanes);
    for (const { moments, summings } of targeted) {
      const blocks = blocksOf(group, summings[0]!)!;
      let [from, before] = [0, 0];
      for (const count of counts) {
        const gone = new Set([...order.subarray(0, count)].flatMap((lane) => [...blocks[lane]!]));
        const keep = Uint32Array.from({ length: moments.inputs }, (_, input) => input).filter(
          (input) => !gone.has(input),
        );
        const errors = await moments.errors(keep, await moments.ridge(keep, DAMPING, options), options);
        const lost = errors.reduce((sum, value) => sum + value, 0);
        for (let place = from; place < count; place++)
          damage[place]! += before + ((lost - before) * (place + 1 - from)) / (count - from);
        [from, before] = [count, lost];
      }
    }
    return damage;
  });
}
