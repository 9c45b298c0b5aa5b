import type { Walk } from '../coupling/walk.js';
import type { SubgraphPartition } from '../execution/subgraphPartition.js';
import type { Layer } from '../layers/layers.js';
import type { Recurrent } from '../layers/recurrent.js';
import type { Node } from '../model/expanded.js';
import type { Readers } from '../model/readers.js';
import type { Scaling } from './scaling.js';

/** What a refit solves for at one step of its schedule. */
export type ScheduleEntry = Layer | Recurrent | Scaling;

/** The nodes that read a value, directly or after it is quantised. */
export function readersBehind(walk: Walk, readers: Readers, value: string): readonly Node[] {
  const isQuantiser = (node: Node): boolean => {
    const { quantises, dequantises } = walk.factsOf(node);
    return (quantises !== undefined || dequantises === true) && node.inputs[0] === value;
  };
  return (readers.get(value) ?? []).flatMap((node) =>
    isQuantiser(node) ? readersBehind(walk, readers, node.outputs[0]!) : [node],
  );
}

/** The values that a use of a weight reads: several where its node adds them first. */
export const readOf = (use: {
  readonly data: string;
  readonly reads?: readonly string[];
}): readonly string[] => use.reads ?? [use.data];

/** Whether an entry is a linear layer, with a weight of its own. */
export const isLayer = (turn: ScheduleEntry): turn is Layer => 'weight' in turn;
/** Whether an entry is an LSTM, GRU or RNN, whose weights are refitted together. */
export const isRecurrent = (turn: ScheduleEntry): turn is Recurrent => 'directions' in turn;

/**
 * The layers in the order of data flow: each before all that read its outputs. A weight that is used again on its own outputs (an
 * unrolled recurrent cell) is included if no other weight lies in that cycle; where others do, none of them is, since refitting one
 * late would change the inputs that the others were fitted on. Layers that no output of the model needs are left out.
 */
export function ordered<T extends Pick<ScheduleEntry, 'uses'>>(
  layers: readonly T[],
  parts: SubgraphPartition,
): T[] {
  const before = (values: readonly string[]): ReadonlySet<number> =>
    new Set([...parts.between(values, new Set())].map(({ id }) => id));
  const makes = ({ uses }: T, ids: ReadonlySet<number>): boolean => uses.some(({ node }) => ids.has(node.id));
  const needed = layers.filter(({ uses }) => uses.every(({ node }) => parts.needs(node.id)));
  const reads = new Map(needed.map((layer) => [layer, before(layer.uses.flatMap(readOf))]));
  const feeds = (layer: T): boolean => layer.uses.length > 1 && makes(layer, reads.get(layer)!);
  let rest = needed;
  const turns: T[] = [];
  const without: T[] = [];
  while (rest.length > 0) {
    const next = rest.find(
      (layer) =>
        !rest.some((own) => own !== layer && makes(own, reads.get(layer)!)) &&
        !(
          feeds(layer) &&
          without.some((own) => makes(own, reads.get(layer)!) && makes(layer, reads.get(own)!))
        ),
    );
    if (next !== undefined) turns.push(next);
    const gone = next ?? rest.find(({ uses }) => uses.length > 1) ?? rest[0]!;
    if (next === undefined) without.push(gone);
    rest = rest.filter((layer) => layer !== gone);
  }
  return turns;
}
