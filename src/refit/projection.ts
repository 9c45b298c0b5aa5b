import type { Layer } from '../layers/layers.js';
import type { Head } from '../statistics/heads.js';
import type { LogitMoments, Logits } from '../statistics/logits.js';
import type { PendingUpdates } from './pendingUpdates.js';

/** The target of one output of a layer: Σ factor · y[source] + shift over outputs y of the original. */
export interface ProjectionParameters {
  readonly sources: readonly number[];
  readonly factors: Float64Array;
  readonly shift: number;
}

/** For each kept output of a layer, the combination of original outputs that it is refitted to; itself where it has no entry. */
export type JointProjection = ReadonlyMap<number, ProjectionParameters>;

/**
 * New dims of queries and keys: where dims of a head are removed, the others become the projections that keep most of the logits.
 *
 * - `refitted`: layers that will be; a product of which one is not keeps its dims as they are
 */
export function jointProjectionsOf(
  all: readonly Logits[],
  updates: PendingUpdates,
  refitted: ReadonlySet<Layer>,
): Map<Layer, JointProjection> {
  const projections = new Map<Layer, Map<number, ProjectionParameters>>();
  for (const { agreements, layers } of all) {
    if ([...layers].some((layer) => !refitted.has(layer))) continue;
    const left = new Map([...layers].map((layer) => [layer, new Set(updates.keptOutputs(layer))]));
    for (const agreement of agreements) {
      const dims = dimsLeft(agreement, left);
      if (dims === undefined) continue;
      const { strengths, left: a, right: b } = agreement.factors;
      const sides = [
        [agreement.left, a],
        [agreement.right, b],
      ] as const;
      for (const [heads, factor] of sides)
        for (const head of heads) {
          const own = projections.get(head.layer) ?? new Map<number, ProjectionParameters>();
          projections.set(head.layer, own);
          for (const [column, dim] of dims.entries())
            if (left.get(head.layer)!.has(head.outputs[dim]!))
              own.set(head.outputs[dim]!, recipe(head, factor, strengths.length, column, dim));
        }
    }
  }
  return projections;
}

/** The kept dims of paired heads; undefined where all are kept, or not the same ones of each head. */
function dimsLeft(
  { left: queries, right: keys }: LogitMoments,
  left: ReadonlyMap<Layer, ReadonlySet<number>>,
): readonly number[] | undefined {
  const of = ({ layer, outputs }: Head): number[] =>
    [...outputs.keys()].filter((dim) => left.get(layer)!.has(outputs[dim]!));
  const all = [...queries, ...keys].map(of).filter((dims) => dims.length > 0);
  const [first] = all;
  if (first === undefined || all.some((own) => own.join() !== first.join())) return undefined;
  return first.length === queries[0]!.outputs.length ? undefined : first;
}

/** What is multiplied is scale · y + shift, in the pruned model too. */
function recipe(
  { outputs, scale, shift }: Head,
  factor: Float64Array,
  dims: number,
  column: number,
  dim: number,
): ProjectionParameters {
  const by = 1 / scale[dim]!;
  const own = Float64Array.from(outputs, (_, source) => factor[source * dims + column]!);
  return {
    sources: outputs,
    factors: own.map((value, source) => value * scale[source]! * by),
    shift: own.reduce((sum, value, source) => sum + value * shift[source]!, -shift[dim]!) * by,
  };
}

/** The kept outputs of the original, combined by the projection: [outer, outputs, inner]. */
export function mixed(
  data: Float32Array,
  dims: readonly number[],
  axis: number,
  outputs: readonly number[],
  projection: JointProjection,
): Float32Array {
  const length = dims[axis]!;
  const outer = dims.slice(0, axis).reduce((product, own) => product * own, 1);
  const inner = dims.slice(axis + 1).reduce((product, own) => product * own, 1);
  const out = new Float32Array(outer * outputs.length * inner);
  for (const [place, output] of outputs.entries()) {
    const found = projection.get(output);
    const { sources, factors, shift } = found ?? { sources: [output], factors: Float64Array.of(1), shift: 0 };
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        let sum = shift;
        for (let s = 0; s < sources.length; s++)
          sum += factors[s]! * data[(o * length + sources[s]!) * inner + i]!;
        out[(o * outputs.length + place) * inner + i] = sum;
      }
  }
  return out;
}

/** The joint projection that leaves every output as it is. */
export const UNPROJECTED: JointProjection = new Map();

/** The shift of each of these outputs; 0 without an entry. */
export const shiftsOf = (outputs: readonly number[], projection: JointProjection): Float64Array =>
  Float64Array.from(outputs, (output) => projection.get(output)?.shift ?? 0);

/** The projection without its shifts, as it applies to weights. */
export const unshifted = (projection: JointProjection): JointProjection =>
  new Map([...projection].map(([output, recipe]) => [output, { ...recipe, shift: 0 }]));
