import { matchInputs } from '../calibration/match.js';
import type { Analysis } from '../lanes/analysis.js';
import type { Group } from '../lanes/groups.js';
import type { NativeOptions } from '../native/index.js';
import { numbersOf } from '../runtime/dtypes.js';
import type { Feeds, Session, Tensor } from '../runtime/runtime.js';
import { cutsOf } from '../surgery/cuts.js';
import { editsOf } from '../surgery/edits.js';
import { removalOf } from '../surgery/removal.js';
import type { Observed } from './observed.js';
import type { Ranking } from './ranking.js';
import { DAMPING } from './ranking.js';
import { feedsFor, type Source } from './reconstruct.js';
import { Rewrites } from './rewrites.js';

/** The share of a group's lanes whose loss is tried. */
const TRIED = 0.5;
const SAMPLES = 128;

/**
 * What the model's answers lose for each unit of a group's predicted damage: half of the group leaves, its consumers are
 * refitted at once, and the model runs on some samples.
 */
export async function sensitivities(
  source: Source & { readonly walk: Analysis },
  observed: Observed,
  rankings: ReadonlyMap<Group, Ranking>,
  options: NativeOptions,
): Promise<Map<Group, number>> {
  const { native, walk } = source;
  const feeds = (await feedsFor(
    { ...source, samples: Math.min(source.samples, SAMPLES) },
    options,
  )) as Feeds[];
  const answer = async (bytes: Uint8Array): Promise<readonly Readonly<Record<string, Tensor>>[]> => {
    const session: Session = await source.runtime.load(bytes, {});
    const answers = [];
    for (const own of feeds) answers.push((await session.run(own)).outputs);
    await session.dispose();
    return answers;
  };
  const wanted = await answer(
    await native.saveToBytes({
      selections: [],
      integers: [],
      copies: [],
      literals: [],
      attributes: [],
      inputs: [],
      nodes: [],
      valueInfos: [],
      metadata: [],
    }),
  );
  const factors = new Map<Group, number>();
  for (const [group, { order, damage, consumers }] of rankings) {
    const gone = Math.max(1, Math.floor(TRIED * group.lanes.length));
    const kept = [...order.slice(gone)].sort((a, b) => a - b);
    const removal = removalOf(walk, new Map([[group, kept]]));
    const cuts = cutsOf(walk, removal);
    const rewrites = new Rewrites(native, walk, removal, cuts, options);
    for (const layer of consumers) {
      const keep = Uint32Array.from(
        rewrites
          .keptChannels(layer)
          .flatMap((channel) => Array.from({ length: layer.taps }, (_, tap) => channel * layer.taps + tap)),
      );
      const { weights, bias } = await observed.moments.get(layer)!.ridge(keep, DAMPING, options);
      const rows = rewrites.keptOutputs(layer);
      const own = rows.flatMap((row) => [...weights.subarray(row * keep.length, (row + 1) * keep.length)]);
      await rewrites.put(layer, { weights: own, intercept: rows.map((row) => bias[row]!), observed: false });
    }
    const got = await answer(await native.saveToBytes(rewrites.over(editsOf(walk, removal, cuts, []))));
    factors.set(group, Math.max(1e-9, lost(wanted, got)) / Math.max(damage[gone - 1]!, 1e-12));
  }
  return factors;
}

function lost(
  wanted: readonly Readonly<Record<string, Tensor>>[],
  got: readonly Readonly<Record<string, Tensor>>[],
): number {
  let [error, energy] = [0, 0];
  for (const [batch, outputs] of wanted.entries())
    for (const [name, tensor] of Object.entries(outputs)) {
      const [a, b] = [numbersOf(tensor), numbersOf(got[batch]![name]!)];
      let mean = 0;
      for (let i = 0; i < a.length; i++) mean += Number(a[i]) / a.length;
      for (let i = 0; i < a.length; i++) {
        error += (Number(a[i]) - Number(b[i])) ** 2;
        energy += (Number(a[i]) - mean) ** 2;
      }
    }
  return error / Math.max(energy, 1e-30);
}
void matchInputs;
