import { describe, expect, test } from 'vitest';
import type { AbstractTensor } from '../../src/coupling/abstractTensor.js';
import type { Axes, Axis } from '../../src/coupling/axis.js';
import type { Frozen } from '../../src/coupling/frozen.js';
import { Ranks } from '../../src/coupling/ranks.js';
import type { SettledEquations } from '../../src/coupling/settledEquations.js';
import { walk } from '../../src/coupling/walking.js';
import type { Graph } from '../../src/model/graph.js';
import { registry } from '../../src/ops/registry.js';
import { prunesExactly } from './exact.js';
import { graphOf } from './graph.js';
import { type Alphabet, type Made, namedLayouts, operandOf } from './layouts.js';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec, ValueSpec } from './onnx.js';
import { floats, integers } from './onnx.js';
import { random } from './random.js';

/** The row expects its node to freeze, with a reason that matches. */
export interface FrozenRow {
  readonly frozen: RegExp;
}
export const frozen = (pattern: RegExp): FrozenRow => {
  if (pattern.test('') || pattern.test('?')) throw new Error(`any reason would do for ${pattern}`);
  return { frozen: pattern };
};

/**
 * One case: a name, the node's attributes, the layouts of its inputs and of its outputs once the rule has spoken. In a
 * layout a letter is a group of lanes, `a+b` end to end, `h*d` a product, `?` a length that is not known, a number an
 * axis that is always kept, `5!` one that has lanes until the rule freezes them. An input in brackets, `[1 0]` or
 * `[[1 0] [0 1]]`, is a constant of integers, `(3)` a scalar; `-` is an absent operand. `int64:`, `int32:`, `bool:` or
 * `float:` in front is the type of an operand.
 */
export type Row = readonly [
  name: string,
  attributes: Readonly<Record<string, AttributeSpec>>,
  inputs: string,
  outputs: string | FrozenRow,
];

/** Each letter has a length of its own, so that no mix-up passes; each is prime, so that no product does either. */
const PRIMES: Readonly<Record<string, number>> = {
  a: 5,
  b: 7,
  c: 11,
  d: 2,
  g: 3,
  h: 3,
  i: 13,
  k: 5,
  m: 7,
  n: 3,
  o: 7,
  p: 2,
  q: 3,
  s: 5,
  w: 2,
};
const OPEN = 4;
const LETTERS: Alphabet = {
  lengthOf: (factor) => {
    if (factor === '?') return OPEN;
    return factor.endsWith('!') ? Number(factor.slice(0, -1)) : (PRIMES[factor] ?? Number(factor));
  },
  hasLanes: (factor) => /[a-z!]/.test(factor),
  isOpen: (factor) => factor === '?',
};

/** Runs every row at every opset: layouts are compared, then the node is pruned between weights and checked in onnxruntime. */
export function ruleTable(
  op: string,
  options: {
    readonly opsets: readonly number[];
    readonly domain?: string;
    readonly inexact?: boolean;
    readonly positive?: boolean;
    /** onnxruntime has no kernel of it for the processor: layouts are compared, nothing is run. */
    readonly noKernel?: boolean;
  },
  rows: readonly Row[],
): void {
  describe(op, () => {
    for (const row of rows) {
      for (const opset of options.opsets) {
        test(`${row[0]}, opset ${opset}`, async () => checkRow(op, opset, row, options));
      }
    }
  });
}

