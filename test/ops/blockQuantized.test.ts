import { expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { openBytes } from '../../src/native/index.js';
import { prunesExactly } from '../support/exact.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import { QuantisedModel } from '../support/quantised.js';

const ROWS = [{ name: 'x', shape: ['n', 6] }] as const;
const BLOCK = 16;

async function groupsOf(spec: ModelSpec): Promise<readonly string[]> {
  using model = await openModel(encodeModel(spec));
  return model.inspect().groups.map(({ lanes, exact }) => `${lanes}${exact ? '' : ' inexact'}`);
}

async function pruneAll(spec: ModelSpec, groups: readonly string[]): Promise<void> {
  expect(await groupsOf(spec)).toEqual(groups);
  for (const seed of [1, 2, 3]) expect(await prunesExactly(spec, seed), `seed ${seed}`).toBe(true);
}

interface Packing {
  readonly points?: 'packed' | 'floats';
  readonly flat?: boolean;
  readonly bits?: number;
  readonly bias?: boolean;
  /** Rows are dealt out to blocks in another order. */
  readonly dealt?: boolean;
}

function packed(m: QuantisedModel, x: string, [k, n]: readonly [number, number], own: Packing): string {
  const { bits = 4, flat = false } = own;
  const blocks = Math.ceil(k / BLOCK);
  const dims = (columns: number): number[] => (flat ? [n * columns] : [n, columns]);
  const byte = (): number => Math.floor(((m.next() + 1) / 2) * 255);
  const points =
    own.points === 'packed'
      ? m.integers('uint8', dims(Math.ceil((blocks * bits) / 8)), byte)
      : own.points === 'floats'
        ? m.floats(dims(blocks), () => 8 + m.next())
        : '';
  const operands = [
    x,
    m.integers('uint8', [n, blocks, (BLOCK * bits) / 8], byte),
    m.floats(dims(blocks), () => 0.05 + Math.abs(m.next()) / 10),
    points,
    own.dealt === true ? m.tensor('int32', [k], dealt(k, blocks)) : '',
    own.bias === true ? m.floats([n]) : '',
  ];
  while (operands.at(-1) === '') operands.pop();
  return m.contrib('MatMulNBits', operands, { K: k, N: n, bits, block_size: BLOCK });
}

/** The block of scales that each row belongs to, in no order of the rows. */
const dealt = (k: number, blocks: number): number[] => Array.from({ length: k }, (_, i) => (i * 7) % blocks);

const PACKINGS: readonly (readonly [string, Packing, readonly string[]])[] = [
  ['without zero points', {}, ['4', '48']],
  ['flat scales', { flat: true }, ['4', '48']],
  ['with a bias', { bias: true }, ['4', '48']],
  ['zero points of a byte', { bits: 8, points: 'packed' }, ['4', '48']],
  ['zero points as floats', { points: 'floats' }, ['4', '48']],
  ['two zero points in a byte', { points: 'packed' }, ['2', '48']],
  ['two zero points in a byte, flat', { points: 'packed', flat: true }, ['2', '48']],
  ['rows dealt out to blocks', { dealt: true }, ['48']],
  ['rows dealt out to blocks, with zero points', { dealt: true, points: 'packed' }, ['48']],
];

for (const [name, packing, groups] of PACKINGS) {
  test(`MatMulNBits: ${name}`, async () => {
    const m = new QuantisedModel(name.length);
    const wide = m.node('Relu', [m.node('MatMul', ['x', m.floats([6, 64])])]);
    const narrow = m.node('Relu', [packed(m, wide, [64, 48], packing)]);
    const y = m.node('MatMul', [narrow, m.floats([48, 2])]);
    await pruneAll(m.model(ROWS, y, ['n', 2]), groups);
  });
}

test('MatMulNBits: why k stays whole is said', async () => {
  const reasons = async (k: number, packing: Packing): Promise<readonly string[]> => {
    const m = new QuantisedModel(3);
    const wide = m.node('MatMul', ['x', m.floats([6, k])]);
    const y = m.node('MatMul', [packed(m, wide, [k, 5], packing), m.floats([5, 2])]);
    using model = await openModel(encodeModel(m.model(ROWS, y, ['n', 2])));
    const wideAxis = model.inspect().frozen.find(({ length, axis }) => length === k && axis === 1);
    return wideAxis?.reasons.map(({ text }) => text) ?? [];
  };
  expect(await reasons(64, { dealt: true })).toEqual([
    'g_idx deals its indices out to blocks of other scales',
  ]);
  expect(await reasons(40, {})).toEqual(['is no multiple of the 16 in a block']);
  expect(await reasons(48, { points: 'packed' })).toEqual([
    'is packed in blocks whose zero points share bytes, one of them with nothing',
  ]);
});

test('MatMulNBits: k that does not divide into blocks stays whole', async () => {
  const m = new QuantisedModel(3);
  const wide = m.node('MatMul', ['x', m.floats([6, 40])]);
  const y = m.node('MatMul', [packed(m, wide, [40, 5], {}), m.floats([5, 2])]);
  await pruneAll(m.model(ROWS, y, ['n', 2]), ['5']);
});

test('MatMulNBits: an odd number of blocks with two zero points in a byte stays whole', async () => {
  const m = new QuantisedModel(3);
  const wide = m.node('MatMul', ['x', m.floats([6, 48])]);
  const y = m.node('MatMul', [packed(m, wide, [48, 5], { points: 'packed' }), m.floats([5, 2])]);
  await pruneAll(m.model(ROWS, y, ['n', 2]), ['5']);
});

test('MatMulNBits: one feeds the next, whose blocks are its columns', async () => {
  const m = new QuantisedModel(4);
  const first = packed(m, packed(m, 'x', [6, 64], {}), [64, 32], { bias: true });
  const y = m.node('MatMul', [first, m.floats([32, 2])]);
  await pruneAll(m.model(ROWS, y, ['n', 2]), ['4', '32']);
});

for (const dtype of ['int4', 'uint4', 'int8'] as const) {
  const zeroPoint = dtype === 'uint4' ? 7 : 0;
  for (const along of [undefined, 0, 1]) {
    test(`${dtype} weights, ${along === undefined ? 'one scale' : `scales along axis ${along}`}`, async () => {
      const m = new QuantisedModel(5, 21);
      const storage = { dtype, zeroPoint, ...(along !== undefined && { axis: along }) };
      const layer = (x: string, dims: readonly number[]): string =>
        m.node('MatMul', [x, m.dequantised(dims, storage)]);
      const y = layer(m.node('Relu', [layer(layer('x', [6, 5]), [5, 7])]), [7, 2]);
      await pruneAll(m.model(ROWS, y, ['n', 2]), ['5', '7']);
    });
  }

  test(`${dtype} weights quantised in blocks`, async () => {
    const m = new QuantisedModel(6, 21);
    const layer = (x: string, [k, n]: readonly [number, number], size: number): string => {
      const scales = m.floats([k / size, n], () => 0.05 + Math.abs(m.next()));
      const by = zeroPoint === 0 ? [scales] : [scales, m.integers(dtype, [k / size, n], () => zeroPoint)];
      const own = m.node('DequantizeLinear', [m.integers(dtype, [k, n]), ...by], {
        axis: 0,
        block_size: size,
      });
      return m.node('MatMul', [x, own]);
    };
    const wide = m.node('Relu', [layer('x', [6, 64], 3)]);
    const y = layer(layer(wide, [64, 14], 16), [14, 2], 2);
    await pruneAll(m.model(ROWS, y, ['n', 2]), ['4', '7']);
  });
}

test('MatMulBnb4 and GatherBlockQuantized: their tables stay whole, what surrounds them is pruned', async () => {
  const m = new QuantisedModel(7, 21);
  const rows = m.node('ArgMax', ['x'], { axis: 1, keepdims: 0 });
  const table = [m.integers('uint4', [6, 32]), rows, m.floats([6, 2])];
  const chosen = m.contrib('GatherBlockQuantized', table, {
    block_size: 16,
    gather_axis: 0,
    quantize_axis: 1,
  });
  const hidden = m.node('MatMul', [m.node('MatMul', [chosen, m.floats([32, 5])]), m.floats([5, 32])]);
  const byte = (): number => Math.floor(((m.next() + 1) / 2) * 255);
  const b = [hidden, m.integers('uint8', [(32 * 7) / 2], byte), m.floats([(32 * 7) / 16])];
  const packed = m.contrib('MatMulBnb4', b, { K: 32, N: 7, block_size: 16, quant_type: 1 });
  await pruneAll(m.model(ROWS, m.node('MatMul', [packed, m.floats([7, 2])]), ['n', 2]), ['5']);
});

test('integers of four bits are cut along both axes, bit for bit', async () => {
  const m = new QuantisedModel(8, 21);
  const weights = [
    [6, 5],
    [5, 7],
    [7, 2],
  ] as const;
  const layer = (x: string, dims: readonly number[]): string =>
    m.node('MatMul', [x, m.dequantised(dims, { dtype: 'int4', axis: 1 })]);
  const spec = m.model(
    ROWS,
    weights.reduce((x, dims) => layer(x, dims), 'x'),
    ['n', 2],
  );
  using model = await openModel(encodeModel(spec));
  const pruned = await model.prune({ ratio: 0.4 });
  const written = await openBytes(await pruned.toBytes());
  const tensors = written.describe().tensors;
  const cut = spec.initializers.filter(({ packed, dims }) => packed === 'int4' && dims.length === 2);
  expect(cut.map(({ name }) => tensors.find((own) => own.name === name)!.dims)).toEqual([
    [6, 3],
    [3, 4],
    [4, 2],
  ]);
  for (const { name, dims, data } of cut) {
    const kept = (axis: number): readonly number[] =>
      pruned.plan.tensors[name]?.[axis] ?? Array.from({ length: dims[axis]! }, (_, i) => i);
    const wanted = kept(0).flatMap((row) => kept(1).map((column) => Number(data[row * dims[1]! + column])));
    expect(Array.from(written.numbers(tensors.find((own) => own.name === name)!.id))).toEqual(wanted);
  }
  written.dispose();
});
