import { describe, expect, test } from 'vitest';
import { ROUNDING } from '../support/exact.js';
import { distanceFreed } from '../support/interface.js';
import type { AttributeSpec, ModelSpec } from '../support/onnx.js';
import { frozen, ruleTable } from '../support/ruleTable.js';
import { distanceAt, groupsOf, Sheet } from '../support/sheet.js';

const SCALE = { scale: { float: 0.5 } };
const own = { opsets: [17], domain: 'com.microsoft' };

ruleTable('Attention', own, [
  [
    'bias, scale, sizes',
    { num_heads: 3, qkv_hidden_sizes: [6, 6, 15], ...SCALE },
    '? ? i, i 2*h*d+h*k, 2*h*d+h*k',
    '? ? h*k',
  ],
  ['equal sizes', { num_heads: 3, ...SCALE }, '? ? i, i 2*h*d+h*p, 2*h*d+h*p', '? ? h*p'],
  ['causal', { num_heads: 3, unidirectional: 1, ...SCALE }, '? ? i, i 2*h*d+h*p, 2*h*d+h*p', '? ? h*p'],
  ['present', { num_heads: 3, ...SCALE }, '? ? i, i 3*h*d, 3*h*d', '? ? h*d, 2 ? h ? d'],
  ['no heads', {}, '? ? i, i 3*h*d', frozen(/heads/)],
]);

ruleTable('MultiHeadAttention', own, [
  ['three projections', { num_heads: 3, ...SCALE }, '? ? h*d, ? ? h*d, ? ? h*k', '? ? h*k'],
  ['the default scale, which is then written', { num_heads: 3 }, '? ? h*d, ? ? h*d, ? ? h*k', '? ? h*k'],
  [
    'bias of all three',
    { num_heads: 3, ...SCALE },
    '? ? h*d, ? ? h*d, ? ? h*k, 2*h*d+h*k',
    '? ? h*k, ? h ? d, ? h ? k',
  ],
  ['keys and values of a cache', { num_heads: 3, ...SCALE }, '? ? h*d, ? h ? d, ? h ? d', '? ? h*d'],
  [
    'bias of scores for each head',
    { num_heads: 3, ...SCALE },
    '? ? h*d, ? ? h*d, ? ? h*k, -, -, 1 h 4 4',
    '? ? h*k',
  ],
  ['rows that a weight made', { num_heads: 3, ...SCALE }, '1 n h*d, 1 ? h*d, 1 ? h*k', '1 n h*k'],
  [
    'heads that do not divide',
    { num_heads: 4 },
    '? ? a, ? ? a, ? ? a',
    frozen(/5 units do not divide into 4 heads/),
  ],
]);

ruleTable('MultiHeadAttention', { ...own, noKernel: true }, [
  ['packed', { num_heads: 3, ...SCALE }, '? ? h 3 d', '? ? h*d'],
  ['packed with bias', { num_heads: 3, ...SCALE }, '? ? h 3 d, -, -, 3*h*d', '? ? h*d'],
  ['packed keys and values', { num_heads: 3, ...SCALE }, '? ? h*d, ? ? h 2 d', '? ? h*d'],
]);

ruleTable('RotaryEmbedding', own, [
  // Pairs are 5, so that they are not taken for the two of a pair.
  ['heads apart', {}, '? h ? 2*k, [0], 4 k, 4 k', '? h ? 2*k'],
  ['interleaved', { num_heads: 3, interleaved: 1 }, '? ? h*k*2, [0], 4 k, 4 k', '? ? h*k*2'],
  ['heads by the cosines', { interleaved: 1 }, '? ? h*k*2, [0], 4 k, 4 k', '? ? h*k*2'],
  [
    'a part of the dims',
    { num_heads: 3, rotary_embedding_dim: 10, interleaved: 1 },
    '? h ? k*2+m, [0], 4 k, 4 k',
    '? h ? k*2+m',
  ],
]);

