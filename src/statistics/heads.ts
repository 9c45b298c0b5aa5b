import type { ActivationProduct, Letters, Side } from '../coupling/activationProduct.js';
import type { Walk } from '../coupling/walk.js';
import type { ProbedValue } from '../execution/probing.js';
import type { Layer } from '../layers/layers.js';
import { storedAs } from '../layers/quantised.js';
import type { NativeModel } from '../native/index.js';

/** A head: the vector of a layer's outputs that a product of activations sums over, in the order of the dims. */
export interface Head {
  readonly layer: Layer;
  /** Rows of the layer's W. */
  readonly outputs: readonly number[];
  /** The scaling between the layer and the product: scale · y + shift. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Paired heads: each on the left is multiplied with each on the right, and on one side there is only one. */
export interface HeadPairing {
  readonly left: readonly Head[];
  readonly right: readonly Head[];
}

/** A side of a contraction, its operand's elements seen as outputs of a layer. */
export interface FactorOfLayer {
  readonly layer: Layer;
  readonly side: Side;
  readonly seen: ProbedValue;
}

/** An axis of an operand's elements. */
interface LetterAxis {
  readonly letter: string;
  readonly length: number;
  readonly stride: number;
}

/** Axes of a value, one for each letter, and where the elements begin. Undefined where lengths do not fit. */
function letterAxesOf(
  axes: readonly Letters[],
  dims: readonly number[],
  lengths: ReadonlyMap<string, number>,
): { readonly runs: readonly LetterAxis[]; readonly start: number } | undefined {
  if (axes.length !== dims.length) return undefined;
  const runs: LetterAxis[] = [];
  let [start, stride] = [0, 1];
  for (const [axis, letters] of [...axes.entries()].reverse()) {
    const length = dims[axis]!;
    if (typeof letters === 'number') {
      start += letters * stride;
      stride *= length;
      continue;
    }
    const own = typeof letters === 'string' ? [letters] : letters;
    const known = own.length === 1 ? [length] : own.map((letter) => lengths.get(letter));
    const rest = known.reduce<number>((product, one) => product * (one ?? 1), 1);
    for (const [place, letter] of [...own.entries()].reverse()) {
      const one = known[place] ?? length / rest;
      if (!Number.isInteger(one)) return undefined;
      runs.push({ letter, length: one, stride });
      stride *= one;
    }
  }
  return { runs, start };
}

/** Every combination of indices along some runs: where it lies, and the indices of the letters that are asked for. */
function* places(
  runs: readonly LetterAxis[],
  start: number,
  shared: ReadonlyMap<string, number>,
): Generator<{ readonly at: number; readonly key: string; readonly index: ReadonlyMap<string, number> }> {
  const [run, ...rest] = runs;
  if (run === undefined) {
    yield { at: start, key: '', index: new Map() };
    return;
  }
  const { letter, length, stride } = run;
  const most = shared.get(letter);
  for (let i = 0; i < (most ?? length); i++)
    for (const inner of places(rest, start + (length === 1 ? 0 : i) * stride, shared)) {
      const key = most === undefined ? inner.key : `${letter}${i} ${inner.key}`;
      yield { at: inner.at, key, index: new Map([...inner.index, [letter, length === 1 ? 0 : i]]) };
    }
}

/** The vectors of a side that are summed over, by the indices that it shares with the other side. */
interface Vectors {
  readonly heads: ReadonlyMap<string, Head>;
  /** By the indices of shared letters: keys of heads. */
  readonly at: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * The heads of a contraction, and which meet which. Undefined where some element is no output, a vector has an output twice, or heads
 * meet in another way than each of one side several of the other.
 */
export function headPairingsOf(
  contraction: ActivationProduct,
  shown: readonly [FactorOfLayer, FactorOfLayer],
  walk: Walk,
  native: NativeModel,
): HeadPairing[] | undefined {
  const { lengths, summed } = contraction;
  const runs = shown.map(({ side, seen }) => letterAxesOf(side.axes, seen.dims, lengths));
  const [left, right] = runs;
  if (left === undefined || right === undefined) return undefined;
  const shared = new Map<string, number>();
  for (const { letter, length } of left.runs) {
    const other = right.runs.find((run) => run.letter === letter);
    if (other !== undefined && letter !== summed) shared.set(letter, Math.max(length, other.length));
  }
  const bias = (side: Side): ArrayLike<number> | undefined => {
    if (side.bias === undefined) return undefined;
    const stored = storedAs(walk.graph, contraction.node.inputs[side.bias.operand] ?? '');
    return stored && native.numbers(stored.id);
  };
  const vectors = shown.map((own, place) =>
    vectorsOf(own, runs[place]!, shared, contraction, bias(own.side)),
  );
  const [a, b] = vectors;
  if (a === undefined || b === undefined) return undefined;
  const all = [...a.heads.values(), ...b.heads.values()].flatMap(({ layer, outputs }) =>
    outputs.map((output) => `${layer.weight.id}:${output}`),
  );
  if (new Set(all).size < all.length) return undefined;
  return met(a, b);
}

function vectorsOf(
  { layer, side, seen }: FactorOfLayer,
  { runs, start }: { readonly runs: readonly LetterAxis[]; readonly start: number },
  shared: ReadonlyMap<string, number>,
  { summed, lengths }: ActivationProduct,
  bias: ArrayLike<number> | undefined,
): Vectors | undefined {
  if (side.bias !== undefined && bias === undefined) return undefined;
  const along = runs.find(({ letter }) => letter === summed);
  if (along === undefined || along.length < 2) return undefined;
  const heads = new Map<string, Head>();
  const found = new Map<string, Set<string>>();
  for (const { at, key, index } of places(
    runs.filter((run) => run !== along),
    start,
    shared,
  )) {
    const elements = Array.from({ length: along.length }, (_, dim) => at + dim * along.stride);
    const outputs = elements.map((element) => seen.output[element]!);
    if (outputs.includes(-1)) return undefined;
    const own = outputs.join();
    if (!heads.has(own)) {
      if (new Set(outputs).size < outputs.length) return undefined;
      const added = (dim: number): number => {
        if (side.bias === undefined) return 0;
        const { from, axes } = side.bias;
        const place = axes.reduce((sum, letter) => {
          const length = letter === summed ? along.length : (lengths.get(letter) ?? 1);
          return sum * length + (letter === summed ? dim : (index.get(letter) ?? 0));
        }, 0);
        return bias![from + place]!;
      };
      heads.set(own, {
        ...{ layer, outputs },
        scale: Float64Array.from(elements, (element) => seen.scale[element]!),
        shift: Float64Array.from(elements, (element, dim) => seen.shift[element]! + added(dim)),
      });
    }
    const here = found.get(key) ?? new Set();
    found.set(key, here.add(own));
  }
  return { heads, at: found };
}

function met(a: Vectors, b: Vectors): HeadPairing[] | undefined {
  const partners = (from: Vectors, to: Vectors): Map<string, Set<string>> => {
    const all = new Map<string, Set<string>>();
    for (const [key, own] of from.at)
      for (const head of own) all.set(head, new Set([...(all.get(head) ?? []), ...(to.at.get(key) ?? [])]));
    return all;
  };
  const [ofLeft, ofRight] = [partners(a, b), partners(b, a)];
  const pairings: HeadPairing[] = [];
  const heads = (from: Vectors, keys: Iterable<string>): Head[] =>
    Array.from(keys, (key) => from.heads.get(key)!);
  for (const [right, lefts] of ofRight) {
    const alone = [...lefts].every((left) => ofLeft.get(left)!.size === 1);
    if (alone) {
      pairings.push({ left: heads(a, lefts), right: heads(b, [right]) });
      continue;
    }
    const [left, ...others] = lefts;
    const rights = ofLeft.get(left!)!;
    if (others.length > 0 || [...rights].some((own) => ofRight.get(own)!.size > 1)) return undefined;
    if ([...rights][0] === right) pairings.push({ left: heads(a, [left!]), right: heads(b, rights) });
  }
  return pairings;
}
