import { growConvnet, KINDS } from '../support/convnets.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel, floats, integers } from '../support/onnx.js';
import { FRONTS, OPEN_KINDS, openLengthNet } from '../support/openLengths.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';

/** A linear layer before and after whatever is between. */
const between = (change: Partial<ModelSpec>): ModelSpec => ({
  opset: 17,
  nodes: [
    { op: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['h'] },
    { op: 'MatMul', name: 'second', inputs: ['h', 'v'], outputs: ['y'] },
  ],
  initializers: [floats('w', [3, 6], () => 0.5), floats('v', [6, 2], () => 0.5)],
  inputs: [{ name: 'x', shape: ['n', 3] }],
  outputs: [{ name: 'y', shape: ['n', 2] }],
  ...change,
});

const branch = (name: string, op: string) => ({
  nodes: [{ op, name, inputs: ['h'], outputs: [name] }],
  inputs: [],
  outputs: [{ name, shape: ['n', 6] }],
  initializers: [],
});

/** What grown models do not hold: branches, bodies, functions, tensors in attributes, lengths that are computed. */
const others: Record<string, ModelSpec> = {
  branches: between({
    nodes: [
      { op: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: bool('') } },
      {
        op: 'If',
        inputs: ['c'],
        outputs: ['r'],
        attributes: { then_branch: branch('a', 'Relu'), else_branch: branch('b', 'Tanh') },
      },
      { op: 'MatMul', name: 'second', inputs: ['r', 'v'], outputs: ['y'] },
    ],
  }),
  body: between({
    nodes: [
      { op: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['h'] },
      {
        op: 'Loop',
        inputs: ['count', '', 'h'],
        outputs: ['r'],
        attributes: {
          body: {
            nodes: [
              { op: 'Identity', inputs: ['go'], outputs: ['on'] },
              { op: 'Add', inputs: ['s', 'h'], outputs: ['t'] },
            ],
            inputs: [
              { name: 'i', dtype: 'int64', shape: [] },
              { name: 'go', dtype: 'bool', shape: [] },
              { name: 's', shape: ['n', 6] },
            ],
            outputs: [
              { name: 'on', dtype: 'bool', shape: [] },
              { name: 't', shape: ['n', 6] },
            ],
            initializers: [],
          },
        },
      },
      { op: 'MatMul', name: 'second', inputs: ['r', 'v'], outputs: ['y'] },
    ],
    initializers: [
      floats('w', [3, 6], () => 0.5),
      floats('v', [6, 2], () => 0.5),
      integers('count', [2], []),
    ],
  }),
  functions: between({
    nodes: [
      { op: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'twice', domain: 'own', inputs: ['h'], outputs: ['r'] },
      { op: 'MatMul', name: 'second', inputs: ['r', 'v'], outputs: ['y'] },
    ],
    functions: [
      {
        domain: 'own',
        name: 'once',
        inputs: ['a'],
        outputs: ['b'],
        nodes: [{ op: 'Relu', inputs: ['a'], outputs: ['b'] }],
      },
      {
        domain: 'own',
        name: 'twice',
        inputs: ['a'],
        outputs: ['c'],
        nodes: [
          { op: 'once', domain: 'own', inputs: ['a'], outputs: ['b'] },
          { op: 'once', domain: 'own', inputs: ['b'], outputs: ['c'] },
        ],
      },
    ],
  }),
  lengths: between({
    nodes: [
      { op: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'Shape', inputs: ['h'], outputs: ['s'] },
      { op: 'Gather', inputs: ['s', 'one'], outputs: ['k'] },
      { op: 'Concat', inputs: ['rest', 'k'], outputs: ['to'], attributes: { axis: 0 } },
      { op: 'Reshape', inputs: ['h', 'to'], outputs: ['r'] },
      { op: 'Pad', inputs: ['r', 'pads'], outputs: ['p'] },
      { op: 'Slice', inputs: ['p', 'one', 'end', 'one'], outputs: ['q'] },
      { op: 'Tile', inputs: ['q', 'repeats'], outputs: ['t'] },
      { op: 'Expand', inputs: ['t', 'shape'], outputs: ['e'] },
      { op: 'MatMul', name: 'second', inputs: ['e', 'v'], outputs: ['y'] },
    ],
    initializers: [
      floats('w', [3, 6], () => 0.5),
      floats('v', [14, 2], () => 0.5),
      integers('one', [1]),
      integers('rest', [-1]),
      integers('pads', [0, 1, 0, 1]),
      integers('end', [8]),
      integers('repeats', [1, 2]),
      integers('shape', [1, 14]),
    ],
  }),
};

/** An operator without a rule, shapes that the file states and that are not so, a sparse tensor. */
others.unknown = between({
  nodes: [
    { op: 'Mystery', domain: 'own', name: 'mystery', inputs: ['x'], outputs: ['m'] },
    { op: 'Gemm', name: 'first', inputs: ['m', 'w'], outputs: ['h'] },
    { op: 'MatMul', name: 'thin', inputs: ['h', 'sparse'], outputs: ['s'] },
    { op: 'MatMul', name: 'second', inputs: ['s', 'v'], outputs: ['y'] },
  ],
  stated: [
    { name: 'm', shape: [1, 1] },
    { name: 'h', shape: [6] },
  ],
  sparse: [floats('sparse', [6, 6], () => 0.5)],
});

function bool(name: string) {
  return { name, dims: [], data: Uint8Array.of(1) };
}

/** Small models of every kind that tests build, by name: what fuzzers begin with. */
export const specs = (): ReadonlyMap<string, ModelSpec> =>
  new Map([
    ...KINDS.map((kind) => [`convnet-${kind}`, growConvnet([{ kind, pick: 0, size: 0 }], 1)] as const),
    ...SEQUENCE_KINDS.map(
      (kind) => [`sequence-${kind}`, growSequenceNet([{ kind, pick: 0, size: 0 }], 1)] as const,
    ),
    ...Object.keys(FRONTS).map((front) => [`open-${slug(front)}`, openLengthNet(front)] as const),
    ...OPEN_KINDS.map(
      (kind) => [`open-${kind}`, openLengthNet('Range up to it', 1, [{ kind, size: 1 }])] as const,
    ),
    ...Object.entries(others),
  ]);

const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

export const seeds = (): ReadonlyMap<string, Uint8Array> =>
  new Map(Array.from(specs(), ([name, spec]) => [name, encodeModel(spec)]));
