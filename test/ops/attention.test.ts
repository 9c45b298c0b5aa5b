import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { ROUNDING } from '../support/exact.js';
import type { ModelSpec } from '../support/onnx.js';
import { encodeModel } from '../support/onnx.js';
import { distanceAt, groupsOf, Sheet } from '../support/sheet.js';

/** Width of the data, heads, dims of queries and keys, dims of values: told apart by their numbers. */
const [WIDTH, HEADS, DIMS, VALUES] = [9, 4, 6, 10];
const HIDDEN = HEADS * DIMS;
const HEAD_SLOTS = 'wq/1 bq/0 wk/1 bk/0 wv/1 bv/0 wo/0';

interface Parts {
  readonly q: string;
  readonly k: string;
  readonly v: string;
}

/** [n s h*d] -> [n h s d] by numbers; `open`: batch and sequence out of a Shape. */
function split(sheet: Sheet, x: string, heads: number, dims: number, open = false): string {
  const lengths = open ? [sheet.length(x, 0), sheet.length(x, 1), heads, dims] : [0, -1, heads, dims];
  return sheet.transpose(sheet.reshape(x, lengths), 0, 2, 1, 3);
}

/** Three projections, seen as heads. */
function separate(sheet: Sheet, x: string, open = false, kvHeads = HEADS, values = VALUES): Parts {
  const part = (name: string, heads: number, dims: number): string =>
    split(sheet, sheet.linear(x, name, WIDTH, heads * dims), heads, dims, open);
  return { q: part('q', HEADS, DIMS), k: part('k', kvHeads, DIMS), v: part('v', kvHeads, values) };
}

/** softmax(q kᵀ / √d + bias) v, merged and projected. */
function attend(
  sheet: Sheet,
  { q, k, v }: Parts,
  options: {
    readonly bias?: (scores: string) => string;
    readonly open?: boolean;
    readonly values?: number;
  } = {},
): string {
  const { values = VALUES } = options;
  const scores = sheet.node('MatMul', [q, sheet.transpose(k, 0, 1, 3, 2)]);
  const scaled = sheet.node('Mul', [scores, sheet.weight('scale', [], 1 / Math.sqrt(DIMS))]);
  const weights = sheet.node('Softmax', [options.bias?.(scaled) ?? scaled], { axis: -1 });
  const mixed = sheet.transpose(sheet.node('MatMul', [weights, v]), 0, 2, 1, 3);
  const merged = options.open
    ? sheet.reshape(mixed, [sheet.length(mixed, 0), sheet.length(mixed, 1), HEADS * values])
    : sheet.reshape(mixed, [0, 0, -1]);
  return sheet.linear(merged, 'o', HEADS * values, WIDTH);
}

/** A model of one attention: x [n s c] -> y [n s c]. */
function modelOf(
  build: (sheet: Sheet, x: string) => string,
  length: number | string = 's',
  opset = 17,
): ModelSpec {
  const sheet = new Sheet(opset);
  const y = build(sheet, sheet.input('x', ['n', length, WIDTH]));
  sheet.output(y, 'y', ['n', length, WIDTH]);
  return sheet.model();
}

const LENGTHS = [
  { n: 1, s: 5, p: 3 },
  { n: 3, s: 7, p: 2 },
];

/** The groups are these, and pruned models do what the masked original does, at two batches. */
async function comesOut(model: ModelSpec, groups: readonly string[]): Promise<void> {
  expect(await groupsOf(model)).toEqual([...groups].sort());
  let pruned = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const distance = await distanceAt(model, seed, LENGTHS);
    if (distance === undefined) continue;
    pruned += 1;
    expect(distance, `seed ${seed}`).toBeLessThan(ROUNDING);
  }
  if (groups.length > 0) expect(pruned).toBeGreaterThan(2);
}

const THREE = [`${HEADS} ${HEAD_SLOTS}`, `${DIMS} wq/1 bq/0 wk/1 bk/0`, `${VALUES} wv/1 bv/0 wo/0`];

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

