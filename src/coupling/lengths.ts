import { freeSymbols } from '../model/dim.js';
import type { Walk } from './walk.js';

/** How a length that the file leaves open is known: by samples, by a shape that was stated, or by its name alone. */
export type LengthSource = 'samples' | 'shape' | 'guess';

/** What an open length is taken to be wherever multiply-adds are counted. */
export interface Length {
  readonly length: number;
  readonly from: LengthSource;
}

/** Open lengths by the name of their symbol. */
export type Lengths = ReadonlyMap<string, Length>;

/** Lengths that the file leaves open, of inputs or of what data decide, and that multiply-adds depend on. */
export function openLengths({ work }: Pick<Walk, 'work'>): Set<string> {
  const names = new Set<string>();
  for (const piece of work) for (const { before } of piece.lengths) freeSymbols(before, names);
  return names;
}

/** Names that say what an axis is, and the length that it then gets where nothing else is known. The first that fits counts. */
const NAMES: readonly (readonly [pattern: RegExp, length: number])[] = [
  [/batch|(^|_)bs($|_)/, 1],
  [/seq|token|len|word|char|text|past|cache|prompt|context/, 128],
  [/audio|wave|pcm|signal|sample/, 16_000],
  [/time|frame|step|^t$/, 100],
  [/height|width|image|pixel|^[hw]$/, 224],
];
/** The first axis of an input whose name says nothing is one sample. */
const SAMPLE = 1;
/** Integers are ids of tokens, more often than not. */
const IDS = 128;
const OTHER = 224;

/** The length that a name looks like; a last resort. */
export function guessing({ graph, tensors }: Pick<Walk, 'graph' | 'tensors'>): (name: string) => number {
  const known = new Map<string, number>();
  for (const { name, dtype } of graph.inputs)
    for (const [axis, { length }] of (tensors.get(name)?.axes ?? []).entries())
      for (const symbol of freeSymbols(length)) {
        if (known.has(symbol)) continue;
        const own = isUnnamed(symbol, name) ? undefined : looksLike(symbol);
        const first = axis === 0 ? SAMPLE : undefined;
        const ids = dtype === 'int64' || dtype === 'int32' ? IDS : OTHER;
        // On the first axis "samples" are those of a batch; on others the word means points of a recording, of which there
        // are many.
        const counted = axis === 0 && /sample/i.test(symbol) ? SAMPLE : undefined;
        known.set(symbol, counted ?? own ?? first ?? looksLike(name) ?? ids);
      }
  return (symbol) => known.get(symbol) ?? looksLike(symbol) ?? OTHER;
}

/** Axes without a name are called after their input. */
const isUnnamed = (symbol: string, input: string): boolean => symbol.startsWith(`${input}.`);

const looksLike = (name: string): number | undefined =>
  NAMES.find(([pattern]) => pattern.test(name.toLowerCase().replace(/#\d+$/, '')))?.[1];
