import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { attend, DIMS, HEADS, separate, VALUES, WIDTH } from '../support/attention.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { ROUNDING } from '../support/exact.js';
import { distanceFreed } from '../support/interface.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { draws } from '../support/random.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';
import { Sheet } from '../support/sheet.js';

type Op = 'LSTM' | 'GRU' | 'RNN';

const GATES: Readonly<Record<Op, number>> = { LSTM: 4, GRU: 3, RNN: 1 };
const [INPUT, HIDDEN, OUT] = [5, 6, 3];

/** Recurrent layers whose states go in and come out: each layer's by itself, or stacked as [layers, n, hidden]. */
function recurrent(op: Op, layers = 1, directions = 1): ModelSpec {
  const sheet = new Sheet(17);
  const states = op === 'LSTM' ? ['h', 'c'] : ['h'];
  const shape = [layers * directions, 'n', HIDDEN];
  const given = states.map((name) => sheet.input(name, shape));
  let x = sheet.input('x', ['s', 'n', INPUT]);
  const finals: string[][] = states.map(() => []);
  for (let layer = 0; layer < layers; layer++) {
    const width = layer === 0 ? INPUT : HIDDEN * directions;
    const gates = GATES[op] * HIDDEN;
    const own = given.map((state) =>
      layers === 1 ? state : sheet.slice(state, 0, layer * directions, (layer + 1) * directions),
    );
    const weights = [
      sheet.weight(`W${layer}`, [directions, gates, width]),
      sheet.weight(`R${layer}`, [directions, gates, HIDDEN]),
      sheet.weight(`B${layer}`, [directions, 2 * gates]),
    ];
    const [y, ...final] = sheet.many(1 + states.length, op, [x, ...weights, '', ...own], {
      hidden_size: HIDDEN,
      ...(directions === 2 && { direction: 'bidirectional' }),
    });
    for (const [index, state] of final.entries()) finals[index]!.push(state);
    x = sheet.reshape(sheet.transpose(y!, 0, 2, 1, 3), [0, 0, HIDDEN * directions]);
  }
  sheet.output(sheet.linear(x, 'o', HIDDEN * directions, OUT), 'y', ['s', 'n', OUT]);
  for (const [index, name] of states.entries()) {
    const all = finals[index]!;
    const joined = all.length === 1 ? all[0]! : sheet.node('Concat', all, { axis: 0 });
    sheet.output(joined, `${name}n`, shape);
  }
  return sheet.model();
}

/** A cell written by hand: nothing but names, or shapes, says that its state comes back. */
function cell(into: string, out: string): ModelSpec {
  const sheet = new Sheet(17);
  const [x, state] = [sheet.input('x', ['n', INPUT]), sheet.input(into, ['n', HIDDEN])];
  const sum = sheet.node('Add', [
    sheet.linear(x, 'x', INPUT, HIDDEN),
    sheet.node('MatMul', [state, sheet.weight('wh', [HIDDEN, HIDDEN])]),
  ]);
  const next = sheet.node('Tanh', [sum]);
  sheet.output(sheet.linear(next, 'o', HIDDEN, OUT), 'y', ['n', OUT]);
  sheet.output(next, out, ['n', HIDDEN]);
  return sheet.model();
}

