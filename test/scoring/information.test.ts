import { Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { datasetOf } from '../../src/data/dataset.js';
import { openModel } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { run } from '../support/exact.js';
import type { ModelSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel, floats } from '../support/onnx.js';
import { random } from '../support/random.js';

const SAMPLES = 200;
const LANES = 7;
const DAMPING = 1e-3;

/**
 * x [n 6] -> w1 -> ReLU -> h [n 7] -> w2 [7 3] and, where there are two, w3 [7 4]. Where these do not answer, something else is made
 * of what they put out.
 */
function network(
  consumers: 1 | 2,
  change: (own: TensorSpec) => TensorSpec = (own) => own,
  answers = true,
): ModelSpec {
  const made = (name: string): string => (answers ? name : `abs_${name}`);
  const b = new Builder();
  b.node('Gemm', 'a', ['x', b.weight('w1', [LANES, 6]), b.weight('b1', [LANES])], { transB: 1 });
  b.node('Relu', 'h', ['a']);
  b.node('MatMul', 'y', ['h', b.weight('w2', [LANES, 3])]);
  if (consumers === 2) b.node('MatMul', 'z', ['h', b.weight('w3', [LANES, 4])]);
  if (!answers) b.node('Abs', made('y'), ['y']);
  if (!answers && consumers === 2) b.node('Abs', made('z'), ['z']);
  return {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers.map(change),
    inputs: [{ name: 'x', shape: ['n', 6] }],
    outputs: [
      { name: made('y'), shape: ['n', 3] },
      ...(consumers === 2 ? [{ name: made('z'), shape: ['n', 4] }] : []),
    ],
  };
}

const x = floats('x', [SAMPLES, 6], random(3)).data as Float32Array;
const data = datasetOf({ x: { type: 'float32', data: x, dims: [SAMPLES, 6] } });

type Matrix = number[][];

const mean = (own: readonly number[]): number => own.reduce((sum, value) => sum + value, 0) / own.length;

/** What the lanes are, each on all samples. */
async function lanesOf(model: ModelSpec): Promise<Matrix> {
  const shown = { ...model, outputs: [{ name: 'h', shape: ['n', LANES] }] };
  const found = await run(encodeModel(shown), { x: new Tensor('float32', x, [SAMPLES, 6]) });
  const values = Array.from(found.h!.data as Float32Array);
  return Array.from({ length: LANES }, (_, lane) => values.filter((__, i) => i % LANES === lane));
}

/** The weight of a layer that answers, each of its outputs as large as it counts: half for what it varies, half for what is at stake. */
function staked(lanes: Matrix, w: Matrix): Matrix {
  const scores = lanes[0]!.map((_, row) =>
    w[0]!.map((__, o) => lanes.reduce((sum, own, lane) => sum + own[row]! * w[lane]![o]!, 0)),
  );
  const odds = scores.map((own) => {
    const all = own.reduce((sum, score) => sum + Math.exp(score), 0);
    return own.map((score) => Math.exp(score) / all);
  });
  const outputs = [...w[0]!.keys()];
  const stakes = outputs.map((o) => mean(odds.map((own) => own[o]! * (1 - own[o]!))));
  const variances = outputs.map((o) => {
    const own = scores.map((row) => row[o]!);
    return mean(own.map((score) => (score - mean(own)) ** 2));
  });
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const share = sum(variances) / sum(variances.map((variance, o) => variance * stakes[o]!));
  return w.map((row) => row.map((value, o) => value * Math.sqrt((1 + share * stakes[o]!) / 2)));
}

/** The covariance of the lanes. */
function covariance(lanes: Matrix): Matrix {
  const means = lanes.map(mean);
  return lanes.map((a, i) =>
    lanes.map((b, j) => mean(a.map((value, row) => (value - means[i]!) * (b[row]! - means[j]!)))),
  );
}

/** a⁻¹ b */
function solve(left: Matrix, right: Matrix): Matrix {
  const a = left.map((row, i) => [...row, ...right[i]!]);
  const n = a.length;
  for (let i = 0; i < n; i++) {
    const pivot = a.reduce(
      (best, row, at) => (at > i && Math.abs(row[i]!) > Math.abs(a[best]![i]!) ? at : best),
      i,
    );
    [a[i], a[pivot]] = [a[pivot]!, a[i]!];
    a[i] = a[i]!.map((value) => value / a[i]![i]!);
    for (let row = 0; row < n; row++)
      if (row !== i) a[row] = a[row]!.map((value, column) => value - a[row]![i]! * a[i]![column]!);
  }
  return a.map((row) => row.slice(n));
}

/** The least mean |Wx - W'x_K|² + λ|W'|², less the part that no choice changes. W [lanes, out]. */
function optimum(c: Matrix, w: Matrix, keep: readonly number[], lambda: number): number {
  const r = keep.map((i) => w[0]!.map((_, o) => c[i]!.reduce((sum, own, j) => sum + own * w[j]![o]!, 0)));
  const damped = keep.map((i) => keep.map((j) => c[i]![j]! + (i === j ? lambda : 0)));
  const solved = keep.length === 0 ? [] : solve(damped, r);
  return -solved.reduce((sum, row, i) => sum + row.reduce((own, value, o) => own + value * r[i]![o]!, 0), 0);
}

/** Lanes in the order in which they leave, and by how much it rises each time; every price from scratch. */
function brainSurgeon(c: Matrix, weights: readonly Matrix[]): { order: number[]; prices: number[] } {
  const lambda = (DAMPING * c.reduce((sum, row, i) => sum + row[i]!, 0)) / c.length;
  const shares = weights.map((w) => {
    let variance = 0;
    for (const o of w[0]!.keys())
      for (const i of c.keys()) for (const j of c.keys()) variance += w[i]![o]! * c[i]![j]! * w[j]![o]!;
    return 1 / variance;
  });
  let keep = c.map((_, lane) => lane);
  const total = (own: readonly number[]): number =>
    weights.reduce((sum, w, at) => sum + shares[at]! * optimum(c, w, own, lambda), 0);
  const [order, prices]: [number[], number[]] = [[], []];
  while (keep.length > 0) {
    const now = total(keep);
    const rises = keep.map((lane) => total(keep.filter((own) => own !== lane)) - now);
    const least = rises.indexOf(Math.min(...rises));
    order.push(keep[least]!);
    prices.push(rises[least]!);
    keep = keep.filter((_, at) => at !== least);
  }
  return { order, prices };
}

const rowsOf = ({ initializers }: ModelSpec, name: string): Matrix => {
  const own = initializers.find((tensor) => tensor.name === name)!;
  const width = own.dims[1]!;
  const values = Array.from(own.data as Float32Array);
  return Array.from({ length: own.dims[0]! }, (_, row) => values.slice(row * width, (row + 1) * width));
};

async function scored(model: ModelSpec): Promise<{
  readonly scores: readonly number[];
  readonly parts: Readonly<Record<string, readonly number[]>>;
}> {
  using opened = await openModel(encodeModel(model));
  const groups = await opened.score({ data, criterion: 'information' });
  expect(groups.map(({ id, lanes }) => [id, lanes])).toEqual([['w1', LANES]]);
  const parts = Object.entries(groups[0]!.parts ?? {}).map(([name, own]) => [name, [...own]]);
  return { scores: [...groups[0]!.scores], parts: Object.fromEntries(parts) };
}

const ascending = (scores: readonly number[]): number[] =>
  scores.map((_, lane) => lane).sort((a, b) => scores[a]! - scores[b]!);

test.each([
  [1, true],
  [2, true],
  [1, false],
  [2, false],
] as const)(
  'the order and the damage are those of the brain surgeon, %s consumers that answer: %s',
  async (count, answers) => {
    const model = network(count, undefined, answers);
    const { scores } = await scored(model);
    const lanes = await lanesOf(model);
    const { order, prices } = brainSurgeon(
      covariance(lanes),
      ['w2', 'w3'].slice(0, count).map((name) => {
        const own = rowsOf(model, name);
        return answers ? staked(lanes, own) : own;
      }),
    );
    expect(ascending(scores)).toEqual(order);
    let damage = 0;
    for (const [place, lane] of order.entries()) {
      damage += prices[place]!;
      expect(scores[lane]).toBeCloseTo(damage, 6);
    }
  },
);

test('a copy leaves first, at the price of the damping alone', async () => {
  const twice = (own: TensorSpec): TensorSpec => {
    if (own.name !== 'w1' && own.name !== 'b1') return own;
    const data = own.data.slice() as Float32Array;
    const width = data.length / LANES;
    data.copyWithin(2 * width, 5 * width, 6 * width);
    return { ...own, data };
  };
  const { scores, parts } = await scored(network(1, twice));
  const order = ascending(scores);
  expect([2, 5]).toContain(order[0]);
  expect(scores[order[0]!]).toBeLessThan(1e-2 * scores[order[1]!]!);
  // Each of them is what the other says.
  for (const lane of order.filter((own) => own !== 2 && own !== 5))
    for (const copy of [2, 5]) {
      expect(parts.redundancy![copy]).toBeGreaterThan(parts.redundancy![lane]!);
      expect(parts.conditional![copy]).toBeLessThan(parts.conditional![lane]!);
    }
});

test('a dead lane leaves at once', async () => {
  const dead = (own: TensorSpec): TensorSpec =>
    own.name === 'b1' ? { ...own, data: (own.data as Float32Array).map((v, i) => (i === 4 ? -99 : v)) } : own;
  const { scores } = await scored(network(2, dead));
  expect(ascending(scores)[0]).toBe(4);
});

test('parts: what a lane says, what only it says, and what others say too', async () => {
  const model = network(2);
  const { parts } = await scored(model);
  expect(Object.keys(parts).sort()).toEqual(['conditional', 'energy', 'entropy', 'redundancy']);
  const c = covariance(await lanesOf(model));
  const lambda = (DAMPING * c.reduce((sum, row, i) => sum + row[i]!, 0)) / LANES;
  const damped = c.map((row, i) => row.map((value, j) => value + (i === j ? lambda : 0)));
  const identity = c.map((row, i) => row.map((_, j) => Number(i === j)));
  const inverse = solve(damped, identity);
  const bits = (variance: number): number => 0.5 * Math.log2(2 * Math.PI * Math.E * variance);
  for (let lane = 0; lane < LANES; lane++) {
    const [entropy, conditional, redundancy] = ['entropy', 'conditional', 'redundancy'].map(
      (name) => parts[name]![lane]!,
    ) as [number, number, number];
    expect(Math.abs(entropy - conditional - redundancy)).toBeLessThan(1e-6);
    expect(entropy).toBeCloseTo(bits(damped[lane]![lane]!), 4);
    expect(conditional).toBeCloseTo(bits(1 / inverse[lane]![lane]!), 4);
    const squares = ['w2', 'w3'].flatMap((name) => rowsOf(model, name)[lane]!).map((value) => value ** 2);
    expect(parts.energy![lane]).toBeCloseTo(
      squares.reduce((sum, value) => sum + value, 0),
      4,
    );
  }
});

test('a convolution prices the taps of a lane together, and says what each of them knows', async () => {
  const b = new Builder();
  b.node('Conv', 'a', ['x', b.weight('w1', [4, 2, 1, 1])]);
  b.node('Relu', 'h', ['a']);
  b.node('Conv', 'y', ['h', b.weight('w2', [3, 4, 2, 2])]);
  const model: ModelSpec = {
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape: ['n', 2, 5, 5] }],
    outputs: [{ name: 'y', shape: ['n', 3, 4, 4] }],
  };
  const images = floats('x', [30, 2, 5, 5], random(5)).data as Float32Array;
  using opened = await openModel(encodeModel(model));
  const [group] = await opened.score({
    data: datasetOf({ x: { type: 'float32', data: images, dims: [30, 2, 5, 5] } }),
    criterion: 'information',
  });
  expect(group!.scores).toHaveLength(4);
  const { entropy, conditional, redundancy } = group!.parts as Record<string, Float64Array>;
  for (let lane = 0; lane < 4; lane++) {
    expect(group!.scores[lane]).toBeGreaterThan(0);
    expect(Math.abs(entropy![lane]! - conditional![lane]! - redundancy![lane]!)).toBeLessThan(1e-6);
  }
  // All of it has been lost once all have left.
  expect(Math.max(...group!.scores)).toBeGreaterThan(0.5);
  expect(Math.max(...group!.scores)).toBeLessThan(1.01);
});
