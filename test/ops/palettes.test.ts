import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { difference, distanceFromMasked, ROUNDING, randomFeeds, run } from '../support/exact.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel, floats, integers, masked } from '../support/onnx.js';
import { QuantisedModel } from '../support/quantised.js';
import { random } from '../support/random.js';

interface Palette {
  readonly entries: number;
  /** Of entry 0, which masked codes mean. */
  readonly first: number;
  readonly dtype: 'uint8' | 'int32' | 'int64';
}

/** Two layers whose weights are codes into a book of 16 or 40 entries: x [n 6] -> y [n 3], 8 lanes between. */
function palettised({ entries, first, dtype }: Palette): ModelSpec {
  const m = new QuantisedModel(entries);
  const weight = (rows: number, columns: number): string => {
    let at = 0;
    const book = m.floats([entries], () => (at++ === 0 ? first : m.next()));
    const code = (): number => Math.floor(((m.next() + 1) / 2) * (entries - 1));
    const stored = dtype === 'int64' ? m.name('codes') : m.integers(dtype, [rows, columns], code);
    if (dtype === 'int64')
      m.initializers.push(integers(stored, Array.from({ length: rows * columns }, code), [rows, columns]));
    const codes = dtype === 'uint8' ? m.node('Cast', [stored], { to: 7 }) : stored;
    return m.node('Gather', [book, codes]);
  };
  const hidden = m.node('Relu', [m.node('MatMul', ['x', weight(6, 8)])]);
  return m.model([{ name: 'x', shape: ['n', 6] }], m.node('MatMul', [hidden, weight(8, 3)]), ['n', 3]);
}

test.each<Palette>([
  { entries: 16, first: 0, dtype: 'uint8' },
  { entries: 16, first: 0, dtype: 'int32' },
  { entries: 16, first: 0, dtype: 'int64' },
])('codes are cut as the weight that they stand for, exactly where code 0 is zero: %o', async (palette) => {
  const spec = palettised(palette);
  using model = await openModel(encodeModel(spec));
  expect(model.inspect().groups.map(({ lanes, exact }) => [lanes, exact])).toEqual([[8, true]]);
  for (const seed of [1, 2, 3]) {
    const result = await distanceFromMasked(spec, seed);
    expect(result?.distance).toBeLessThan(ROUNDING);
  }
});

test.each<Palette>([
  { entries: 16, first: 0.5, dtype: 'uint8' },
  { entries: 40, first: 0, dtype: 'uint8' },
])('elsewhere a lane leaves whole, and is not called exact: %o', async (palette) => {
  using model = await openModel(encodeModel(palettised(palette)));
  const [group] = model.inspect().groups;
  expect([group?.lanes, group?.exact]).toEqual([8, false]);
  const pruned = await model.prune({ ratio: 0.5, criterion: 'l2' });
  const found = await run(await pruned.toBytes(), randomFeeds(palettised(palette), 1));
  expect(found.y?.dims).toEqual([4, 3]);
});

test('indices of an embedding stay indices', async () => {
  const m = new QuantisedModel(5);
  const rows = m.node('Gather', [m.floats([9, 8]), 'ids']);
  const y = m.node('MatMul', [m.node('Relu', [rows]), m.floats([8, 3])]);
  using model = await openModel(
    encodeModel(m.model([{ name: 'ids', dtype: 'int64', shape: ['n', 5] }], y, ['n', 5, 3])),
  );
  expect(model.inspect().groups.map(({ lanes, exact }) => [lanes, exact])).toEqual([[8, true]]);
});

test('a sparse tensor stays as it is, and what meets it says why', async () => {
  const next = random(4);
  const thin = floats('thin', [6, 8], () => Math.max(0, next()));
  const spec: ModelSpec = {
    opset: 13,
    nodes: [
      { op: 'MatMul', name: 'first', inputs: ['x', 'thin'], outputs: ['h'] },
      { op: 'MatMul', name: 'second', inputs: ['h', 'w'], outputs: ['k'] },
      { op: 'Relu', name: 'relu', inputs: ['k'], outputs: ['r'] },
      { op: 'MatMul', name: 'third', inputs: ['r', 'v'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', shape: ['n', 6] }],
    outputs: [{ name: 'y', shape: ['n', 3] }],
    initializers: [floats('w', [8, 10], next), floats('v', [10, 3], next)],
    sparse: [thin],
  };
  const bytes = encodeModel(spec);
  using model = await openModel(bytes);
  const { groups, frozen } = model.inspect();
  expect(groups.map(({ id, lanes }) => [id, lanes])).toEqual([['w', 10]]);
  expect(
    frozen.find(({ tensor, axis }) => tensor === 'w' && axis === 0)?.reasons.map(({ text }) => text),
  ).toEqual(['meets the sparse tensor "thin", which is never cut']);
  const pruned = await model.prune({ ratio: 0.5, criterion: 'l2' });
  const feeds = randomFeeds(spec, 1);
  const wanted = await run(encodeModel(masked(spec, pruned.plan.tensors)), feeds);
  expect(difference(await run(await pruned.toBytes(), feeds), wanted)).toBeLessThan(ROUNDING);
});