describe('rotary embeddings', () => {
  const HALF = DIMS / 2;
  /** cos and sin of position × frequency, [n 1 s d/2]; twice as long for halves. */
  function angles(s: Sheet, x: string, twice: boolean): { cos: string; sin: string } {
    const length = s.node('Squeeze', [s.length(x, 1), s.ints([0])]);
    const positions = s.node('Range', [s.ints([0], []), length, s.ints([1], [])]);
    const column = s.node('Unsqueeze', [s.node('Cast', [positions], { to: 1 }), s.ints([1])]);
    const angle = s.node('Mul', [column, s.weight('frequency', [1, HALF])]);
    const whole = twice ? s.node('Concat', [angle, angle], { axis: -1 }) : angle;
    return { cos: s.node('Cos', [whole]), sin: s.node('Sin', [whole]) };
  }
  const PAIRED = [
    `${HEADS} ${HEAD_SLOTS}`,
    `${HALF} wq/1 bq/0 wk/1 bk/0 frequency/1`,
    `${VALUES} wv/1 bv/0 wo/0`,
  ];
  const rotated = (
    turn: (sheet: Sheet, q: string, a: { cos: string; sin: string }) => string,
    twice: boolean,
  ) =>
    modelOf((s, x) => {
      const { q, k, v } = separate(s, x);
      const both = angles(s, x, twice);
      return attend(s, { q: turn(s, q, both), k: turn(s, k, both), v });
    });
  const halves = (cut: (sheet: Sheet, x: string) => readonly [string, string]) =>
    rotated((s, x, { cos, sin }) => {
      const [first, second] = cut(s, x);
      const turned = s.node('Concat', [s.node('Neg', [second]), first], { axis: -1 });
      return s.node('Add', [s.node('Mul', [x, cos]), s.node('Mul', [turned, sin])]);
    }, true);

  test('halves, by Slice', () =>
    comesOut(
      halves((s, x) => [s.slice(x, 3, 0, HALF), s.slice(x, 3, HALF, 1e6)]),
      PAIRED,
    ));

  test('halves, the middle out of Shape', () =>
    comesOut(
      halves((s, x) => {
        const middle = s.node('Div', [s.length(x, 3), s.ints([2])]);
        const first = s.node('Slice', [x, s.ints([0]), middle, s.ints([3]), s.ints([1])]);
        return [first, s.node('Slice', [x, middle, s.ints([2 ** 62]), s.ints([3]), s.ints([1])])];
      }),
      PAIRED,
    ));

  test('halves, by Split', () =>
    comesOut(
      halves((s, x) => {
        const [first, second] = s.many(2, 'Split', [x, s.ints([HALF, HALF])], { axis: 3 });
        return [first!, second!];
      }),
      PAIRED,
    ));

  test('interleaved', () =>
    comesOut(
      rotated((s, x, { cos, sin }) => {
        const [even, odd] = [s.slice(x, 3, 0, 2 ** 62, 2), s.slice(x, 3, 1, 2 ** 62, 2)];
        const real = s.node('Sub', [s.node('Mul', [even, cos]), s.node('Mul', [odd, sin])]);
        const other = s.node('Add', [s.node('Mul', [odd, cos]), s.node('Mul', [even, sin])]);
        const pairs = [real, other].map((own) => s.node('Unsqueeze', [own, s.ints([-1])]));
        return s.reshape(s.node('Concat', pairs, { axis: -1 }), [0, 0, -1, DIMS]);
      }, false),
      PAIRED,
    ));

  test('interleaved, by Reshape to pairs', () =>
    comesOut(
      rotated((s, x, { cos, sin }) => {
        const apart = s.reshape(x, [0, 0, -1, HALF, 2]);
        const [even, odd] = [0, 1].map((i) => s.node('Gather', [apart, s.ints([i], [])], { axis: 4 }));
        const real = s.node('Sub', [s.node('Mul', [even!, cos]), s.node('Mul', [odd!, sin])]);
        const other = s.node('Add', [s.node('Mul', [odd!, cos]), s.node('Mul', [even!, sin])]);
        const pairs = [real, other].map((own) => s.node('Unsqueeze', [own, s.ints([-1])]));
        return s.reshape(s.node('Concat', pairs, { axis: -1 }), [0, 0, -1, DIMS]);
      }, false),
      PAIRED,
    ));
});

