import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import type { Builder } from '../support/builder.js';
import { run } from '../support/exact.js';
import type { ModelSpec, TensorSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import { random } from '../support/random.js';
import { datasetFor, distance, error, feedsFor, modelOf, prune, repeated } from './refits.js';

type Change = (tensor: TensorSpec) => TensorSpec;

/** Other values for some lanes of an axis. */
const lanesOf =
  (axis: number, value: (lane: number) => number | undefined): Change =>
  (tensor) => {
    const inner = tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const data = (tensor.data as Float32Array).map(
      (own, at) => value(Math.floor(at / inner) % tensor.dims[axis]!) ?? own,
    );
    return { ...tensor, data };
  };

/** Lanes from `from` on are mixtures of those before. */
const mixed =
  (axis: number, from: number): Change =>
  (tensor) => {
    const { dims } = tensor;
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const length = dims[axis]!;
    const next = random(8);
    const factors = Array.from({ length: length * from }, next);
    const source = tensor.data as Float32Array;
    const data = source.map((own, at) => {
      const lane = Math.floor(at / inner) % length;
      if (lane < from) return own;
      let sum = 0;
      for (let i = 0; i < from; i++) sum += factors[lane * from + i]! * source[at + (i - lane) * inner]!;
      return sum;
    });
    return { ...tensor, data };
  };

/** The nearest float16, of what is neither very small nor very large. */
function half(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  const rounded = (exponent << 10) + ((bits & 0x7fffff) >>> 13) + ((bits >>> 12) & 1);
  return ((bits >>> 16) & 0x8000) | rounded;
}

const halved = (spec: ModelSpec): ModelSpec => ({
  ...spec,
  initializers: spec.initializers.map((own) => ({
    ...own,
    data: Uint16Array.from(own.data as Float32Array, half),
  })),
});

describe('what others give, exactly', () => {
  test('mixtures of lanes leave', async () => {
    const spec = modelOf(
      (b) => {
        b.node('Conv', 'h', ['x', b.weight('w1', [9, 3, 3, 3]), b.weight('b1', [9])]);
        b.node('Conv', 'c', ['h', b.weight('w2', [5, 9, 3, 3]), b.weight('b2', [5])]);
        b.node('Tanh', 'y', ['c']);
      },
      ['n', 3, 8, 8],
      { w1: mixed(0, 5), b1: mixed(0, 5) },
    );
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 32), ratio: 0.4 });
    expect(plan.groups[0]!.kept).toHaveLength(5);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
  });

  test('through BatchNormalization, and through a chain of layers', async () => {
    const spec = modelOf(
      (b) => {
        b.node('Conv', 'c1', ['x', b.weight('w1', [8, 3, 3, 3])], { pads: [1, 1, 1, 1] });
        b.initializers.push({ name: 'v', dims: [8], data: Float32Array.from({ length: 8 }, () => 1.5) });
        b.initializers.push({ name: 'm', dims: [8], data: new Float32Array(8) });
        b.node('BatchNormalization', 'n1', ['c1', b.weight('g', [8]), b.weight('d', [8]), 'm', 'v']);
        b.node('Relu', 'h1', ['n1']);
        b.node('Conv', 'c2', ['h1', b.weight('w2', [8, 8, 3, 3]), b.weight('b2', [8])], { strides: [2, 2] });
        b.node('Relu', 'h2', ['c2']);
        b.node('Conv', 'y', ['h2', b.weight('w3', [5, 8, 1, 1])]);
      },
      ['n', 3, 9, 9],
      {
        // The kernel repeats itself as it is, so that γ and β scale.
        w1: (tensor) => repeated(tensor, 0, () => 1),
        g: 0,
        d: 0,
        w2: 0,
        b2: 0,
      },
    );
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    expect(plan.groups).toHaveLength(2);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
  });

  test.each([true, false])('constant lanes go into a bias (there was one: %s)', async (bias) => {
    for (const op of ['Conv', 'Gemm', 'MatMul']) {
      const spec = modelOf(
        (b) => {
          const conv = op === 'Conv';
          if (conv) b.node('Conv', 'a', ['x', b.weight('w1', [6, 6, 1, 1]), b.weight('b1', [6])]);
          else b.node('Gemm', 'a', ['x', b.weight('w1', [6, 6]), b.weight('b1', [6])], { transB: 1 });
          b.node('Relu', 'h', ['a']);
          b.weight('w2', conv ? [4, 6, 2, 2] : [6, 4]);
          if (op === 'MatMul' && bias) {
            b.node('MatMul', 'p', ['h', 'w2']);
            b.node('Add', 'y', ['p', b.weight('b2', [4])]);
          } else b.node(op, 'y', ['h', 'w2', ...(bias && op !== 'MatMul' ? [b.weight('b2', [4])] : [])]);
        },
        op === 'Conv' ? ['n', 6, 5, 5] : ['n', 6],
        {
          w1: lanesOf(0, (lane) => (lane < 3 ? 0 : undefined)),
          b1: lanesOf(0, (lane) => (lane < 3 ? 2 + lane : undefined)),
        },
      );
      const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
      expect(plan.groups[0]!.kept).toEqual([3, 4, 5]);
      expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
    }
  });

  test('dead lanes leave, and nothing changes', async () => {
    const spec = modelOf(
      (b) => {
        b.node('Conv', 'a', ['x', b.weight('w1', [8, 3, 3, 3]), b.weight('b1', [8])]);
        b.node('Relu', 'h', ['a']);
        b.node('Conv', 'y', ['h', b.weight('w2', [5, 8, 3, 3])]);
      },
      ['n', 3, 8, 8],
      { b1: lanesOf(0, (lane) => (lane % 2 === 0 ? -99 : undefined)) },
    );
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 32), ratio: 0.5 });
    expect(plan.groups[0]!.kept).toEqual([1, 3, 5, 7]);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
  });

  test('kernels over many channels, tap by tap', async () => {
    const spec = modelOf(
      (b) => {
        b.node('Conv', 'a', ['x', b.weight('w1', [264, 6, 1, 1]), b.weight('b1', [264])]);
        b.node('Relu', 'h', ['a']);
        b.node('Conv', 'y', ['h', b.weight('w2', [4, 264, 3, 3]), b.weight('b2', [4])], {
          pads: [1, 1, 1, 1],
        });
      },
      ['n', 6, 6, 6],
      { w1: 0, b1: 0 },
    );
    const data = datasetFor(spec, 48);
    const { plan, bytes } = await prune(spec, { data, ratio: 0.5, roundTo: 1 });
    expect(plan.groups[0]!.kept).toHaveLength(132);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-2);
    const cut = await prune(spec, { data, ratio: 0.5, roundTo: 1, reconstruct: false });
    expect(await distance(spec, cut.bytes, feedsFor(spec, 6, 9))).toBeGreaterThan(0.05);
  });

  test('weights of float16 stay so', async () => {
    const whole = modelOf(
      (b) => {
        b.node('Cast', 'x16', ['x'], { to: 10 });
        b.node('MatMul', 'm', ['x16', b.weight('w1', [6, 8])]);
        b.node('Add', 'a', ['m', b.weight('b1', [8])]);
        b.node('Relu', 'h', ['a']);
        b.node('MatMul', 'p', ['h', b.weight('w2', [8, 5])]);
        b.node('Cast', 'y', ['p'], { to: 1 });
      },
      ['n', 6],
      // Powers of two, so that rounding keeps what is repeated.
      Object.fromEntries(
        (
          [
            ['w1', 1],
            ['b1', 0],
          ] as const
        ).map(([name, axis]) => [name, (own) => repeated(own, axis, () => 0.5)]),
      ),
    );
    const spec = halved(whole);
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    expect(plan.groups[0]!.kept).toHaveLength(4);
    expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(5e-3);
    using opened = await openModel(bytes);
    expect(opened.inspect().groups).toHaveLength(1);
  });
});

