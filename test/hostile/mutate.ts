import fc from 'fast-check';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec } from '../support/onnx.js';

/** One change to bytes. Places are shares of the length, so that a change fits whatever comes before it. */
export type ByteEdit =
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'take'; readonly at: number; readonly length: number }
  | { readonly kind: 'put'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly at: number; readonly from: number; readonly length: number };

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const length = fc.nat(64);

/** Bytes that mean most where lengths and numbers are read. */
const telling = fc.constantFrom(
  ...[
    [0],
    [0xff],
    [0x80],
    [0x7f],
    [0xff, 0xff],
    [0xff, 0xff, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0x7f],
    [0, 0, 0, 0x80],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  ].map((bytes) => Uint8Array.from(bytes)),
);

export const byteEdits: fc.Arbitrary<readonly ByteEdit[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('set' as const), at: place, value: fc.nat(255) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: place }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), at: place, length }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        at: place,
        bytes: fc.oneof(telling, fc.uint8Array({ maxLength: 16 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('copy' as const), at: place, from: place, length }),
    },
  ),
  { minLength: 1, maxLength: 6 },
);

/** `other`: what bytes are copied from. */
export function changed(bytes: Uint8Array, edits: readonly ByteEdit[], other = bytes): Uint8Array {
  let now = Buffer.from(bytes);
  for (const edit of edits) {
    const at = Math.floor(edit.at * now.length);
    const [before, after] = [now.subarray(0, at), now.subarray(at)];
    if (edit.kind === 'set' && now.length > 0) now[at] = edit.value;
    if (edit.kind === 'cut') now = Buffer.from(before);
    if (edit.kind === 'take') now = Buffer.concat([before, after.subarray(edit.length)]);
    if (edit.kind === 'put') now = Buffer.concat([before, edit.bytes, after.subarray(edit.bytes.length)]);
    if (edit.kind === 'copy') {
      const from = Math.floor(edit.from * other.length);
      now = Buffer.concat([before, other.subarray(from, from + edit.length), after]);
    }
  }
  return new Uint8Array(now);
}

/** One change to a model that leaves the file well-formed, and means anything. */
export interface GraphEdit {
  readonly kind: 'op' | 'operand' | 'output' | 'attribute' | 'integers' | 'dims' | 'drop' | 'repeat';
  readonly pick: number;
  readonly other: number;
  readonly number: number;
}

const NUMBERS = [
  0,
  1,
  2,
  3,
  4,
  6,
  8,
  -1,
  -2,
  7,
  100,
  2 ** 20,
  2 ** 31,
  -(2 ** 31),
  2 ** 40,
  -(2 ** 63),
  2 ** 63,
];

export const graphEdits: fc.Arbitrary<readonly GraphEdit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('op', 'operand', 'output', 'attribute', 'integers', 'dims', 'drop', 'repeat'),
    pick: fc.nat(1000),
    other: fc.nat(1000),
    number: fc.constantFrom(...NUMBERS),
  }),
  { minLength: 1, maxLength: 5 },
);

const within = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];

/** `ops`: nodes whose operators and attributes others may get. */
export function edited(model: ModelSpec, edits: readonly GraphEdit[], ops: readonly NodeSpec[]): ModelSpec {
  let nodes = [...model.nodes];
  let initializers = [...model.initializers];
  for (const { kind, pick, other, number } of edits) {
    const node = within(nodes, pick);
    const names = [
      '',
      ...model.inputs.map(({ name }) => name),
      ...initializers.map(({ name }) => name),
      ...nodes.flatMap(({ outputs }) => outputs),
    ];
    const replace = (change: (node: NodeSpec) => NodeSpec): void => {
      nodes = nodes.map((own) => (own === node ? change(own) : own));
    };
    if (kind === 'op') {
      const { op, domain, attributes } = within(ops, other)!;
      replace((own) => ({
        ...own,
        op,
        ...(domain !== undefined && { domain }),
        attributes: { ...own.attributes, ...attributes },
      }));
    }
    if (kind === 'operand')
      replace((own) => {
        const inputs = [...own.inputs];
        inputs[other % (inputs.length + 1)] = within(names, other)!;
        return { ...own, inputs };
      });
    if (kind === 'output') replace((own) => ({ ...own, outputs: [...own.outputs, `${own.outputs[0]}+`] }));
    if (kind === 'attribute')
      replace((own) => {
        const entries = Object.entries(own.attributes ?? {});
        const chosen = within(entries, other);
        if (chosen === undefined) return { ...own, attributes: { axis: number } };
        return {
          ...own,
          attributes: { ...own.attributes, [chosen[0]]: withNumber(chosen[1], other, number) },
        };
      });
    if (kind === 'integers') {
      const whole = initializers.filter(({ data }) => data instanceof BigInt64Array);
      const chosen = within(whole, pick);
      initializers = initializers.map((own) => (own === chosen ? withInteger(own, other, number) : own));
    }
    if (kind === 'dims') {
      const chosen = within(initializers, pick);
      initializers = initializers.map((own) => (own === chosen ? reshaped(own, other) : own));
    }
    if (kind === 'drop') nodes = nodes.filter((own) => own !== node);
    if (kind === 'repeat' && node !== undefined)
      nodes.push({ ...node, outputs: node.outputs.map((name) => `${name}*`) });
  }
  return { ...model, nodes, initializers };
}

function withNumber(value: AttributeSpec, at: number, number: number): AttributeSpec {
  const bounded = Math.max(-(2 ** 62), Math.min(2 ** 62, number));
  if (typeof value === 'number') return bounded;
  if (Array.isArray(value) && typeof value[0] === 'number')
    return (value as readonly number[]).with(at % value.length, bounded);
  if (typeof value === 'object' && 'float' in value) return { float: bounded };
  return value;
}

function withInteger(tensor: TensorSpec, at: number, number: number): TensorSpec {
  const data = BigInt64Array.from(tensor.data as BigInt64Array);
  if (data.length > 0) data[at % data.length] = number >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(number);
  return { ...tensor, data };
}

/** The same elements along other axes. */
function reshaped(tensor: TensorSpec, how: number): TensorSpec {
  const { dims } = tensor;
  const flat = dims.reduce((a, b) => a * b, 1);
  const ways = [dims.toReversed(), [flat], [1, ...dims], [...dims, 1], [flat, 1], [1, flat]];
  return { ...tensor, dims: within(ways, how)! };
}
