import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import type { Parts } from '../support/attention.js';
import {
  attend,
  comesOut,
  DIMS,
  HEAD_SLOTS,
  HEADS,
  HIDDEN,
  modelOf,
  separate,
  split,
  THREE,
  VALUES,
  WIDTH,
} from '../support/attention.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import { Sheet } from '../support/sheet.js';

describe('heads, dims of queries and keys, dims of values', () => {
  test('three projections', () =>
    comesOut(
      modelOf((s, x) => attend(s, separate(s, x))),
      THREE,
    ));

  test('lengths out of Shape', () =>
    comesOut(
      modelOf((s, x) => attend(s, separate(s, x, true), { open: true })),
      THREE,
    ));

  test('1/√d out of Shape keeps the original', () =>
    comesOut(
      modelOf((s, x) => {
        const { q, k, v } = separate(s, x, true);
        const d = s.node('Cast', [s.length(q, 3)], { to: 1 });
        return attend(s, { q: s.node('Div', [q, s.node('Sqrt', [d])]), k, v });
      }),
      THREE,
    ));

  test('the outer factor is the head', async () => {
    using model = await openModel(encodeModel(modelOf((s, x) => attend(s, separate(s, x)))));
    const { groups } = model.inspect();
    const heads = groups.find(({ lanes }) => lanes === HEADS)!;
    expect(heads.factors.length).toBe(2);
    const { plan } = await model.apply({
      format: 'espalier-plan',
      version: 1,
      model: { sha256: await model.sha256(), file: model.file },
      made: {},
      groups: [{ id: heads.id, lanes: HEADS, kept: [0, 2, 3], exact: true }],
      tensors: {},
    });
    const kept = Array.from({ length: HIDDEN }, (_, i) => i).filter((i) => i < DIMS || i >= 2 * DIMS);
    expect(plan.tensors.wq).toEqual({ 1: kept });
  });
});

describe('one projection of all three', () => {
  const all = (sheet: Sheet, x: string): string => sheet.linear(x, 'qkv', WIDTH, 3 * HIDDEN);
  /** Reshaped to [n s 3 h d], values have a group of their own only where they are a part of their own. */
  const FUSED = [`${HEADS} wqkv/1 bqkv/0 wo/0`, `${DIMS} wqkv/1 bqkv/0`, `${DIMS} wqkv/1 bqkv/0 wo/0`];
  const seen = (sheet: Sheet, parts: readonly string[]): Parts => {
    const [q, k, v] = parts.map((part) => split(sheet, part, HEADS, DIMS));
    return { q: q!, k: k!, v: v! };
  };

  test('by Split', () =>
    comesOut(
      modelOf((s, x) => {
        const parts = s.many(3, 'Split', [all(s, x), s.ints([HIDDEN, HIDDEN, HIDDEN])], { axis: -1 });
        return attend(s, seen(s, parts), { values: DIMS });
      }),
      FUSED,
    ));

  test('by Split in equal parts', () =>
    comesOut(
      modelOf(
        (s, x) => {
          const parts = s.many(3, 'Split', [all(s, x)], { axis: 2, num_outputs: 3 });
          return attend(s, seen(s, parts), { values: DIMS });
        },
        's',
        18,
      ),
      FUSED,
    ));

  test('by Slice', () =>
    comesOut(
      modelOf((s, x) => {
        const whole = all(s, x);
        const parts = [0, 1, 2].map((i) => s.slice(whole, 2, i * HIDDEN, (i + 1) * HIDDEN));
        return attend(s, seen(s, parts), { values: DIMS });
      }),
      FUSED,
    ));

  const five = (s: Sheet, x: string): string =>
    s.transpose(s.reshape(all(s, x), [0, -1, 3, HEADS, DIMS]), 2, 0, 3, 1, 4);
  const TIED = [`${HEADS} wqkv/1 bqkv/0 wo/0`, `${DIMS} wqkv/1 bqkv/0 wo/0`];

  test('by Reshape, Transpose and Gather', () =>
    comesOut(
      modelOf((s, x) => {
        const whole = five(s, x);
        const [q, k, v] = [0, 1, 2].map((i) => s.node('Gather', [whole, s.ints([i], [])], { axis: 0 }));
        return attend(s, { q: q!, k: k!, v: v! }, { values: DIMS });
      }),
      TIED,
    ));

  test('by Reshape, Transpose and Split', () =>
    comesOut(
      modelOf((s, x) => {
        const parts = s.many(3, 'Split', [five(s, x), s.ints([1, 1, 1])], { axis: 0 });
        const [q, k, v] = parts.map((part) => s.node('Squeeze', [part, s.ints([0])]));
        return attend(s, { q: q!, k: k!, v: v! }, { values: DIMS });
      }),
      TIED,
    ));

  test('by Reshape to heads × 3·dims and Split', () =>
    comesOut(
      modelOf((s, x) => {
        const whole = s.transpose(s.reshape(all(s, x), [0, -1, HEADS, 3 * DIMS]), 0, 2, 1, 3);
        const [q, k, v] = s.many(3, 'Split', [whole, s.ints([DIMS, DIMS, DIMS])], { axis: 3 });
        return attend(s, { q: q!, k: k!, v: v! }, { values: DIMS });
      }),
      FUSED,
    ));
});