describe('few samples', () => {
  const spec = modelOf(
    (b) => {
      b.node('Gemm', 'a', ['x', b.weight('w1', [40, 6]), b.weight('b1', [40])], { transB: 1 });
      b.node('Relu', 'h', ['a']);
      b.node('Gemm', 'g', ['h', b.weight('w2', [30, 40]), b.weight('b2', [30])], { transB: 1 });
      b.node('Relu', 'k', ['g']);
      b.node('Gemm', 'y', ['k', b.weight('w3', [3, 30])], { transB: 1 });
    },
    ['n', 6],
  );

  test.each([1, 2, 7])('%s of them: it runs, and no worse on them than without', async (samples) => {
    const data = datasetFor(spec, samples);
    const feeds = feedsFor(spec, samples, 1);
    const [refitted, cut] = await Promise.all(
      [true, false].map((reconstruct) => prune(spec, { data, ratio: 0.5, reconstruct })),
    );
    expect(refitted!.plan.groups.map(({ kept }) => kept)).toEqual(cut!.plan.groups.map(({ kept }) => kept));
    const [with_, without] = [
      await error(spec, refitted!.bytes, feeds),
      await error(spec, cut!.bytes, feeds),
    ];
    expect(with_).toBeLessThan(without + 1e-3);
    expect(with_).toBeLessThan(0.01);
  });
});