describe('GroupQueryAttention', () => {
  const [WIDTH, HEADS, OWNERS, DIMS] = [9, 6, 2, 16];
  const DOMAIN = 'com.microsoft';
  const INT32 = 6;

  /** x [n s c] -> y [n s c], through a cache that starts empty, or none. */
  function grouped(
    project: (sheet: Sheet, x: string) => readonly string[],
    attributes: Readonly<Record<string, AttributeSpec>> = {},
    more: (sheet: Sheet) => readonly string[] = () => [],
    shown = false,
  ): ModelSpec {
    const s = new Sheet();
    const x = s.input('x', ['n', 's', WIDTH]);
    const last = s.node('Sub', [s.length(x, 1), s.ints([1])]);
    const ends = s.node('Cast', [s.node('Expand', [last, s.length(x, 0)])], { to: INT32 });
    const total = s.node('Cast', [s.node('Squeeze', [s.length(x, 1), s.ints([0])])], { to: INT32 });
    const [y, keys, values] = s.many(
      3,
      'GroupQueryAttention',
      [...project(s, x), '', '', ends, total, ...more(s)],
      { num_heads: HEADS, kv_num_heads: OWNERS, ...attributes },
      DOMAIN,
    );
    if (shown) {
      s.output(keys!, 'keys', ['n', OWNERS, 't', DIMS]);
      s.output(values!, 'values', ['n', OWNERS, 't', DIMS]);
    }
    s.output(s.linear(y!, 'o', HEADS * DIMS, WIDTH), 'y', ['n', 's', WIDTH]);
    return s.model();
  }

  const three = (s: Sheet, x: string): readonly string[] => [
    s.linear(x, 'q', WIDTH, HEADS * DIMS),
    s.linear(x, 'k', WIDTH, OWNERS * DIMS),
    s.linear(x, 'v', WIDTH, OWNERS * DIMS),
  ];
  const packed = (s: Sheet, x: string): readonly string[] => [
    s.linear(x, 'qkv', WIDTH, (HEADS + 2 * OWNERS) * DIMS),
    '',
    '',
  ];
  const OWNED = ['2 wq/1 bq/0 wk/1 bk/0 wv/1 bv/0 wo/0', '3 wq/1 bq/0 wo/0'];

  async function comesOut(model: ModelSpec, groups: readonly string[]): Promise<void> {
    expect(await groupsOf(model)).toEqual([...groups].sort());
    let pruned = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const distance = await distanceAt(model, seed, [
        { n: 1, s: 5 },
        { n: 3, s: 7 },
      ]);
      if (distance === undefined) continue;
      pruned += 1;
      expect(distance, `seed ${seed}`).toBeLessThan(ROUNDING);
    }
    expect(pruned).toBeGreaterThan(2);
  }

  test('a key head owns its query heads', () => comesOut(grouped(three), OWNED));
  test('packed', () => comesOut(grouped(packed), ['2 wqkv/1 bqkv/0 wo/0', '3 wqkv/1 bqkv/0 wo/0']));
  test('turned', () =>
    comesOut(
      grouped(three, { do_rotary: 1 }, (s) => [
        s.weight('cos', [16, DIMS / 2]),
        s.weight('sin', [16, DIMS / 2]),
      ]),
      OWNED,
    ));
  test('sinks of each head', () =>
    comesOut(
      grouped(three, {}, (s) => ['', '', '', '', s.weight('sink', [HEADS])]),
      ['2 wq/1 bq/0 wk/1 bk/0 wv/1 bv/0 sink/0 wo/0', '3 wq/1 bq/0 sink/0 wo/0'],
    ));
  test('a cache that is shown keeps its heads, not the number of queries that share one', () =>
    comesOut(
      grouped(three, {}, () => [], true),
      ['3 wq/1 bq/0 wo/0'],
    ));
});

/** A cache that comes in and goes out: the interface freezes heads and dims, what lies behind can be cut. */
describe('a cache in the interface', () => {
  const [WIDTH, HEADS, DIMS] = [9, 4, 16];
  const HIDDEN = HEADS * DIMS;

  function cached(
    op: (sheet: Sheet, parts: readonly string[], past: readonly string[]) => readonly string[],
    opset: number,
  ): ModelSpec {
    const s = new Sheet(opset);
    const x = s.input('x', ['n', 's', WIDTH]);
    const past = ['past_k', 'past_v'].map((name) => s.input(name, ['n', HEADS, 'p', DIMS]));
    const [y, keys, values] = op(
      s,
      ['q', 'k', 'v'].map((name) => s.linear(x, name, WIDTH, HIDDEN)),
      past,
    );
    s.output(keys!, 'keys', ['n', HEADS, 't', DIMS]);
    s.output(values!, 'values', ['n', HEADS, 't', DIMS]);
    const hidden = s.node('Relu', [s.linear(y!, 'up', HIDDEN, 11)]);
    s.output(s.linear(hidden, 'down', 11, WIDTH), 'y', ['n', 's', WIDTH]);
    return s.model();
  }

  const operators = {
    'MultiHeadAttention of com.microsoft': cached(
      (s, parts, past) =>
        s.many(
          3,
          'MultiHeadAttention',
          [...parts, '', '', '', ...past],
          { num_heads: HEADS, ...SCALE },
          'com.microsoft',
        ),
      17,
    ),
    'Attention of ai.onnx': cached(
      (s, parts, past) =>
        s.many(3, 'Attention', [...parts, '', ...past], {
          q_num_heads: HEADS,
          kv_num_heads: HEADS,
          ...SCALE,
        }),
      23,
    ),
  };
  for (const [name, model] of Object.entries(operators)) {
    test(name, async () => {
      expect(await groupsOf(model)).toEqual(['11 wup/1 bup/0 wdown/0']);
      const distance = await distanceAt(model, 3, [
        { n: 1, s: 5, p: 2 },
        { n: 3, s: 1, p: 6 },
      ]);
      expect(distance).toBeLessThan(ROUNDING);
    });

    test(`${name}, free to shrink`, async () => {
      const shrunk = new Set<string>();
      for (let seed = 1; seed <= 5; seed++) {
        const result = await distanceFreed(model, ['past_*', 'keys', 'values'], seed, [
          { n: 1, s: 5, p: 2 },
          { n: 3, s: 1, p: 6 },
        ]);
        expect(result!.distance, `seed ${seed}`).toBeLessThan(ROUNDING);
        for (const [value, axes] of Object.entries(result!.plan.interface?.inputs ?? {}))
          for (const axis of Object.keys(axes)) shrunk.add(`${value}/${axis}`);
      }
      expect(shrunk).toContain('past_k/1');
      expect(shrunk).toContain('past_v/1');
    });
  }
});