describe('keys and values shared by query heads', () => {
  const OWNERS = 2;
  const SHARED = HEADS / OWNERS;
  const GROUPED = [
    `${OWNERS} ${HEAD_SLOTS}`,
    `${SHARED} wq/1 bq/0 wo/0`,
    `${DIMS} wq/1 bq/0 wk/1 bk/0`,
    `${VALUES} wv/1 bv/0 wo/0`,
  ];
  const grouped = (repeat: (sheet: Sheet, x: string, dims: number) => string): ModelSpec =>
    modelOf((s, x) => {
      const { q, k, v } = separate(s, x, false, OWNERS);
      return attend(s, { q, k: repeat(s, k, DIMS), v: repeat(s, v, VALUES) });
    });

  test('by Expand and Reshape, lengths out of Shape', () =>
    comesOut(
      grouped((s, x, dims) => {
        const apart = s.node('Unsqueeze', [x, s.ints([2])]);
        const lengths = [s.length(x, 0), s.ints([OWNERS]), s.ints([SHARED]), s.length(x, 2), s.ints([dims])];
        const wide = s.node('Expand', [apart, s.node('Concat', lengths, { axis: 0 })]);
        return s.reshape(wide, [s.length(x, 0), HEADS, s.length(x, 2), dims]);
      }),
      GROUPED,
    ));

  test('by Tile and Reshape', () =>
    comesOut(
      grouped((s, x, dims) => {
        const apart = s.node('Unsqueeze', [x, s.ints([2])]);
        const wide = s.node('Tile', [apart, s.ints([1, 1, SHARED, 1, 1])]);
        return s.reshape(wide, [0, HEADS, -1, dims]);
      }),
      // Repetitions are no lanes: what is repeated stays as often.
      GROUPED.filter((group) => !group.startsWith(`${SHARED} wq/1 bq/0 wo/0`)),
    ));

  test('by Concat of the same', () =>
    comesOut(
      grouped((s, x, dims) => {
        const apart = s.node('Unsqueeze', [x, s.ints([2])]);
        return s.reshape(s.node('Concat', [apart, apart], { axis: 2 }), [0, HEADS, -1, dims]);
      }),
      GROUPED.filter((group) => !group.startsWith(`${SHARED} wq/1 bq/0 wo/0`)),
    ));

  test('one head of keys and values for all', () =>
    comesOut(
      modelOf((s, x) => attend(s, separate(s, x, false, 1))),
      [`${HEADS} wq/1 bq/0 wo/0`, `${DIMS} wq/1 bq/0 wk/1 bk/0`, `${VALUES} wv/1 bv/0 wo/0`],
    ));
});