test.each([1, 4])('a model that takes %s at a time', async (batch) => {
  const spec = (length: number | string) =>
    modelOf(
      (b) => {
        b.node('Gemm', 'a', ['x', b.weight('w1', [8, 6]), b.weight('b1', [8])], { transB: 1 });
        b.node('Relu', 'h', ['a']);
        b.node('Gemm', 'g', ['h', b.weight('w2', [6, 8])], { transB: 1 });
        b.node('Relu', 'k', ['g']);
        b.node('Gemm', 'y', ['k', b.weight('w3', [3, 6])], { transB: 1 });
      },
      [length, 6],
      { w1: 0, b1: 0, w2: 0 },
    );
  for (const policy of [{ ratio: 0.5 }, { policy: 'allocate', macs: 0.3 }]) {
    // More samples than a whole number of batches: the rest is left out.
    const { bytes } = await prune(spec(batch), { data: datasetFor(spec('n'), 67), ...policy });
    const feeds = feedsFor(spec(batch), batch, 9);
    expect(await distance(spec(batch), bytes, feeds)).toBeLessThan('ratio' in policy ? 1e-2 : 2);
  }
});

describe('the file', () => {
  const spec = modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [24, 3, 3, 3])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [24, 24, 1, 1])]);
      b.node('GlobalAveragePool', 'p', ['c']);
      b.node('Flatten', 'f', ['p']);
      b.node('MatMul', 'y', ['f', b.weight('w3', [24, 4])]);
    },
    ['n', 3, 8, 8],
  );
  const data = datasetFor(spec, 32);

  test('has the interface it had, and one bias for each layer that had none', async () => {
    const { bytes } = await prune(spec, { data, ratio: 0.5 });
    using before = await openModel(encodeModel(spec));
    using after = await openModel(bytes);
    const { inputs, outputs } = before.inspect();
    expect(after.inspect().inputs).toEqual(inputs);
    expect(after.inspect().outputs).toEqual(outputs);
    const found = await run(bytes, feedsFor(spec, 3, 2));
    expect(Object.keys(found)).toEqual(['y']);
  });

  test('can be pruned again, and is the same with its budget of bytes', async () => {
    const once = await prune(spec, { data, ratio: 0.25 });
    using again = await openModel(once.bytes);
    const pruned = await again.prune({ data, criterion: 'information', ratio: 0.25 });
    expect(pruned.plan.groups.length).toBeGreaterThan(0);
    await run(await pruned.toBytes(), feedsFor(spec, 3, 2));
  });

  test.each([0.75, 0.6, 0.5])('holds a budget of %s of its bytes', async (share) => {
    const limit = Math.ceil(share * encodeModel(spec).length);
    using opened = await openModel(encodeModel(spec));
    const pruned = await opened.prune({ data, criterion: 'information', bytes: limit });
    const bytes = await pruned.toBytes();
    expect(bytes.length).toBeLessThanOrEqual(pruned.after.bytes);
    expect(bytes.length).toBeLessThanOrEqual(limit);
  });
});

