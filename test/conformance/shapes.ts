import { walk } from '../../src/coupling/walking.js';
import type { Dim } from '../../src/model/dim.js';
import { evaluate, freeSymbols } from '../../src/model/dim.js';
import type { ModelDocument, TensorDocument, ValueDocument } from '../../src/model/document.js';
import { readGraph } from '../../src/model/graph.js';
import { registry } from '../../src/ops/registry.js';
import type { Recorded } from './tensors.js';
import { recordedNumbers } from './tensors.js';

/**
 * What a model's inputs are taken for:
 * - `stated`: as the file says, lengths stated and content unknown;
 * - `open`: lengths are symbols, but for 1, which broadcasts; short vectors (shapes, axes, scales) are constants;
 * - `stored`: all are constants, so that every axis has lanes.
 */
export const VIEWS = ['stated', 'open', 'stored'] as const;
export type View = (typeof VIEWS)[number];

/** What the rules made of a model under one view. */
export interface Inferred {
  /** Outputs that are tensors, and those of them whose every length was inferred. */
  readonly outputs: number;
  readonly whole: number;
  /** Operators without a rule, and what the rules that gave up say. */
  readonly withoutRule: readonly string[];
  readonly gaveUp: readonly string[];
  /** Where a length or content was inferred that is not the recorded one. */
  readonly wrong: readonly string[];
}

type Read = (tensor: number) => ArrayLike<number>;

/** Longest vector that `open` takes for a constant. */
const SHORT = 16;

/** Infers the outputs' shapes under a view, and compares them with those recorded. */
export function inferOutputs(
  document: ModelDocument,
  read: Read,
  recorded: {
    readonly inputs: ReadonlyMap<string, Recorded>;
    readonly outputs: ReadonlyMap<string, Recorded>;
  },
  view: View,
): Inferred {
  const seen = viewed(document, read, recorded.inputs, view);
  const { tensors, frozenNodes } = walk(readGraph(seen.document, 'model.onnx'), registry, seen.read);
  const wrong: string[] = [];
  let whole = 0;
  let outputs = 0;
  for (const { name } of document.graph.outputs) {
    const tensor = tensors.get(name);
    const truth = recorded.outputs.get(name);
    if (truth === undefined) {
      if (tensor?.axes !== undefined) wrong.push(`${name} is no tensor, yet has axes`);
      continue;
    }
    outputs++;
    const lengths = tensor?.axes?.map((axis) => numberOf(axis.length, seen.assign));
    const values = tensor?.values;
    if (lengths?.every((length) => length !== undefined)) whole++;
    if (lengths !== undefined && !fits(lengths, truth.dims))
      wrong.push(`${name} is [${lengths.map((length) => length ?? '?')}], recorded [${truth.dims}]`);
    if (tensor?.dtype !== undefined && tensor.dtype !== truth.dtype)
      wrong.push(`${name} is ${tensor.dtype}, recorded ${truth.dtype}`);
    const numbers = recordedNumbers(truth);
    if (values === undefined || numbers === undefined) continue;
    const content = values.elements.map((element) => numberOf(element.before, seen.assign));
    if (!fits(values.dims, truth.dims) || !content.every((number, i) => isClose(number, numbers[i]!)))
      wrong.push(`${name} holds ${content.map((number) => number ?? '?')}, recorded ${Array.from(numbers)}`);
  }
  const frozen = [...frozenNodes];
  return {
    outputs,
    whole,
    withoutRule: frozen.flatMap(([{ op }, { why }]) => (why === 'no-rule' ? [op] : [])),
    gaveUp: frozen.flatMap(([{ op }, { why, text }]) => (why === 'no-rule' ? [] : [`${op} ${text}`])),
    wrong,
  };
}

const fits = (lengths: readonly (number | undefined)[], dims: readonly number[]): boolean =>
  lengths.length === dims.length && lengths.every((length, d) => length === undefined || length === dims[d]);

/** Content may have been computed in doubles where the operator computes in float32. */
const isClose = (found: number | undefined, wanted: number): boolean =>
  found === undefined ||
  Object.is(found, wanted) ||
  Math.abs(found - wanted) <= 1e-3 * Math.abs(wanted) ||
  found === wanted;

/** A length as a number; undefined where it depends on more than the inputs' lengths. */
function numberOf(length: Dim, assign: ReadonlyMap<string, number>): number | undefined {
  if ([...freeSymbols(length)].some((name) => !assign.has(name))) return undefined;
  return evaluate(length, (name) => assign.get(name)!);
}

/** The document with its inputs taken for something else; shapes that it states of outputs are forgotten. */
function viewed(
  document: ModelDocument,
  read: Read,
  recorded: ReadonlyMap<string, Recorded>,
  view: View,
): { readonly document: ModelDocument; readonly read: Read; readonly assign: ReadonlyMap<string, number> } {
  const assign = new Map<string, number>();
  const tensors: TensorDocument[] = [...document.tensors];
  const contents = new Map<number, ArrayLike<number>>();
  const initializers = [...document.graph.initializers];
  const inputs = document.graph.inputs.map((input): ValueDocument => {
    const truth = recorded.get(input.name);
    if (truth === undefined) return input;
    const assigned = (shape: ValueDocument['shape']): ValueDocument => {
      for (const [d, length] of shape?.entries() ?? [])
        if (typeof length === 'string') assign.set(length, truth.dims[d]!);
      return { ...input, shape };
    };
    if (view === 'stated') return assigned(input.shape);
    const numbers = recordedNumbers(truth);
    const isShort = truth.dims.length <= 1 && (truth.dims[0] ?? 1) <= SHORT;
    if (numbers !== undefined && (view === 'stored' || isShort)) {
      const { dtype, dims } = truth;
      const id = tensors.length;
      tensors.push({ id, name: input.name, dtype, dims, bytes: 0, external: false });
      contents.set(id, numbers);
      initializers.push(id);
      return input;
    }
    return assigned(truth.dims.map((length, d) => (length === 1 ? 1 : `${input.name}.${d}`)));
  });
  const outputs = document.graph.outputs.map((output) => ({ ...output, shape: null }));
  return {
    document: {
      ...document,
      tensors,
      graph: { ...document.graph, inputs, outputs, initializers, valueInfos: [] },
    },
    read: (tensor) => contents.get(tensor) ?? read(tensor),
    assign,
  };
}
