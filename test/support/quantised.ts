import type { AttributeSpec, Content, ModelSpec, NodeSpec, TensorSpec, ValueSpec } from './onnx.js';
import { floats } from './onnx.js';
import { random } from './random.js';

type IntegerType = 'int8' | 'uint8' | 'int32' | 'int4' | 'uint4';

/** How a weight is stored: its type, its zero point, and whether each index of `axis` has a scale of its own. */
export interface Storage {
  readonly dtype: IntegerType;
  readonly zeroPoint?: number;
  readonly axis?: number;
}

const RANGES: Readonly<Record<IntegerType, readonly [low: number, high: number]>> = {
  int8: [-127, 127],
  uint8: [0, 255],
  int32: [-1000, 1000],
  int4: [-7, 7],
  uint4: [0, 15],
};

/** Writes a model of quantised operators node by node; names are made up as it goes. */
export class QuantisedModel {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  readonly next: () => number;
  #count = 0;

  constructor(
    seed: number,
    readonly opset = 13,
  ) {
    this.next = random(seed);
  }

  name(base: string): string {
    return `${base}_${this.#count++}`;
  }

  node(op: string, inputs: readonly string[], attributes: Record<string, AttributeSpec> = {}): string {
    return this.nodes_(op, inputs, 1, attributes, '')[0]!;
  }

  /** A node of onnxruntime's own domain. */
  contrib(op: string, inputs: readonly string[], attributes: Record<string, AttributeSpec> = {}): string {
    return this.nodes_(op, inputs, 1, attributes, 'com.microsoft')[0]!;
  }

  nodes_(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeSpec> = {},
    domain = '',
  ): readonly string[] {
    const name = this.name(op);
    const made = Array.from({ length: outputs }, (_, i) => `${name}.${i}`);
    this.nodes.push({ op, name, inputs, outputs: made, attributes, domain });
    return made;
  }

  floats(dims: readonly number[], next = this.next): string {
    const own = floats(this.name('w'), dims, next);
    this.initializers.push(own);
    return own.name;
  }

  /** Integers drawn at random. */
  integers(dtype: IntegerType, dims: readonly number[], next: () => number = this.draw(dtype)): string {
    const length = dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length }, next);
    return this.tensor(dtype, dims, values);
  }

  tensor(dtype: IntegerType, dims: readonly number[], values: readonly number[]): string {
    const name = this.name(dtype);
    const content: Record<IntegerType, () => Content> = {
      int8: () => Int8Array.from(values),
      int4: () => Int8Array.from(values),
      uint8: () => Uint8Array.from(values),
      uint4: () => Uint8Array.from(values),
      int32: () => Int32Array.from(values),
    };
    const packed = dtype === 'int4' || dtype === 'uint4' ? { packed: dtype } : {};
    this.initializers.push({ name, dims, data: content[dtype](), ...packed });
    return name;
  }

  /** Lengths or axes, as int64. */
  ints(values: readonly number[]): string {
    const name = this.name('ints');
    this.initializers.push({ name, dims: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  }

  draw(dtype: IntegerType): () => number {
    const [low, high] = RANGES[dtype];
    return () => Math.round(low + ((this.next() + 1) / 2) * (high - low));
  }

  scale(value = 0.02): string {
    return this.floats([], () => value);
  }

  /** A stored weight with its scale and zero point, as operands. */
  weight(
    dims: readonly number[],
    { dtype, zeroPoint = 0, axis }: Storage,
  ): readonly [string, string, string] {
    const shape = axis === undefined ? [] : [dims[axis]!];
    const size = 1 / RANGES[dtype][1];
    return [
      this.integers(dtype, dims),
      this.floats(shape, () => size * (1 + Math.abs(this.next()))),
      this.integers(dtype, shape, () => zeroPoint),
    ];
  }

  /** A weight behind DequantizeLinear. */
  dequantised(dims: readonly number[], storage: Storage): string {
    const attributes = storage.axis === undefined ? {} : { axis: storage.axis };
    return this.node('DequantizeLinear', this.weight(dims, storage), attributes);
  }

  /** Data through QuantizeLinear: itself, its scale, its zero point. */
  quantised(x: string, zeroPoint = 131, scale = 0.02): readonly [string, string, string] {
    const by = [this.scale(scale), this.tensor('uint8', [], [zeroPoint])] as const;
    return [this.node('QuantizeLinear', [x, ...by]), ...by];
  }

  /** Data through QuantizeLinear and DequantizeLinear. */
  rounded(x: string, zeroPoint?: number, scale?: number): string {
    return this.node('DequantizeLinear', this.quantised(x, zeroPoint, scale));
  }

  model(inputs: readonly ValueSpec[], output: string, shape: ValueSpec['shape']): ModelSpec {
    this.nodes.push({ op: 'Identity', inputs: [output], outputs: ['y'] });
    const { nodes, initializers, opset } = this;
    return { opset, nodes, initializers, inputs, outputs: [{ name: 'y', shape }] };
  }
}
