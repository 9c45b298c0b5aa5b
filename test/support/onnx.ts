/**
 * Writes small ONNX models for tests: just enough of the protobuf wire format, so that fixtures need no files and no
 * other writer. source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export type Content =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int8Array
  | Uint8Array
  /** The bits of float16. */
  | Uint16Array;

export interface TensorSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Content;
  /** Only said to lie in another file; `data` says of which type. */
  readonly elsewhere?: { readonly location: string; readonly offset: number };
  /** Stored in four bits, two in a byte. */
  readonly packed?: 'int4' | 'uint4';
}

export type AttributeSpec =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | TensorSpec
  | GraphSpec;

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}

export interface ValueSpec {
  readonly name: string;
  readonly dtype?: 'float32' | 'float16' | 'int64' | 'bool' | 'string';
  readonly shape: readonly (number | string)[];
  /** A sequence of such tensors, or of maps from these keys to floats; an optional one. */
  readonly kind?: 'sequence' | 'optional' | 'maps of string' | 'maps of int64';
}

export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly initializers: readonly TensorSpec[];
  /** Tensors of floats that the file stores by the places of those that are not zero. */
  readonly sparse?: readonly TensorSpec[];
  /** Shapes that the file states of values between. */
  readonly stated?: readonly ValueSpec[];
}

export interface ModelSpec extends GraphSpec {
  readonly opset: number;
  readonly functions?: readonly FunctionSpec[];
}

/** A model-local function; its body uses the model's opset and the other functions of its domain. */
export interface FunctionSpec {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSpec[];
}

export const floats = (name: string, dims: readonly number[], next: () => number): TensorSpec => ({
  name,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next),
});

export const integers = (
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): TensorSpec => ({
  name,
  dims,
  // Beyond 2^53 a number only ever means "to the end".
  data: BigInt64Array.from(values, (value) => (value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value))),
});

class Writer {
  readonly #parts: Uint8Array[] = [];

  varint(field: number, value: number | bigint): this {
    return this.#raw(varint(BigInt(field) << 3n)).#raw(varint(BigInt.asUintN(64, BigInt(value))));
  }