async function checkRow(
  op: string,
  opset: number,
  [, attributes, inputs, outputs]: Row,
  { domain, inexact = false, positive = false, noKernel = false }: Parameters<typeof ruleTable>[1],
): Promise<void> {
  const operands = inputs.split(',').map((text) => text.trim());
  const count = typeof outputs === 'string' ? outputs.split(',').length : 1;
  const node: NodeSpec = {
    op,
    name: 'subject',
    inputs: operands.map((text, i) => (text === '-' ? '' : `x${i}`)),
    outputs: Array.from({ length: count }, (_, i) => `y${i}`),
    attributes,
    ...(domain !== undefined && { domain }),
  };
  const made = operands.map((text, i) => operand(text, `x${i}`, positive));
  const model: ModelSpec = {
    opset,
    nodes: [...made.flatMap((own) => own.nodes), node],
    inputs: made.flatMap((own) => own.inputs),
    outputs: [],
    initializers: made.flatMap((own) => own.initializers),
  };
  const found = analyseNode({
    ...model,
    outputs: [{ name: 'unread', shape: [1] }],
    nodes: [...model.nodes, UNREAD],
  });
  if (typeof outputs !== 'string') {
    expect(found.frozen, 'the node freezes nothing').toBeDefined();
    expect(found.frozen!.text).toMatch(outputs.frozen);
    // The axes that weights gave their lengths stay whole, all of them.
    const stay = operands.flatMap((_, i) => (found.axes(`x${i}`) ?? []).flatMap((axis) => free(axis, found)));
    expect(stay).toEqual([]);
    return;
  }
  expect(found.frozen?.text).toBeUndefined();
  expect(found.contradictions, 'ranks that contradict the laws of ranks').toEqual([]);
  const tokens = operands.flatMap((text, i) =>
    isConstant(typed(text).layout) || text === '-' ? [] : [[`x${i}`, typed(text).layout] as const],
  );
  const expected = [...tokens, ...outputs.split(',').map((text, i) => [`y${i}`, text.trim()] as const)];
  expect(namedLayouts(expected, found, LETTERS)).toEqual(
    Object.fromEntries(expected.map(([name, text]) => [name, text.replaceAll('!', '')])),
  );
  const readable = expected.filter(([name]) => name.startsWith('y'));
  if (inexact || noKernel) return;
  const whole = consumed(
    model,
    readable.map(([name]) => ({ name, axes: found.axes(name)!, dtype: found.dtype(name) })),
  );
  let pruned = false;
  for (let seed = 1; seed <= MOST_SEEDS && !pruned; seed++)
    pruned = await prunesExactly(whole, seed, positive);
  expect(pruned, 'lanes left').toBe(tokens.some(([, text]) => /[a-z]/.test(text)));
}

/** The lanes of an axis that may leave. */
const free = (axis: Axis, { equations }: Found): number[] =>
  axis.factors.flatMap(({ labels }) => [...(labels ?? [])]).flatMap((label) => equations.atoms(label));

/** A plan of a few lanes may keep them all. */
const MOST_SEEDS = 5;

/** A graph must have an output; this one shows nothing of the node under test. */
const UNREAD: NodeSpec = {
  op: 'Constant',
  inputs: [],
  outputs: ['unread'],
  attributes: { value: floats('unread', [1], () => 0) },
};

/** Values whose ranks, as the rules have them, contradict what the operators' laws of ranks say. */
function rankContradictions(graph: Graph, tensors: ReadonlyMap<string, AbstractTensor>): readonly string[] {
  const ranks = new Ranks(graph, ({ domain, op, opset: own }) => registry(domain, op, own)?.ranks);
  for (const [name, tensor] of tensors) ranks.know(name, tensor);
  return ranks.contradictions;
}

interface Found {
  readonly frozen: Frozen | undefined;
  readonly equations: SettledEquations;
  axes(name: string): Axes | undefined;
  dtype(name: string): string | undefined;
  readonly contradictions: readonly string[];
}

function analyseNode(model: ModelSpec): Found {
  const { graph, read } = graphOf(model);
  const { tensors, equations, frozenNodes } = walk(graph, registry, read);
  const subject = [...frozenNodes].find(([node]) => node.name === 'subject');
  return {
    frozen: subject?.[1],
    equations,
    axes: (name) => tensors.get(name)?.axes,
    dtype: (name) => tensors.get(name)?.dtype,
    contradictions: rankContradictions(graph, tensors),
  };
}

/** Numbers of TensorProto.DataType. */
const TYPES: Readonly<Record<string, number>> = { float: 1, int32: 6, int64: 7, bool: 9 };

