import { describe, test } from 'vitest';
import {
  attend,
  comesOut,
  DIMS,
  HEAD_SLOTS,
  HEADS,
  modelOf,
  separate,
  THREE,
  VALUES,
} from '../support/attention.js';
import type { ModelSpec } from '../support/onnx.js';
import type { Sheet } from '../support/sheet.js';

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
