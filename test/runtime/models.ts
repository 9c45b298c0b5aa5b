import { fileURLToPath } from 'node:url';

/** Where the shared models and data lie in a full checkout. Tests that read them skip where it is absent. */
export const shared = (path: string): string =>
  fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));

/** TensorProto.DataType. */
export const tensorType = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
} as const;

export interface ValueSpec {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (number | string)[];
}

export interface ModelSpec {
  readonly nodes: readonly {
    readonly op: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly ints?: Readonly<Record<string, number>>;
  }[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** float32 unless it holds BigInts, which make it int64. */
  readonly weights?: Readonly<
    Record<string, { readonly dims: readonly number[]; readonly data: readonly (number | bigint)[] }>
  >;
}

/** A small ONNX model (opset 17) as bytes. */
export function model({ nodes, inputs, outputs, weights = {} }: ModelSpec): Uint8Array {
  const graph = [
    ...nodes.map((node) =>
      message(1, [
        ...node.inputs.map((name) => text(1, name)),
        ...node.outputs.map((name) => text(2, name)),
        text(4, node.op),
        ...Object.entries(node.ints ?? {}).map(([name, value]) =>
          message(5, [text(1, name), number(3, value), number(20, 2)]),
        ),
      ]),
    ),
    text(2, 'graph'),
    ...Object.entries(weights).map(([name, { dims, data }]) => tensor(name, dims, data)),
    ...inputs.map((value) => message(11, valueInfo(value))),
    ...outputs.map((value) => message(12, valueInfo(value))),
  ];
  return Buffer.concat([number(1, 8), message(7, graph), message(8, [text(1, ''), number(2, 17)])]);
}

function tensor(name: string, dims: readonly number[], data: readonly (number | bigint)[]): Buffer {
  const big = typeof data[0] === 'bigint';
  const raw = big ? new BigInt64Array(data as bigint[]) : new Float32Array(data as number[]);
  return message(5, [
    ...dims.map((dim) => number(1, dim)),
    number(2, big ? tensorType.int64 : tensorType.float32),
    text(8, name),
    field(9, Buffer.from(raw.buffer)),
  ]);
}

function valueInfo({ name, type, shape }: ValueSpec): Buffer[] {
  const dims = shape.map((dim) => message(1, [typeof dim === 'number' ? number(1, dim) : text(2, dim)]));
  return [text(1, name), message(2, [message(1, [number(1, type), message(2, dims)])])];
}

const message = (tag: number, parts: readonly Buffer[]) => field(tag, Buffer.concat(parts));
const text = (tag: number, value: string) => field(tag, Buffer.from(value));
const field = (tag: number, bytes: Buffer) =>
  Buffer.concat([varint((tag << 3) | 2), varint(bytes.length), bytes]);
const number = (tag: number, value: number) => Buffer.concat([varint(tag << 3), varint(value)]);

function varint(value: number): Buffer {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
