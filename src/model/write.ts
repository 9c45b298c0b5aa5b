import { joined, utf8 } from '../base/bytes.js';
import type { AttributeDocument } from './document.js';

/**
 * Models of one node, made from nothing: what a layer costs can be measured with them.
 * source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export interface SingleNode {
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly op: string;
  readonly domain: string;
  readonly attributes: Readonly<Record<string, AttributeDocument>>;
  /** Undefined where an operand is absent. Stored ones are initializers of zeros; the others inputs x0, x1, … */
  readonly operands: readonly (SingleOperand | undefined)[];
  readonly outputs: number;
  /** Of the outputs. */
  readonly dtype: string;
}

/** An operand of a node that is measured alone: an initializer of zeros if `stored`, else an input of the model. */
export interface SingleOperand {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly stored: boolean;
}

/** TensorProto.DataType, and the bytes of an element. */
const TYPES: Readonly<Record<string, readonly [type: number, bytes: number]>> = {
  float32: [1, 4],
  uint8: [2, 1],
  int8: [3, 1],
  int32: [6, 4],
  int64: [7, 8],
  bool: [9, 1],
  float16: [10, 2],
  float64: [11, 8],
};

/** AttributeProto.AttributeType, and the field of its content. */
const KINDS = { float: [1, 2], int: [2, 3], string: [3, 4], floats: [6, 7], ints: [7, 8], strings: [8, 9] };

/**
 * Whether tensors of this element type can be operands of a written model: float32, float16, float64, int8, uint8,
 * int32, int64, bool.
 */
export const canWrite = (dtype: string | undefined): boolean => dtype !== undefined && dtype in TYPES;

/** Undefined where an attribute holds a tensor or a graph. */
export function writeSingleNode(node: SingleNode): Uint8Array | undefined {
  const attributes = Object.entries(node.attributes).map(([name, value]) => attribute(name, value));
  if (attributes.includes(undefined)) return undefined;
  const name = (index: number): string => (node.operands[index] === undefined ? '' : `x${index}`);
  const outputs = Array.from({ length: node.outputs }, (_, index) => `y${index}`);
  const present = node.operands.flatMap((operand, index) =>
    operand === undefined ? [] : [{ ...operand, name: name(index) }],
  );
  const graph = [
    message(1, [
      ...node.operands.map((_, index) => text(1, name(index))),
      ...outputs.map((output) => text(2, output)),
      text(4, node.op),
      ...(attributes as Uint8Array[]).map((bytes) => field(5, bytes)),
      text(7, node.domain),
    ]),
    text(2, 'layer'),
    ...present.filter(({ stored }) => stored).map(tensor),
    ...present
      .filter(({ stored }) => !stored)
      .map((input) => message(11, [text(1, input.name), type(input.dtype, input.dims)])),
    ...outputs.map((output) => message(12, [text(1, output), type(node.dtype)])),
  ];
  return joined([
    number(1, node.irVersion),
    message(7, graph),
    ...node.opsets.map(({ domain, version }) => message(8, [text(1, domain), number(2, version)])),
  ]);
}

function attribute(name: string, given: AttributeDocument): Uint8Array | undefined {
  if (!(given.type in KINDS)) return undefined;
  const [kind, place] = KINDS[given.type as keyof typeof KINDS];
  const value = 'value' in given ? given.value : [];
  const one = (content: unknown): Uint8Array => {
    if (typeof content === 'string' && given.type.startsWith('string')) return text(place!, content);
    return given.type.startsWith('float')
      ? float(place!, Number(content))
      : number(place!, content as number);
  };
  const contents = Array.isArray(value) ? value.map(one) : [one(value)];
  return joined([text(1, name), ...contents, number(20, kind!)]);
}

function tensor({ name, dtype, dims }: SingleOperand & { readonly name: string }): Uint8Array {
  const [type, bytes] = TYPES[dtype]!;
  const size = dims.reduce((product, length) => product * length, bytes);
  const lengths = dims.map((length) => number(1, length));
  return message(5, [...lengths, number(2, type), text(8, name), field(9, new Uint8Array(size))]);
}

/** A tensor's type; without dims of any shape. */
function type(dtype: string, dims?: readonly number[]): Uint8Array {
  const shape =
    dims === undefined
      ? []
      : [
          message(
            2,
            dims.map((length) => message(1, [number(1, length)])),
          ),
        ];
  return message(2, [message(1, [number(1, TYPES[dtype]![0]), ...shape])]);
}

const message = (tag: number, parts: readonly Uint8Array[]): Uint8Array => field(tag, joined(parts));
const text = (tag: number, value: string): Uint8Array => field(tag, utf8(value));
const field = (tag: number, bytes: Uint8Array): Uint8Array =>
  joined([varint((tag << 3) | 2), varint(bytes.length), bytes]);
const number = (tag: number, value: number): Uint8Array => joined([varint(tag << 3), varint(value)]);
const float = (tag: number, value: number): Uint8Array =>
  joined([varint((tag << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}