  bytes(field: number, payload: Uint8Array): this {
    return this.#raw(varint((BigInt(field) << 3n) | 2n))
      .#raw(varint(BigInt(payload.length)))
      .#raw(payload);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  float(field: number, value: number): this {
    return this.#raw(varint((BigInt(field) << 3n) | 5n)).#raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  message(field: number, inner: Writer): this {
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  #raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

function dataType(data: Content): number {
  if (data instanceof Float32Array) return 1;
  if (data instanceof Float64Array) return 11;
  if (data instanceof BigInt64Array) return 7;
  if (data instanceof Int32Array) return 6;
  if (data instanceof Uint16Array) return 10;
  return data instanceof Int8Array ? 3 : 2;
}

function tensor({ name, dims, data, packed, elsewhere }: TensorSpec): Writer {
  const writer = new Writer();
  for (const length of dims) writer.varint(1, length);
  if (packed !== undefined)
    return writer
      .varint(2, packed === 'int4' ? 22 : 21)
      .text(8, name)
      .bytes(9, nibbles(Array.from(data, Number)));
  writer.varint(2, dataType(data));
  if (elsewhere !== undefined) {
    for (const [key, text] of Object.entries(elsewhere))
      writer.message(13, new Writer().text(1, key).text(2, `${text}`));
    return writer.text(8, name).varint(14, 1);
  }
  return writer.text(8, name).bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Two numbers in a byte, the first in its lower half. */
export const nibbles = (numbers: readonly number[]): Uint8Array =>
  Uint8Array.from(
    { length: Math.ceil(numbers.length / 2) },
    (_, i) => (numbers[2 * i]! & 15) | (((numbers[2 * i + 1] ?? 0) & 15) << 4),
  );

/** A list of strings; an empty list is one of numbers. */
export const isTexts = (value: readonly number[] | readonly string[]): value is readonly string[] =>
  typeof value[0] === 'string';

function attribute(name: string, value: AttributeSpec): Writer {
  const writer = new Writer().text(1, name);
  if (typeof value === 'number') return writer.varint(3, value).varint(20, 2);
  if (typeof value === 'string') return writer.text(4, value).varint(20, 3);
  if ('float' in value) return writer.float(2, value.float).varint(20, 1);
  if ('floats' in value) {
    for (const number of value.floats) writer.float(7, number);
    return writer.varint(20, 6);
  }
  if ('data' in value) return writer.message(5, tensor(value)).varint(20, 4);
  if ('nodes' in value) return writer.message(6, graph(value)).varint(20, 5);
  if (isTexts(value)) {
    for (const text of value) writer.text(9, text);
    return writer.varint(20, 8);
  }
  for (const number of value) writer.varint(8, number);
  return writer.varint(20, 7);
}

function node({ op, inputs, outputs, name, domain, attributes }: NodeSpec): Writer {
  const writer = new Writer();
  for (const input of inputs) writer.text(1, input);
  for (const output of outputs) writer.text(2, output);
  if (name !== undefined) writer.text(3, name);
  writer.text(4, op);
  for (const [key, value] of Object.entries(attributes ?? {})) writer.message(5, attribute(key, value));
  if (domain !== undefined) writer.text(7, domain);
  return writer;
}

function value(own: ValueSpec): Writer {
  return new Writer().text(1, own.name).message(2, typeOf(own));
}

/** TypeProto: 1 a tensor, 4 a sequence, 5 a map, 9 an optional. */
function typeOf({ dtype, shape, kind }: ValueSpec): Writer {
  const dims = new Writer();
  for (const length of shape) {
    dims.message(
      1,
      typeof length === 'number' ? new Writer().varint(1, length) : new Writer().text(2, length),
    );
  }
  const type = new Writer().varint(1, ELEMENT_TYPES[dtype ?? 'float32']).message(2, dims);
  const tensor = new Writer().message(1, type);
  if (kind === undefined) return tensor;
  if (kind === 'sequence') return new Writer().message(4, new Writer().message(1, tensor));
  if (kind === 'optional') return new Writer().message(9, new Writer().message(1, tensor));
  const key = ELEMENT_TYPES[kind === 'maps of string' ? 'string' : 'int64'];
  const scalar = new Writer().message(1, new Writer().varint(1, ELEMENT_TYPES.float32));
  const map = new Writer().message(5, new Writer().varint(1, key).message(2, scalar));
  return new Writer().message(4, new Writer().message(1, map));
}

const ELEMENT_TYPES = { float32: 1, int64: 7, string: 8, bool: 9, float16: 10 } as const;

function localFunction(own: FunctionSpec, opset: number): Writer {
  const writer = new Writer().text(1, own.name);
  for (const input of own.inputs) writer.text(4, input);
  for (const output of own.outputs) writer.text(5, output);
  for (const inner of own.nodes) writer.message(7, node(inner));
  writer.message(9, new Writer().text(1, '').varint(2, opset));
  return writer.message(9, new Writer().text(1, own.domain).varint(2, 1)).text(10, own.domain);
}

/** Elements that are not zero, and their places in the flattened tensor. */
function sparseTensor({ name, dims, data }: TensorSpec): Writer {
  const places = Array.from(data.keys()).filter((place) => Number(data[place]) !== 0);
  const values = Float32Array.from(places, (place) => Number(data[place]));
  const writer = new Writer()
    .message(1, tensor({ name, dims: [places.length], data: values }))
    .message(2, tensor(integers('', places)));
  for (const length of dims) writer.varint(3, length);
  return writer;
}

function graph({ nodes, inputs, outputs, initializers, stated = [], sparse = [] }: GraphSpec): Writer {
  const writer = new Writer();
  for (const own of nodes) writer.message(1, node(own));
  writer.text(2, 'test');
  for (const own of initializers) writer.message(5, tensor(own));
  for (const own of inputs) writer.message(11, value(own));
  for (const own of outputs) writer.message(12, value(own));
  for (const own of stated) writer.message(13, value(own));
  for (const own of sparse) writer.message(15, sparseTensor(own));
  return writer;
}

/** The bytes of an .onnx file. */
export function encodeModel(model: ModelSpec): Uint8Array {
  const writer = new Writer().varint(1, 8).text(2, 'espalier-test').message(7, graph(model));
  writer.message(8, new Writer().text(1, '').varint(2, model.opset));
  for (const domain of everyDomain(model)) writer.message(8, new Writer().text(1, domain).varint(2, 1));
  for (const own of model.functions ?? []) writer.message(25, localFunction(own, model.opset));
  return writer.finish();
}

/** Of the nodes of a graph, and of those of the graphs in them. */
const domainsOf = ({ nodes }: Pick<GraphSpec, 'nodes'>): string[] =>
  nodes.flatMap(({ domain, attributes = {} }) => [
    ...(domain === undefined || domain === '' ? [] : [domain]),
    ...Object.values(attributes).flatMap((own) =>
      typeof own === 'object' && 'nodes' in own ? domainsOf(own) : [],
    ),
  ]);

/** The domains that a model's nodes and functions have beside ai.onnx; it imports version 1 of each. */
export const everyDomain = (model: ModelSpec): readonly string[] => [
  ...new Set([...domainsOf(model), ...(model.functions ?? []).map(({ domain }) => domain)]),
];

/** Indices that stay, by tensor (or the output of the Constant node that holds it) and axis. */
export type Kept = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** The model with all but `kept` of its stored tensors zeroed: quantised weights hold their zero point there. */
export function masked<M extends GraphSpec>(model: M, tensors: Kept): M {
  const points = zeroPoints(model);
  const zeroed = (own: TensorSpec, axes: Kept[string]): TensorSpec => {
    const data = own.data.slice() as Content;
    const point = points.get(own.name);
    for (const [axis, kept] of Object.entries(axes)) {
      if (point === undefined) zeroOutside(data, own.dims, Number(axis), new Set(kept));
      else pointOutside(data, own.dims, Number(axis), new Set(kept), point);
    }
    return { ...own, data };
  };
  const initializers = model.initializers.map((own) => {
    const axes = tensors[own.name];
    return axes === undefined ? own : zeroed(own, axes);
  });
  const nodes = model.nodes.map((node) => {
    const axes = tensors[node.outputs[0]!];
    const attributes = Object.entries(node.attributes ?? {}).map(([name, own]) => {
      if (typeof own !== 'object') return [name, own];
      if ('nodes' in own) return [name, masked(own, tensors)];
      return [name, 'data' in own && axes !== undefined ? zeroed(own, axes) : own];
    });
    return node.attributes === undefined ? node : { ...node, attributes: Object.fromEntries(attributes) };
  });
  return { ...model, initializers, nodes };
}

function zeroOutside(data: Content, dims: readonly number[], axis: number, kept: ReadonlySet<number>): void {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const length = dims[axis]!;
  for (let at = 0; at < data.length; at += inner) {
    if (kept.has(Math.floor(at / inner) % length)) continue;
    if (data instanceof BigInt64Array) data.fill(0n, at, at + inner);
    else data.fill(0, at, at + inner);
  }
}

/** Operators that read a weight as quantised: its place, its zero point's, and the axis that this lies on. */
const QUANTISED: Readonly<Record<string, readonly [weight: number, zeroPoint: number, axis: number]>> = {
  DequantizeLinear: [0, 2, 1],
  ConvInteger: [1, 3, 0],
  MatMulInteger: [1, 3, -1],
  QLinearConv: [3, 5, 0],
  QLinearMatMul: [3, 5, -1],
};

interface ZeroPoint {
  readonly values: readonly number[];
  readonly dims: readonly number[];
  readonly axis: number;
}

/** Zero points of quantised weights, by the weight's name. */
function zeroPoints({ nodes, initializers }: GraphSpec): ReadonlyMap<string, ZeroPoint> {
  const stored = new Map(initializers.map((own) => [own.name, own]));
  return new Map(
    nodes.flatMap(({ op, inputs, attributes }) => {
      const places = QUANTISED[op];
      const point = stored.get(inputs[places?.[1] ?? -1] ?? '');
      if (places === undefined || point === undefined) return [];
      const { axis = places[2] } = attributes ?? {};
      const values = Array.from(point.data, Number);
      return [[inputs[places[0]]!, { values, dims: point.dims, axis: axis as number }] as const];
    }),
  );
}

function pointOutside(
  data: Content,
  dims: readonly number[],
  axis: number,
  kept: ReadonlySet<number>,
  point: ZeroPoint,
): void {
  const indexAlong = (flat: number, d: number): number =>
    Math.floor(flat / dims.slice(d + 1).reduce((a, b) => a * b, 1)) % dims[d]!;
  const along = Math.min(point.axis < 0 ? point.axis + dims.length : point.axis, dims.length - 1);
  // Blocked zero points have as many axes as the weight.
  const placeOf = (flat: number): number =>
    point.values.length === 1
      ? 0
      : point.dims.length === 1
        ? indexAlong(flat, along)
        : point.dims.reduce(
            (at, length, d) => at * length + Math.floor((indexAlong(flat, d) * length) / dims[d]!),
            0,
          );
  for (let flat = 0; flat < data.length; flat++)
    if (!kept.has(indexAlong(flat, axis))) data[flat] = point.values[placeOf(flat)]!;
}