function typed(text: string): { readonly type: number | undefined; readonly layout: string } {
  const [, type, rest] = /^(\w+):(.*)$/.exec(text) ?? [];
  return { type: type === undefined ? undefined : TYPES[type], layout: rest ?? text };
}

const isConstant = (layout: string): boolean => /^[[(]/.test(layout);

/** `[[1 0] [0 1]]`: integers, and how they are nested. */
function constant(text: string, name: string): TensorSpec {
  const numbers = text.match(/-?\d+/g)?.map(Number) ?? [];
  if (text.startsWith('(')) return integers(name, numbers, []);
  const rows = text.startsWith('[[') ? text.split('] [').length : undefined;
  return integers(name, numbers, rows === undefined ? [numbers.length] : [rows, numbers.length / rows]);
}

function operand(text: string, name: string, positive: boolean): Made {
  const { type, layout: own } = typed(text);
  if (type === undefined) return untyped(own, name, positive);
  const made = untyped(own, `${name}_raw`, positive);
  const cast: NodeSpec = {
    op: 'Cast',
    name: `${name}_cast`,
    inputs: [`${name}_raw`],
    outputs: [name],
    attributes: { to: type },
  };
  return { ...made, nodes: [...made.nodes, cast] };
}

/** An operand whose axes have lanes where the layout has letters. */
function untyped(text: string, name: string, positive: boolean): Made {
  if (text === '-') return { nodes: [], inputs: [], initializers: [] };
  if (isConstant(text)) return { nodes: [], inputs: [], initializers: [constant(text, name)] };
  const any = random(text.length);
  return operandOf(
    name,
    text.split(' ').filter(Boolean),
    LETTERS,
    positive ? () => 0.1 + Math.abs(any()) : any,
  );
}

/** The model with every axis of the node's outputs that has lanes read by a weight, until none is left. */
function consumed(
  model: ModelSpec,
  outputs: readonly { readonly name: string; readonly axes: Axes; readonly dtype: string | undefined }[],
): ModelSpec {
  const nodes: NodeSpec[] = [...model.nodes];
  const initializers: TensorSpec[] = [...model.initializers];
  const shown: ValueSpec[] = [];
  const next = random(7);
  for (const { name, axes, dtype } of outputs) {
    let current = name;
    if (dtype !== undefined && dtype !== 'float32') {
      current = `${name}_float`;
      nodes.push({ op: 'Cast', inputs: [name], outputs: [current], attributes: { to: TYPES.float! } });
    }
    let rank = axes.length;
    const lengths = axes.map((axis) => axis.length);
    for (const [d, axis] of axes.entries()) {
      if (!axis.factors.some((factor) => factor.labels !== undefined) || typeof axis.length !== 'number')
        continue;
      const order = [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== d), d];
      const back = Array.from({ length: rank }, (_, i) => (i < d ? i : i === d ? rank - 1 : i - 1));
      nodes.push(
        {
          op: 'Transpose',
          name: `${name}_t${d}`,
          inputs: [current],
          outputs: [`${name}_t${d}`],
          attributes: { perm: order },
        },
        {
          op: 'MatMul',
          name: `${name}_m${d}`,
          inputs: [`${name}_t${d}`, `${name}_w${d}`],
          outputs: [`${name}_m${d}`],
        },
        {
          op: 'Transpose',
          name: `${name}_r${d}`,
          inputs: [`${name}_m${d}`],
          outputs: [`${name}_r${d}`],
          attributes: { perm: back },
        },
      );
      initializers.push(floats(`${name}_w${d}`, [axis.length, 2], next));
      lengths[d] = 2;
      current = `${name}_r${d}`;
      rank = axes.length;
    }
    nodes.push({ op: 'Identity', inputs: [current], outputs: [`${name}_shown`] });
    shown.push({
      name: `${name}_shown`,
      shape: lengths.map((length, d) => (typeof length === 'number' ? length : `out_${name}_${d}`)),
    });
  }
  return { ...model, nodes, initializers, outputs: shown };
}
