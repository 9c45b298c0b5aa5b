import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoxColumns, matchBoxes, matchEqual } from '../../src/compare/boxes.js';
import { commonOf } from '../../src/compare/lengths.js';
import { rolesOf } from '../../src/compare/outputRoles.js';
import { Outputs } from '../../src/compare/outputs.js';
import { metricNamed, valuesOf } from '../../src/guard/metrics.js';
import type { ModelDocument } from '../../src/model/document.js';
import type { DType, Tensor } from '../../src/runtime/runtime.js';

const floats = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: 'float32',
  data: Float32Array.from(values),
  dims,
});

describe('lengths', () => {
  test('up to the shorter along each axis, and the share of the longer', () => {
    const a = floats([2, 3], [1, 2, 3, 4, 5, 6]);
    const common = commonOf(a, floats([3, 2], [1, 2, 3, 4, 5, 6]))!;
    expect([...common.original.data]).toEqual([1, 2, 4, 5]);
    expect([...common.pruned.data]).toEqual([1, 2, 3, 4]);
    expect(common.share).toBeCloseTo(4 / 9, 12);
    expect(commonOf(a, a)).toEqual({ original: a, pruned: a, share: 1 });
    expect(commonOf(a, floats([6], [1, 2, 3, 4, 5, 6]))).toBeUndefined();
    expect(commonOf(a, floats([0, 3], []))!.share).toBe(0);
  });

  test('of texts and of 64-bit integers too', () => {
    const ids: Tensor = { type: 'int64', data: BigInt64Array.of(1n, 2n, 3n), dims: [3] };
    const two: Tensor = { type: 'int64', data: BigInt64Array.of(1n, 2n), dims: [2] };
    expect(commonOf(ids, two)!.original.data).toEqual(BigInt64Array.of(1n, 2n));
    const words: Tensor = { type: 'string', data: ['a', 'b'], dims: [2] };
    expect(commonOf(words, { ...words, data: ['a'], dims: [1] })!.original.data).toEqual(['a']);
  });
});

const box = fc
  .tuple(
    ...([0, 1, 2, 3].map(() => fc.integer({ min: 1, max: 40 })) as [
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
    ]),
  )
  .map(([x, y, w, h]) => [x + 0.5, y + 0.5, x + w + 0.5, y + h + 0.5]);
const boxes = fc.array(box, { maxLength: 12 });

const matched = (a: readonly number[][], b: readonly number[][], width = 4) => {
  const rows = (own: readonly number[][]) => ({ values: own.flat(), count: own.length, width });
  const columns = new BoxColumns(width);
  columns.see(rows(a), 1);
  columns.see(rows(b), 1);
  return matchBoxes(rows(a), rows(b), columns, () => true);
};

describe('boxes', () => {
  test('a set is its own counterpart in any order', () =>
    fc.assert(
      fc.property(boxes, fc.nat(), (own, seed) => {
        const turned = own.map((_, i) => own[(i + seed) % own.length]!).reverse();
        const { pairs, overlap, original, pruned } = matched(own, turned);
        expect([pairs.length, original, pruned]).toEqual([own.length, own.length, own.length]);
        expect(overlap).toBeCloseTo(own.length, 9);
      }),
    ));

  test('no box has two counterparts, and all counterparts overlap by more than half', () =>
    fc.assert(
      fc.property(boxes, boxes, (a, b) => {
        const { pairs, overlap } = matched(a, b);
        expect(new Set(pairs.map(([i]) => i)).size).toBe(pairs.length);
        expect(new Set(pairs.map(([, j]) => j)).size).toBe(pairs.length);
        expect(overlap).toBeLessThanOrEqual(pairs.length + 1e-9);
        if (pairs.length > 0) expect(overlap / pairs.length).toBeGreaterThan(0.5);
      }),
    ));

  test('of a centre and sizes, of corners in any order, and rows without area are none', () => {
    // 4 wide and 2 high about (10, 10), and the same a quarter of the width to the right.
    const centre = matched([[10, 10, 4, 2]], [[11, 10, 4, 2]]);
    expect(centre.overlap).toBeCloseTo(3 / 5, 12);
    const diagonal = matched(
      [
        [4, 2, 0, 0],
        [9, 9, 1, -1],
      ],
      [[0, 2, 4, 0]],
    );
    expect(diagonal).toMatchObject({ pairs: [[0, 0]], overlap: 1 });
    expect(
      matched(
        [
          [0, 0, 4, 4],
          [0, 0, 0, 0],
        ],
        [[0, 0, 4, 4]],
      ),
    ).toMatchObject({ original: 1, pruned: 1 });
  });

  test('rows that tell the image and the class: only those of the same are counterparts', () => {
    // [image, left, top, right, bottom, class, score]
    const one = [0, 0.5, 0.5, 8, 8, 3, 0.9];
    expect(matched([one], [[0, 0.5, 0.5, 8, 8, 3, 0.4]], 7).pairs).toHaveLength(1);
    expect(matched([one], [[0, 0.5, 0.5, 8, 8, 2, 0.9]], 7).pairs).toHaveLength(0);
  });

  test('equal rows, as often as they are there', () => {
    const rows = (...values: number[]) => ({ values, count: values.length / 2, width: 2 });
    expect(matchEqual(rows(1, 2, 1, 2, 3, 4), rows(3, 4, 1, 2)).pairs).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });
});

