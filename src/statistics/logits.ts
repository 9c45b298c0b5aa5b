import type { Group } from '../coupling/groups.js';
import { numbersOf } from '../layers/currentWeights.js';
import { type Layer, type WeightUse, weightOf } from '../layers/layers.js';
import { matrixOf, placesOf } from '../layers/matrix.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import { type Factors, factorise } from '../native/moments.js';
import type { Head, HeadPairing } from './heads.js';
import type { SecondMoments } from './moments.js';
import type { Product } from './products.js';

/** Heads that meet, and the dims that give their products best. */
export interface LogitMoments extends HeadPairing {
  readonly factors: Factors;
  /** [dims]: E q² E k² of each dim as it is. */
  readonly energies: Float64Array;
}

/** A product of layers whose dims can be chosen anew. */
export interface Logits {
  readonly agreements: readonly LogitMoments[];
  readonly layers: ReadonlySet<Layer>;
}

/**
 * The best dims of products, by the second moments of what is multiplied. Heads that share one on the other side have the same
 * factors: given B, the best A = M_k B (Bᵀ M_k B)⁻¹ does not depend on the queries. Products of layers that were not observed are left out.
 */
export async function logitsOf(
  products: readonly Product[],
  native: NativeModel,
  observed: SecondMoments,
  options: NativeOptions,
): Promise<Logits[]> {
  const responses = async (head: Head): Promise<Float64Array | undefined> => {
    const { layer, outputs, scale, shift } = head;
    const stored = await numbersOf(native, weightOf(layer), options);
    const places = placesOf(layer, layer.weight.dims);
    const rows = matrixOf(stored, { ...places, outputs: outputs.map((output) => places.outputs[output]!) });
    const bias = await includedBias(layer.uses[0]!, native, options);
    const all = shift.map((own, dim) => own + scale[dim]! * (bias?.[outputs[dim]!] ?? 0));
    const found = await observed.use(layer, options, (moments) =>
      moments.responses(rows, scale, all, options),
    );
    const dims = outputs.length;
    const means = found?.means ?? NONE;
    return found?.covariance.map((value, at) => value + means[Math.floor(at / dims)]! * means[at % dims]!);
  };
  const sum = async (heads: readonly Head[]): Promise<Float64Array | undefined> => {
    const all = await Promise.all(heads.map(responses));
    return all.reduce((total, own) => own && total?.map((value, at) => value + own[at]!));
  };
  const found: Logits[] = [];
  for (const { pairings } of products) {
    const layers = new Set(
      pairings.flatMap(({ left, right }) => [...left, ...right].map(({ layer }) => layer)),
    );
    if ([...layers].some((layer) => !observed.summings.includes(layer))) continue;
    const agreements: LogitMoments[] = [];
    for (const pairing of pairings) {
      const [left, right] = [await sum(pairing.left), await sum(pairing.right)];
      // No sample has come to them.
      if (left === undefined || right === undefined) break;
      const dims = pairing.left[0]!.outputs.length;
      const factors = await factorise(left, right, dims, options);
      const energies = Float64Array.from({ length: dims }, (_, dim) => {
        const at = dim * (dims + 1);
        return left[at]! * right[at]!;
      });
      agreements.push({ ...pairing, factors, energies });
    }
    if (agreements.length === pairings.length) found.push({ agreements, layers });
  }
  return found;
}

const NONE = new Float64Array(0);

/** What a node adds to W x itself. */
async function includedBias(
  { addition, output }: WeightUse,
  native: NativeModel,
  options: NativeOptions,
): Promise<Float32Array | undefined> {
  if (output === undefined) return undefined;
  const stored =
    addition.kind === 'stored' && addition.included
      ? addition
      : addition.kind === 'operand' && addition.shared !== undefined
        ? { tensor: addition.shared }
        : undefined;
  if (stored === undefined) return undefined;
  return numbersOf(native, stored, options);
}

/** For each dim of an agreement the lane of a group that it is, -1 for none. Undefined where the group has no dims of it. */
function lanesOf(group: Group, { left, right }: LogitMoments): readonly number[] | undefined {
  const all = [...left, ...right].map((head) => lanesAt(group, head));
  const [first] = all;
  if (first === undefined || all.some((own) => own?.join() !== first.join())) return undefined;
  const present = first.filter((lane) => lane >= 0);
  return present.length > 0 && new Set(present).size === present.length ? first : undefined;
}

function lanesAt(group: Group, { layer, outputs }: Head): readonly number[] | undefined {
  const { weight, layout } = layer;
  for (const [place, axis] of layout.outputs.entries()) {
    const own = group.axes.find(
      ({ parameterAxis }) =>
        parameterAxis.tensor === weight.id && parameterAxis.axis === axis && parameterAxis.use === undefined,
    );
    if (own === undefined) continue;
    const inner = layout.outputs
      .slice(place + 1)
      .reduce((product, other) => product * weight.dims[other]!, 1);
    return outputs.map((output) => own.lanes[Math.floor(output / inner) % weight.dims[axis]!]!);
  }
  return undefined;
}

/** The products of queries and keys whose dims are lanes of this group. */
export function dimsIn(group: Group, all: readonly Logits[]): readonly Logits[] {
  return all.filter(({ agreements }) => agreements.every((own) => lanesOf(group, own) !== undefined));
}

/**
 * [lanes]: entry k is the share of the logits' energy that is lost when lanes 0 to k of the order are removed and the other dims are
 * chosen anew, summed over products. Only the number of dims that a head loses matters then, not which.
 */
export function lostAlong(group: Group, order: ArrayLike<number>, own: readonly Logits[]): Float64Array {
  const damage = new Float64Array(order.length);
  for (const { agreements } of own) {
    const energy = sumOf(agreements, ({ factors }) => behind(factors, 0));
    if (!(energy > 0)) continue;
    const dims = agreements.map((agreement) => lanesOf(group, agreement)!);
    const gone = new Set<number>();
    for (let place = 0; place < order.length; place++) {
      gone.add(order[place]!);
      const lost = sumOf(agreements, ({ factors }, index) =>
        behind(factors, dims[index]!.filter((lane) => !gone.has(lane)).length),
      );
      damage[place]! += lost / energy;
    }
  }
  return damage;
}

/** The order in which dims of queries and keys are removed: those of the least energy E q² E k² first. */
export function weakestFirst(group: Group, own: readonly Logits[]): Uint32Array {
  const energies = new Float64Array(group.lanes.length);
  for (const { agreements } of own) {
    const all = sumOf(agreements, (agreement) => agreement.energies.reduce((sum, value) => sum + value, 0));
    for (const agreement of agreements)
      for (const [dim, lane] of lanesOf(group, agreement)!.entries())
        if (lane >= 0) energies[lane]! += all > 0 ? agreement.energies[dim]! / all : 0;
  }
  return Uint32Array.from(energies.keys()).sort((a, b) => energies[a]! - energies[b]! || a - b);
}

const sumOf = <T>(values: readonly T[], of: (value: T, index: number) => number): number =>
  values.reduce((sum, value, index) => sum + of(value, index), 0);

/** The energy of all components but the `rank` strongest. */
const behind = ({ strengths }: Factors, rank: number): number =>
  strengths.subarray(rank).reduce((sum, strength) => sum + strength ** 2, 0);