/** Attention over cached keys and values and new ones. */
function cached(kvHeads = HEADS): ModelSpec {
  const sheet = new Sheet(17);
  const parts = separate(sheet, sheet.input('x', ['n', 's', WIDTH]), false, kvHeads);
  const past = (name: string, dims: number): string =>
    sheet.input(`past_key_values.0.${name}`, ['n', kvHeads, 'p', dims]);
  const k = sheet.node('Concat', [past('key', DIMS), parts.k], { axis: 2 });
  const v = sheet.node('Concat', [past('value', VALUES), parts.v], { axis: 2 });
  const repeated = (value: string, dims: number): string => {
    if (kvHeads === HEADS) return value;
    const lengths = [sheet.length(value, 0), kvHeads, HEADS / kvHeads, sheet.length(value, 2), dims];
    const shape = sheet.node(
      'Concat',
      lengths.map((own) => (typeof own === 'number' ? sheet.ints([own]) : own)),
      { axis: 0 },
    );
    const wide = sheet.node('Expand', [sheet.node('Unsqueeze', [value, sheet.ints([2])]), shape]);
    return sheet.reshape(wide, [0, HEADS, -1, dims]);
  };
  const y = attend(sheet, { q: parts.q, k: repeated(k, DIMS), v: repeated(v, VALUES) });
  sheet.output(y, 'y', ['n', 's', WIDTH]);
  sheet.output(k, 'present.0.key', ['n', kvHeads, 't', DIMS]);
  sheet.output(v, 'present.0.value', ['n', kvHeads, 't', VALUES]);
  return sheet.model();
}

const LENGTHS = [
  { n: 1, s: 5, p: 3 },
  { n: 3, s: 2, p: 4 },
];

/** Pruned models do what the masked original does, and these inputs and outputs shrink in some of them. */
async function comesOut(spec: ModelSpec, free: readonly string[], shrink: readonly string[]): Promise<void> {
  const shrunk = new Set<string>();
  for (let seed = 1; seed <= 6; seed++) {
    const result = await distanceFreed(spec, free, seed, LENGTHS);
    if (result === undefined) continue;
    expect(result.distance, `seed ${seed}`).toBeLessThan(ROUNDING);
    const { inputs = {}, outputs = {} } = result.plan.interface ?? {};
    for (const [name, axes] of Object.entries({ ...inputs, ...outputs }))
      for (const axis of Object.keys(axes)) shrunk.add(`${name}/${axis}`);
  }
  expect([...shrunk].sort()).toEqual([...shrink].sort());
}

async function groups(spec: ModelSpec, free: readonly string[] = []): Promise<Record<string, number>> {
  using model = await openModel(encodeModel(spec));
  const inspection = await model.inspect({ free });
  return Object.fromEntries(inspection.groups.map(({ id, lanes }) => [id, lanes]));
}

describe('states of recurrent layers', () => {
  test.each<[Op, number, number]>([
    ['LSTM', 1, 1],
    ['GRU', 1, 1],
    ['RNN', 1, 1],
    ['GRU', 1, 2],
    ['LSTM', 2, 1],
    ['GRU', 2, 2],
  ])('%s, %d layers, %d directions', async (op, layers, directions) => {
    const spec = recurrent(op, layers, directions);
    const states = op === 'LSTM' ? ['h', 'c', 'hn', 'cn'] : ['h', 'hn'];
    expect(Object.values(await groups(spec))).not.toContain(HIDDEN);
    // One stacked tensor holds the states of all layers, so they lose the same lanes.
    expect(Object.values(await groups(spec, states))).toEqual([HIDDEN]);
    await comesOut(
      spec,
      states,
      states.map((name) => `${name}/2`),
    );
  });

  test('a state of which only one end is free stays whole', async () => {
    for (const free of [['h'], ['hn'], ['h', 'c', 'hn'], ['h', 'hn']])
      expect(await groups(recurrent('LSTM'), free), free.join()).toEqual({});
  });
});