/** A graph with a suppression before all its outputs. */
const detector = (...names: string[]): ModelDocument => {
  const value = (name: string) => ({ id: 0, name, dtype: 'float32' as const, shape: null });
  const node = (op: string, inputs: string[], outputs: string[]) => ({
    ...{ id: 0, name: op, op, domain: '', inputs, outputs, attributes: {} },
  });
  return {
    ...{ irVersion: 8, producer: '', opsets: [], metadata: {}, functions: [], tensors: [] },
    ...{ bytes: 0, externalBytes: 0 },
    graph: {
      ...{ id: 0, name: '', inputs: [value('x')], valueInfos: [], initializers: [], sparseInitializers: [] },
      nodes: [
        node('NonMaxSuppression', ['x'], ['chosen']),
        ...names.map((name) => node('Gather', ['x', 'chosen'], [name])),
      ],
      outputs: names.map(value),
    },
  };
};

describe('a detector’s outputs', () => {
  const compare = (
    original: Readonly<Record<string, Tensor>>,
    pruned: Readonly<Record<string, Tensor>>,
    samples = 1,
  ) => {
    const names = Object.keys(original);
    const values = names.map((name) => ({ name, dtype: original[name]!.type as DType, shape: [] }));
    const outputs = new Outputs({ inputs: [], outputs: values }, rolesOf(detector(...names)));
    const { answers, faults } = outputs.compare(original, pruned, {}, samples);
    expect(faults).toEqual([]);
    return new Map(answers.map((own) => [own.output, own]));
  };
  const measured = (answers: Parameters<typeof valuesOf>[1], name: Parameters<typeof metricNamed>[0]) =>
    valuesOf(metricNamed(name), answers);

  test('scores and classes go with the boxes that they belong to, in whatever order', () => {
    const original = {
      boxes: floats([3, 4], [0, 0, 4, 4, 10, 10, 14, 14, 20, 20, 28, 28]),
      scores: floats([3], [0.9, 0.8, 0.7]),
      classes: { type: 'int64', data: BigInt64Array.of(1n, 2n, 3n), dims: [3] } as Tensor,
    };
    const pruned = {
      boxes: floats([2, 4], [10, 10, 14, 14, 0, 0, 4, 4]),
      scores: floats([2], [0.8, 0.9]),
      classes: { type: 'int64', data: BigInt64Array.of(2n, 7n), dims: [2] } as Tensor,
    };
    const answers = compare(original, pruned);
    const [boxes, scores, classes] = ['boxes', 'scores', 'classes'].map((name) => answers.get(name)!);
    expect([boxes!.manner, scores!.manner, classes!.manner]).toEqual([
      'boxes',
      'rows of boxes',
      'rows of boxes',
    ]);
    // Two of three have a counterpart: 2 · 2 / (3 + 2).
    expect(measured(boxes!, 'fidelity')[0]).toBeCloseTo(0.8, 12);
    expect(measured(boxes!, 'agreement')[0]).toBeCloseTo(0.8, 12);
    expect(measured(boxes!, 'cosine')[0]).toBeCloseTo(0.8, 12);
    expect(measured(scores!, 'fidelity')[0]).toBeCloseTo(0.8, 12);
    expect(measured(classes!, 'fidelity')[0]).toBeCloseTo(0.4, 12);
  });

  test('sets of several images, filled up with zeros', () => {
    const one = [1, 1, 5, 5];
    const none = [0, 0, 0, 0];
    const answers = compare(
      { num: floats([2], [2, 1]), boxes: floats([2, 2, 4], [...one, 6, 6, 9, 9, ...one, ...none]) },
      { num: floats([2], [2, 0]), boxes: floats([2, 2, 4], [6, 6, 9, 9, ...one, ...none, ...none]) },
      2,
    );
    expect(measured(answers.get('boxes')!, 'fidelity')).toEqual([1, 0]);
    expect(answers.get('num')).toMatchObject({ manner: 'values' });
  });

  test('masks without boxes are no boxes', () => {
    const masks = {
      masks: floats(
        [3, 4, 4],
        Array.from({ length: 48 }, (_, i) => i),
      ),
    };
    expect(compare(masks, masks).get('masks')).toMatchObject({ manner: 'values' });
    const fewer = {
      masks: floats(
        [2, 4, 4],
        Array.from({ length: 32 }, (_, i) => i),
      ),
    };
    expect(compare(masks, fewer).get('masks')).toMatchObject({ manner: 'sequences' });
  });

  test('nothing chosen by either is the same answer; boxes that are NaN are none', () => {
    const empty = { boxes: floats([0, 4], []) };
    const some = { boxes: floats([1, 4], [0, 0, 1, 1]) };
    expect(measured(compare(empty, empty).get('boxes')!, 'fidelity')).toEqual([1]);
    expect(measured(compare(some, empty).get('boxes')!, 'fidelity')).toEqual([0]);
    const nan = { boxes: floats([1, 4], [0, 0, Number.NaN, 1]) };
    for (const name of ['fidelity', 'agreement', 'cosine'] as const) {
      const answers = compare(some, nan).get('boxes')!;
      expect(metricNamed(name).fits(answers)).toBe(true);
      expect(measured(answers, name)).toEqual([0]);
    }
  });
});