describe('other spellings', () => {
  test('Einsum', () =>
    comesOut(
      modelOf((s, x) => {
        const part = (name: string, dims: number): string =>
          s.reshape(s.linear(x, name, WIDTH, HEADS * dims), [0, -1, HEADS, dims]);
        const scores = s.node('Einsum', [part('q', DIMS), part('k', DIMS)], { equation: 'nshd,nthd->nhst' });
        const weights = s.node('Softmax', [s.node('Mul', [scores, s.weight('scale', [], 0.4)])], {
          axis: -1,
        });
        const mixed = s.node('Einsum', [weights, part('v', VALUES)], { equation: 'nhst,nthe->nshe' });
        return s.linear(s.reshape(mixed, [0, 0, -1]), 'o', HEADS * VALUES, WIDTH);
      }),
      THREE,
    ));

  test('weights with an axis for the heads', () =>
    comesOut(
      modelOf((s, x) => {
        const part = (name: string, dims: number): string =>
          s.node('Einsum', [x, s.weight(`w${name}`, [HEADS, WIDTH, dims])], { equation: 'nsc,hcd->nhsd' });
        const scores = s.node('Einsum', [part('q', DIMS), part('k', DIMS)], { equation: 'nhsd,nhtd->nhst' });
        const mixed = s.node('Einsum', [s.node('Softmax', [scores], { axis: -1 }), part('v', VALUES)], {
          equation: 'nhst,nhte->nhse',
        });
        return s.node('Einsum', [mixed, s.weight('wo', [HEADS, VALUES, WIDTH])], {
          equation: 'nhsd,hdc->nsc',
        });
      }),
      [`${HEADS} wq/0 wk/0 wv/0 wo/0`, `${DIMS} wq/2 wk/2`, `${VALUES} wv/2 wo/1`],
    ));

  test('batch and heads merged into one axis', () =>
    comesOut(
      modelOf((s, x) => {
        const merge = (own: string, dims: number): string =>
          s.reshape(own, [s.node('Mul', [s.length(own, 0), s.ints([HEADS])]), s.length(own, 2), dims]);
        const { q, k, v } = separate(s, x, true);
        const keys = s.transpose(merge(k, DIMS), 0, 2, 1);
        const scores = s.node('MatMul', [merge(q, DIMS), keys]);
        const mixed = s.node('MatMul', [s.node('Softmax', [scores], { axis: -1 }), merge(v, VALUES)]);
        const apart = s.reshape(mixed, [s.length(x, 0), HEADS, s.length(x, 1), VALUES]);
        const merged = s.reshape(s.transpose(apart, 0, 2, 1, 3), [0, 0, -1]);
        return s.linear(merged, 'o', HEADS * VALUES, WIDTH);
      }),
      THREE,
    ));

  test('keys transposed with their heads', () =>
    comesOut(
      modelOf((s, x) => {
        const q = split(s, s.linear(x, 'q', WIDTH, HIDDEN), HEADS, DIMS);
        const k = s.reshape(s.linear(x, 'k', WIDTH, HIDDEN), [0, -1, HEADS, DIMS]);
        const v = split(s, s.linear(x, 'v', WIDTH, HEADS * VALUES), HEADS, VALUES);
        const scores = s.node('MatMul', [q, s.transpose(k, 0, 2, 3, 1)]);
        const mixed = s.node('MatMul', [s.node('Softmax', [scores], { axis: -1 }), v]);
        const merged = s.reshape(s.transpose(mixed, 0, 2, 1, 3), [0, 0, -1]);
        return s.linear(merged, 'o', HEADS * VALUES, WIDTH);
      }),
      THREE,
    ));

  test('convolutions as projections, space flattened', () => {
    const s = new Sheet();
    const x = s.input('x', ['n', WIDTH, 4, 4]);
    const conv = (name: string, from: string, to: number, width = WIDTH): string =>
      s.node('Conv', [from, s.weight(`w${name}`, [to, width, 1, 1]), s.weight(`b${name}`, [to])]);
    const part = (name: string, dims: number): string =>
      s.reshape(conv(name, x, HEADS * dims), [0, HEADS, dims, 16]);
    const scores = s.node('MatMul', [s.transpose(part('q', DIMS), 0, 1, 3, 2), part('k', DIMS)]);
    const weights = s.node('Softmax', [scores], { axis: -1 });
    const mixed = s.node('MatMul', [part('v', VALUES), s.transpose(weights, 0, 1, 3, 2)]);
    const space = s.reshape(mixed, [0, HEADS * VALUES, 4, 4]);
    s.output(conv('o', space, WIDTH, HEADS * VALUES), 'y', ['n', WIDTH, 4, 4]);
    return comesOut(s.model(), [
      `${HEADS} wq/0 bq/0 wk/0 bk/0 wv/0 bv/0 wo/1`,
      `${DIMS} wq/0 bq/0 wk/0 bk/0`,
      `${VALUES} wv/0 bv/0 wo/1`,
    ]);
  });

  test('learned queries look at the data', () =>
    comesOut(
      modelOf((s, x) => {
        const asked = s.weight('asked', [1, 5, WIDTH]);
        const q = s.transpose(
          s.reshape(s.linear(asked, 'q', WIDTH, HIDDEN), [1, 5, HEADS, DIMS]),
          0,
          2,
          1,
          3,
        );
        const k = split(s, s.linear(x, 'k', WIDTH, HIDDEN), HEADS, DIMS);
        const v = split(s, s.linear(x, 'v', WIDTH, HEADS * VALUES), HEADS, VALUES);
        const y = attend(s, { q, k, v });
        return s.node('Add', [x, s.node('ReduceSum', [y, s.ints([1])])]);
      }),
      [
        `${WIDTH} asked/2 wq/0`,
        `${HEADS} ${HEAD_SLOTS}`,
        `${DIMS} wq/1 bq/0 wk/1 bk/0`,
        `${VALUES} wv/1 bv/0 wo/0`,
        '5! asked/1',
      ],
    ));
});

describe('a cache of keys and values', () => {
  test('the interface freezes heads and dims, not the rest', () => {
    const model = ((): ModelSpec => {
      const sheet = new Sheet();
      const x = sheet.input('x', ['n', 's', WIDTH]);
      const { q, k, v } = separate(sheet, x);
      const cached = [
        ['k', k, DIMS],
        ['v', v, VALUES],
      ] as const;
      const [keys, values] = cached.map(([name, own, dims]) => {
        const past = sheet.input(`past_${name}`, ['n', HEADS, 'p', dims]);
        const all = sheet.node('Concat', [past, own], { axis: 2 });
        sheet.output(all, `present_${name}`, ['n', HEADS, `t_${name}`, dims]);
        return all;
      });
      const y = attend(sheet, { q, k: keys!, v: values! });
      const hidden = sheet.node('Relu', [sheet.linear(y, 'up', WIDTH, 11)]);
      sheet.output(sheet.linear(hidden, 'down', 11, WIDTH), 'y', ['n', 's', WIDTH]);
      return sheet.model();
    })();
    return comesOut(model, [`${WIDTH} wo/1 bo/0 wup/0`, '11 wup/1 bup/0 wdown/0']);
  });
});