describe('a state whose ends no node connects', () => {
  test.each([
    ['h_in', 'h_out'],
    ['state', 'stateN'],
    ['cached_key_0', 'new_cached_key_0'],
    ['past_key_values.0', 'present.0'],
    // By its shape alone.
    ['before', 'after'],
  ])('%s, %s', async (into, out) => {
    const spec = cell(into, out);
    expect(await groups(spec)).toEqual({});
    expect(Object.values(await groups(spec, [into, out]))).toEqual([HIDDEN]);
    await comesOut(spec, [into, out], [`${into}/1`, `${out}/1`]);
    const result = await distanceFreed(spec, [into, out], 1);
    const { inputs, outputs } = result!.plan.interface!;
    expect(inputs[into]).toEqual(outputs[out]);
  });

  test('by its name, one end alone is not freed', async () => {
    for (const free of ['h_in', 'h_out']) {
      using model = await openModel(encodeModel(cell('h_in', 'h_out')));
      const { groups, frozen } = await model.inspect({ free: [free] });
      expect(groups).toEqual([]);
      const other = free === 'h_in' ? 'h_out' : 'h_in';
      expect(JSON.stringify(frozen)).toContain(
        `goes in as \\"h_in\\" and comes out as \\"h_out\\", and \\"${other}\\" is not free`,
      );
    }
  });
});

describe('caches of attention', () => {
  const CACHES = ['past_key_values*', 'present*'];

  test('heads, dims of keys and dims of values shrink in both', async () => {
    expect(Object.values(await groups(cached()))).toEqual([]);
    expect(Object.values(await groups(cached(), CACHES)).sort()).toEqual([VALUES, HEADS, DIMS].sort());
    const ends = ['past_key_values', 'present'];
    await comesOut(
      cached(),
      CACHES,
      ends.flatMap((end) =>
        ['key', 'value'].flatMap((part) => [1, 3].map((axis) => `${end}.0.${part}/${axis}`)),
      ),
    );
  });

  test('keys and values that several heads share', async () => {
    const found = await groups(cached(2), CACHES);
    expect(Object.values(found)).toEqual(expect.arrayContaining([2, DIMS, VALUES]));
    await comesOut(
      cached(2),
      CACHES,
      ['past_key_values', 'present'].flatMap((end) =>
        ['key', 'value'].flatMap((part) => [1, 3].map((axis) => `${end}.0.${part}/${axis}`)),
      ),
    );
  });
});

test('outputs that nothing feeds back, and inputs that nothing gives back', async () => {
  const sheet = new Sheet(17);
  const x = sheet.input('features', ['n', 7]);
  const hidden = sheet.node('Relu', [sheet.linear(x, '1', 7, 8)]);
  sheet.output(sheet.linear(hidden, '2', 8, 10), 'embedding', ['n', 10]);
  const spec = sheet.model();
  expect(Object.values(await groups(spec))).toEqual([8]);
  expect(Object.values(await groups(spec, ['*'])).sort()).toEqual([10, 7, 8]);
  await comesOut(spec, ['features', 'embedding'], ['features/1', 'embedding/1']);
});

test('integers, open lengths and what is not named stay as they are', async () => {
  const sheet = new Sheet(17);
  const ids = sheet.input('ids', ['n', 8], 'int64');
  const found = sheet.node('Gather', [sheet.weight('table', [16, 6]), ids]);
  sheet.output(sheet.linear(found, 'o', 6, 4), 'y', ['n', 8, 4]);
  const spec = sheet.model();
  expect(await groups(spec, ['ids'])).toEqual(await groups(spec));
});

test('random networks of which everything is free', async () => {
  let shrunk = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const draw = draws(seed);
    const steps = <K>(kinds: readonly K[]): { kind: K; pick: number; size: number }[] =>
      Array.from({ length: 1 + draw(5) }, () => ({
        ...{ kind: kinds[draw(kinds.length)]!, pick: draw(10), size: 2 + draw(12) },
      }));
    const spec =
      seed % 2 === 0 ? growSequenceNet(steps(SEQUENCE_KINDS), seed) : growConvnet(steps(KINDS), seed);
    const result = await distanceFreed(spec, ['*'], seed);
    if (result === undefined) continue;
    expect(result.distance, `seed ${seed}`).toBeLessThan(ROUNDING);
    if (result.plan.interface !== undefined) shrunk += 1;
  }
  expect(shrunk).toBeGreaterThan(40);
});
