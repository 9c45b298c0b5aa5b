import { EspalierError } from '../base/errors.js';
import type { AbstractTensor as Value } from '../coupling/abstractTensor.js';
import type { Analysis } from '../coupling/analysis.js';
import { type Length, type Lengths, openLengths } from '../coupling/lengths.js';
import type { Walk } from '../coupling/walk.js';
import type { Dataset } from '../data/dataset.js';
import { activations } from '../execution/activations.js';
import { type Assignment, type Dim, evaluate, freeSymbols, subtract } from '../model/dim.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { OpenedCalibrationOptions } from '../options/opened.js';
import type { CallOptions, ShapeOptions } from '../options/types.js';
import { matchOf } from '../refit/refitInputs.js';
import { numbersOf } from '../runtime/dtypes.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Tensor } from '../runtime/runtime.js';

type LengthOptions = CallOptions & OpenedCalibrationOptions & ShapeOptions;

/** Samples that show what lengths data decide; more hardly move a median. */
const SHOWN = 9;

/**
 * What lengths that the file leaves open come to: those that shapes state, then those that samples have, then those that the model
 * itself gives intermediate values on samples (the median of nine). What none of them tells is not in the result.
 *
 * errors: OPTION_INVALID for shapes that no input has; DATA_MISMATCH for samples that do not fit.
 */
export async function lengthsOf(
  native: NativeModel,
  analysis: Analysis,
  options: LengthOptions,
): Promise<Lengths> {
  const lengths = new Map<string, Length>();
  const note = (name: string, length: number, from: Length['from']): void => {
    if (!lengths.has(name)) lengths.set(name, { length, from });
  };
  for (const [name, length] of statedLengths(analysis, options.shape ?? {})) note(name, length, 'shape');
  const { data } = options;
  if (data === undefined) return lengths;
  const sampled = sampledLengths(analysis, data);
  for (const [name, length] of sampled) note(name, length, 'samples');
  const unknown = [...openLengths(analysis)].filter((name) => !lengths.has(name));
  if (unknown.length > 0) {
    const found = await observedLengths(native, analysis, new Set(unknown), sampled, { ...options, data });
    for (const [name, length] of found) note(name, length, 'samples');
  }
  return lengths;
}

/** The lengths that shapes of inputs give open axes. errors: OPTION_INVALID */
function statedLengths(
  { graph, tensors }: Walk,
  shapes: Readonly<Record<string, readonly number[]>>,
): ReadonlyMap<string, number> {
  const found = new Map<string, { readonly length: number; readonly input: string }>();
  for (const [name, shape] of Object.entries(shapes)) {
    const input = graph.inputs.find((own) => own.name === name);
    const given = `${name}=${shape.join('x')}`;
    if (input === undefined)
      throw refuse(
        graph.file,
        `shape ${given}: the model has no input "${name}"`,
        `It has ${graph.inputs.map((own) => own.name).join(', ')}.`,
      );
    const axes = tensors.get(name)?.axes;
    if (axes === undefined) continue;
    const takes = `the input takes [${(input.shape ?? []).map((length) => length ?? '?').join(', ')}]`;
    if (axes.length !== shape.length)
      throw refuse(
        graph.file,
        `shape ${given} has ${shape.length === 1 ? '1 axis' : `${shape.length} axes`}, and ${takes}`,
        `Give ${axes.length} lengths.`,
      );
    for (const [axis, length] of shape.entries()) {
      const own = axes[axis]!.length;
      if (typeof own === 'number') {
        if (own !== length)
          throw refuse(
            graph.file,
            `shape ${given}: axis ${axis} is ${length}, and ${takes}`,
            'Lengths that the file states stay as they are.',
          );
        continue;
      }
      const key = own.text;
      const before = found.get(key);
      if (before !== undefined && before.length !== length)
        throw refuse(
          graph.file,
          `shape ${given}: "${key}" is ${length} there, but ${before.length} in "${before.input}"`,
          'Lengths of one name are one length.',
        );
      found.set(key, { length, input: name });
    }
  }
  return new Map([...found].map(([name, { length }]) => [name, length]));
}

const refuse = (file: string, what: string, todo: string): EspalierError =>
  new EspalierError('OPTION_INVALID', what, { file }, todo);

/** The lengths that samples give open axes of inputs: those of one sample, or of as many as the model fixes. */
function sampledLengths(walk: Analysis, dataset: Dataset): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const { inputs } = matchOf({ walk, dataset });
  for (const { input, array, how } of inputs) {
    const axes = walk.tensors.get(input.name)?.axes;
    const dims = how === 'batch' ? array.dims.with(0, 1) : array.dims.slice(how === 'sample' ? 1 : 0);
    if (axes?.length !== dims.length) continue;
    for (const [axis, { length }] of axes.entries())
      if (typeof length !== 'number' && !found.has(length.text)) found.set(length.text, dims[axis]!);
  }
  return found;
}