describe('weights that several nodes read', () => {
  const check = async (spec: ModelSpec): Promise<number> => {
    const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
    expect(plan.groups.length).toBeGreaterThan(0);
    return distance(spec, bytes, feedsFor(spec, 6, 9));
  };

  test('side by side, with layers between them in one branch', async () => {
    const branch = (b: Builder, name: string, from: string): void => {
      b.node('MatMul', `m${name}`, [from, 'w1']);
      b.node('Add', `a${name}`, [`m${name}`, 'b1']);
      b.node('Relu', `h${name}`, [`a${name}`]);
      b.node('MatMul', `p${name}`, [`h${name}`, 'w2']);
      b.node('Relu', `r${name}`, [`p${name}`]);
    };
    const spec = modelOf(
      (b) => {
        b.weight('w1', [6, 8]);
        b.weight('b1', [8]);
        b.weight('w2', [8, 6]);
        branch(b, '1', 'x');
        b.node('MatMul', 'u', ['r1', b.weight('w3', [6, 4])]);
        b.node('Neg', 'n', ['x']);
        branch(b, '2', 'n');
        b.node('MatMul', 'v', ['r2', b.weight('w4', [6, 4])]);
        b.node('Sub', 'y', ['u', 'v']);
      },
      ['n', 6],
      { w1: 1, b1: 0, w2: 1 },
    );
    expect(await check(spec)).toBeLessThan(1e-4);
  });

  test('one behind the other, with another layer between them', async () => {
    const spec = modelOf(
      (b) => {
        b.node('MatMul', 'm0', ['x', b.weight('w0', [6, 8])]);
        b.node('Relu', 'h0', ['m0']);
        b.weight('w1', [8, 8]);
        b.node('MatMul', 'm1', ['h0', 'w1']);
        b.node('Relu', 'h1', ['m1']);
        b.node('MatMul', 'm2', ['h1', b.weight('w2', [8, 8])]);
        b.node('Relu', 'h2', ['m2']);
        b.node('MatMul', 'm3', ['h2', 'w1']);
        b.node('Relu', 'h3', ['m3']);
        b.node('MatMul', 'y', ['h3', b.weight('w3', [8, 4])]);
      },
      ['n', 6],
      { w0: 1 },
    );
    expect(await check(spec)).toBeLessThan(2);
  });

  test('of lanes that are not tied to each other', async () => {
    const spec = modelOf(
      (b) => {
        b.weight('w', [8, 5]);
        for (const name of ['1', '2']) {
          b.node('MatMul', `m${name}`, ['x', b.weight(`v${name}`, [6, 8])]);
          b.node('Relu', `h${name}`, [`m${name}`]);
          b.node('MatMul', `p${name}`, [`h${name}`, 'w']);
        }
        b.node('Sub', 'y', ['p1', 'p2']);
      },
      ['n', 6],
      { v1: 1, v2: 1 },
    );
    expect(await check(spec)).toBeLessThan(1e-4);
  });

  test('a state that its node makes itself', async () => {
    // Rows of each of the four gates, and the columns that read them.
    const gates: Change = (tensor) => {
      const inner = tensor.dims.slice(2).reduce((a, b) => a * b, 1);
      const data = tensor.data.slice() as Float32Array;
      for (let at = 0; at < data.length; at++)
        if (Math.floor(at / inner) % 6 >= 3) data[at] = data[at - 3 * inner]!;
      return { ...tensor, data };
    };
    const spec = modelOf(
      (b) => {
        const weights = [b.weight('w', [1, 24, 5]), b.weight('r', [1, 24, 6]), b.weight('b', [1, 48])];
        b.node('Transpose', 't', ['x'], { perm: [1, 0, 2] });
        b.node('LSTM', 'z', ['t', ...weights], { hidden_size: 6 });
        b.node('Transpose', 's', ['z'], { perm: [2, 0, 1, 3] });
        b.node('MatMul', 'y', ['s', b.weight('w2', [6, 4])]);
      },
      ['n', 7, 5],
      { w: gates, r: gates, b: gates },
    );
    expect(await check(spec)).toBeLessThan(1e-4);
  });
});

test('what is added to a single lane that is left may itself be of one lane, and is then no stream', async () => {
  const spec = modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [4, 3, 1, 1])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'c', ['h', b.weight('w2', [2, 4, 1, 1])]);
      b.node('Conv', 'd', ['x', b.weight('w3', [1, 3, 1, 1])]);
      b.node('Add', 's', ['c', 'd']);
      b.node('Relu', 'r', ['s']);
      b.node('Conv', 'y', ['r', b.weight('w4', [3, 2, 1, 1])]);
    },
    ['n', 3, 4, 4],
    // Nothing reads the first of the two lanes.
    { w1: (own) => repeated(own, 0, () => 0.5), w4: lanesOf(1, (lane) => (lane === 0 ? 0 : undefined)) },
  );
  const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
  expect(plan.groups.find(({ id }) => id === 'w2')!.kept).toEqual([1]);
  expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
});

test('nor is what has more lanes than it is added to, where one of them is left', async () => {
  const spec = modelOf(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [4, 3, 1, 1])]);
      b.node('Relu', 'h', ['a']);
      b.node('Conv', 'd', ['x', b.weight('w3', [2, 3, 1, 1])]);
      b.node('Conv', 'c', ['h', b.weight('w2', [1, 4, 1, 1])]);
      b.node('Add', 's', ['c', 'd']);
      b.node('Relu', 'r', ['s']);
      b.node('Conv', 'y', ['r', b.weight('w4', [3, 2, 1, 1])]);
    },
    ['n', 3, 4, 4],
    { w1: (own) => repeated(own, 0, () => 0.5), w4: lanesOf(1, (lane) => (lane === 0 ? 0 : undefined)) },
  );
  const { plan, bytes } = await prune(spec, { data: datasetFor(spec, 64), ratio: 0.5 });
  expect(plan.groups.find(({ id }) => id === 'w3')!.kept).toEqual([1]);
  expect(await distance(spec, bytes, feedsFor(spec, 6, 9))).toBeLessThan(1e-4);
});
