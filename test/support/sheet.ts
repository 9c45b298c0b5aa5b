import { openModel } from '../../src/index.js';
import type { Feeds } from './exact.js';
import { difference, randomFeeds, randomPlan, run } from './exact.js';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec, ValueSpec } from './onnx.js';
import { encodeModel, floats, integers, masked } from './onnx.js';
import { random } from './random.js';

type Attributes = Readonly<Record<string, AttributeSpec>>;

/** A graph written line by line: every call adds to it and gives the name of what it made. */
export class Sheet {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: TensorSpec[] = [];
  readonly inputs: ValueSpec[] = [];
  readonly outputs: ValueSpec[] = [];
  readonly #next: () => number;
  #count = 0;

  constructor(
    readonly opset = 17,
    seed = 1,
  ) {
    this.#next = random(seed);
  }

  input(name: string, shape: ValueSpec['shape'], dtype: ValueSpec['dtype'] = 'float32'): string {
    this.inputs.push({ name, shape, dtype });
    return name;
  }

  output(value: string, name: string, shape: ValueSpec['shape']): void {
    this.nodes.push({ op: 'Identity', inputs: [value], outputs: [name] });
    this.outputs.push({ name, shape });
  }

  weight(name: string, dims: readonly number[], value?: number): string {
    this.initializers.push(floats(name, dims, value === undefined ? this.#next : () => value));
    return name;
  }

  ints(values: readonly number[], dims?: readonly number[]): string {
    const name = `i${this.#count++}`;
    this.initializers.push(integers(name, values, dims));
    return name;
  }

  node(op: string, inputs: readonly string[], attributes: Attributes = {}, domain?: string): string {
    return this.many(1, op, inputs, attributes, domain)[0]!;
  }

  many(
    count: number,
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    domain?: string,
  ): string[] {
    const id = this.#count++;
    const outputs = Array.from({ length: count }, (_, i) => `${op}_${id}_${i}`);
    this.nodes.push({
      op,
      name: `${op}_${id}`,
      inputs,
      outputs,
      attributes,
      ...(domain !== undefined && { domain }),
    });
    return outputs;
  }

  /** x w + b, of stored tensors `w…` and `b…`. */
  linear(x: string, name: string, from: number, to: number): string {
    const product = this.node('MatMul', [x, this.weight(`w${name}`, [from, to])]);
    return this.node('Add', [product, this.weight(`b${name}`, [to])]);
  }

  /** One length of a value, out of its Shape: a vector of one. */
  length(x: string, axis: number): string {
    return this.node('Gather', [this.node('Shape', [x]), this.ints([axis])]);
  }

  /** Reshape to lengths that are numbers, or vectors of one. */
  reshape(x: string, lengths: readonly (number | string)[]): string {
    if (lengths.every((length) => typeof length === 'number')) {
      return this.node('Reshape', [x, this.ints(lengths)]);
    }
    const parts = lengths.map((length) => (typeof length === 'number' ? this.ints([length]) : length));
    return this.node('Reshape', [x, this.node('Concat', parts, { axis: 0 })]);
  }

  transpose(x: string, ...perm: readonly number[]): string {
    return this.node('Transpose', [x], { perm });
  }

  slice(x: string, axis: number, from: number, to: number, step = 1): string {
    return this.node('Slice', [x, this.ints([from]), this.ints([to]), this.ints([axis]), this.ints([step])]);
  }

  model(): ModelSpec {
    const { opset, nodes, initializers, inputs, outputs } = this;
    return { opset, nodes, initializers, inputs, outputs };
  }
}

/** Groups as text: how many lanes, and the axes of stored tensors that they lie on, `tensor/axis`. */
export async function groupsOf(model: ModelSpec): Promise<string[]> {
  using opened = await openModel(encodeModel(model));
  return opened
    .inspect()
    .groups.map(({ lanes, axes, exact }) =>
      [`${lanes}${exact ? '' : '!'}`, ...axes.map(({ tensor, axis }) => `${tensor}/${axis}`)].join(' '),
    )
    .sort();
}

/**
 * Prunes by a random plan, then runs original and pruned model at lengths of every open axis: the largest difference
 * between the pruned model and the masked original. undefined: the plan removes nothing.
 */
export async function distanceAt(
  spec: ModelSpec,
  seed: number,
  lengths: readonly Readonly<Record<string, number>>[],
  feedsOf: (feeds: Feeds, lengths: Readonly<Record<string, number>>) => Feeds = (feeds) => feeds,
): Promise<number | undefined> {
  const bytes = encodeModel(spec);
  const plan = await randomPlan(bytes, seed);
  if (plan === undefined) return undefined;
  using model = await openModel(bytes);
  const pruned = await model.apply(plan);
  const small = await pruned.toBytes();
  const zeroed = encodeModel(masked(spec, pruned.plan.tensors));
  let worst = 0;
  for (const own of lengths) {
    const inputs = spec.inputs.map((input) => ({
      ...input,
      shape: input.shape.map((length) => (typeof length === 'string' ? (own[length] ?? 4) : length)),
    }));
    const feeds = feedsOf(randomFeeds({ ...spec, inputs }, seed), own);
    worst = Math.max(worst, difference(await run(small, feeds), await run(zeroed, feeds)));
  }
  return worst;
}