describe('what is added to the scores', () => {
  const SEQUENCE = 5;
  const indices = Array.from({ length: SEQUENCE ** 2 }, (_, i) => i % 9);
  const withHeads = (...slots: readonly string[]): string[] => [
    `${HEADS} ${HEAD_SLOTS.replace('wo/0', [...slots, 'wo/0'].join(' '))}`,
    ...THREE.slice(1),
  ];
  const added = (bias: (sheet: Sheet, x: string) => string, length: number | string = SEQUENCE): ModelSpec =>
    modelOf(
      (s, x) => attend(s, separate(s, x), { bias: (scores) => s.node('Add', [scores, bias(s, x)]) }),
      length,
    );

  test('a table of relative positions', () =>
    comesOut(
      added((s) => {
        const looked = s.node('Gather', [
          s.weight('table', [9, HEADS]),
          s.ints(indices, [SEQUENCE, SEQUENCE]),
        ]);
        return s.node('Unsqueeze', [s.transpose(looked, 2, 0, 1), s.ints([0])]);
      }),
      withHeads('table/1'),
    ));

  test('a table of relative positions, looked up in a row', () =>
    comesOut(
      added((s) => {
        const looked = s.node('Gather', [s.weight('table', [9, HEADS]), s.ints(indices)]);
        return s.transpose(s.reshape(looked, [SEQUENCE, SEQUENCE, -1]), 2, 0, 1);
      }),
      withHeads('table/1'),
    ));

  test('a perceptron of relative positions', () =>
    comesOut(
      added((s) => {
        const hidden = s.node('Relu', [s.linear(s.weight('places', [9, 2]), 'h', 2, 7)]);
        const table = s.node('MatMul', [hidden, s.weight('wt', [7, HEADS])]);
        const looked = s.node('Gather', [table, s.ints(indices)]);
        return s.transpose(s.reshape(looked, [SEQUENCE, SEQUENCE, HEADS]), 2, 0, 1);
      }),
      [...withHeads('wt/1'), '7 wh/1 bh/0 wt/0', '2 places/1 wh/0'],
    ));

  test('slopes of each head times distances', () =>
    comesOut(
      added((s, x) => {
        const length = s.node('Squeeze', [s.length(x, 1), s.ints([0])]);
        const positions = s.node('Range', [s.ints([0], []), length, s.ints([1], [])]);
        const row = s.node('Cast', [positions], { to: 1 });
        return s.node('Mul', [s.weight('slopes', [HEADS, 1, 1]), row]);
      }, 's'),
      withHeads('slopes/0'),
    ));

  test('a mask from outside', () =>
    comesOut(
      added((s) => {
        const mask = s.input('mask', ['n', 1, 1, 's']);
        return s.node('Mul', [s.node('Sub', [s.weight('one', [], 1), mask]), s.weight('least', [], -10)]);
      }, 's'),
      THREE,
    ));

  test('a causal mask out of Shape', () =>
    comesOut(
      modelOf((s, x) =>
        attend(s, separate(s, x), {
          bias: (scores) => {
            const length = s.length(x, 1);
            const square = s.node('Concat', [length, length], { axis: 0 });
            const ones = s.node('ConstantOfShape', [square], {
              value: { name: 'fill', dims: [1], data: Float32Array.of(1) },
            });
            const lower = s.node('Cast', [s.node('Trilu', [ones], { upper: 0 })], { to: 9 });
            return s.node('Where', [lower, scores, s.weight('least', [], -1e4)]);
          },
        }),
      ),
      THREE,
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