/** The lengths of intermediate values that data decide, as the model has them on samples: the median. */
async function observedLengths(
  native: NativeModel,
  analysis: Analysis,
  wanted: ReadonlySet<string>,
  known: ReadonlyMap<string, number>,
  options: CallOptions & OpenedCalibrationOptions & { readonly data: Dataset },
): Promise<ReadonlyMap<string, number>> {
  const shown = valuesWith(analysis, wanted);
  if (shown.size === 0) return new Map();
  const { data, runtime = onnxruntime(), samples = SHOWN } = options;
  const seen = new Map<string, number[]>();
  try {
    for await (const { tensors } of activations(native, [...shown], data, runtime, {
      ...{ batch: 1, samples: Math.min(samples, SHOWN) },
      ...quietly(options),
    })) {
      const facts = [...shown].flatMap((name) => factsOf(analysis.tensors.get(name)!, tensors[name]!));
      for (const [name, length] of solved(facts, known))
        if (wanted.has(name)) seen.set(name, [...(seen.get(name) ?? []), length]);
    }
  } catch (problem) {
    // Where the model cannot be run, or a value cannot be fetched, lengths are guessed by their names, which the result says.
    if (
      options.signal?.aborted ||
      !(problem instanceof EspalierError) ||
      !problem.code.startsWith('RUNTIME_')
    )
      throw problem;
  }
  return new Map([...seen].map(([name, lengths]) => [name, median(lengths)]));
}

/** For each of these lengths a value of the main graph that has it: alone on an axis or as what it holds, if there is such a one. */
function valuesWith({ graph, tensors }: Analysis, wanted: ReadonlySet<string>): ReadonlySet<string> {
  const { nodes, inputs } = graph.document.graph;
  const there = new Set([...inputs.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)]);
  const best = new Map<string, { readonly name: string; readonly alone: boolean }>();
  for (const [name, tensor] of tensors) {
    if (!there.has(name)) continue;
    for (const length of lengthsOn(tensor))
      for (const open of freeSymbols(length)) {
        if (!wanted.has(open)) continue;
        const alone = typeof length !== 'number' && length.text === open;
        const before = best.get(open);
        if (before === undefined || (alone && !before.alone)) best.set(open, { name, alone });
      }
  }
  return new Set([...best.values()].map(({ name }) => name));
}

/** The lengths of a value's axes, and those that it holds as numbers. */
const lengthsOn = ({ axes = [], values }: Value): readonly Dim[] => [
  ...axes.map(({ length }) => length),
  ...(values?.elements ?? []).map(({ before }) => before),
];

interface Fact {
  readonly length: Dim;
  readonly is: number;
}

/** What a value's shape and content say of open lengths. */
function factsOf(value: Value, tensor: Tensor): readonly Fact[] {
  const { axes = [], values } = value;
  const numbers = values === undefined || tensor.type === 'string' ? [] : Array.from(numbersOf(tensor));
  const found = [...tensor.dims, ...numbers];
  const lengths = lengthsOn(value);
  return tensor.dims.length === axes.length && found.length === lengths.length
    ? lengths.map((length, i) => ({ length, is: found[i]! }))
    : [];
}

/** Solves for open lengths one after the other, each where it is all that is not known yet of a length that was seen. */
function solved(facts: readonly Fact[], known: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const found = new Map(known);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { length, is } of facts) {
      const open = [...freeSymbols(length)].filter((name) => !found.has(name));
      if (open.length !== 1) continue;
      const value = linearRoot(subtract(length, is), open[0]!, (name) => found.get(name)!);
      if (value !== undefined) found.set(open[0]!, value);
    }
  }
  return found;
}

/** Where a + b x = 0 in an unknown that a length is linear in; undefined where it is not. */
function linearRoot(length: Dim, unknown: string, assign: Assignment): number | undefined {
  const at = (x: number): number => evaluate(length, (name) => (name === unknown ? x : assign(name)));
  const [none, slope] = [at(0), at(1) - at(0)];
  const root = -none / slope;
  return Number.isFinite(root) && at(root) === 0 ? root : undefined;
}

/** Of an even number of them the lower one: a length that there was. */
const median = (lengths: readonly number[]): number =>
  lengths.toSorted((a, b) => a - b)[Math.floor((lengths.length - 1) / 2)]!;

/** `name=length (how it is known)`, as a plan tells it. */
export const lengthTexts = (lengths: Readonly<Record<string, Length>>): readonly string[] =>
  Object.entries(lengths).map(([name, { length, from }]) => `${name}=${length} (${from})`);

/** The lengths that a plan was made at. */
export function lengthsIn(texts: unknown): Lengths {
  const found = new Map<string, Length>();
  for (const text of Array.isArray(texts) ? (texts as readonly string[]) : []) {
    const [, name, length, from] = /^(.*)=(-?\d[\d.e+-]*) \((samples|shape|guess)\)$/s.exec(text) ?? [];
    if (name !== undefined) found.set(name, { length: Number(length), from: from as Length['from'] });
  }
  return found;
}
