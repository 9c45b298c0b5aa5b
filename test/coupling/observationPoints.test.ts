import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/coupling/analysis.js';
import type { ObservationPoint, ObservationPoints } from '../../src/coupling/observationPoints.js';
import { findObservationPoints, viewOf } from '../../src/coupling/observationPoints.js';
import { symbol } from '../../src/model/dim.js';
import { registry } from '../../src/ops/registry.js';
import { Builder } from '../support/builder.js';
import { graphOf } from '../support/graph.js';
import type { ValueSpec } from '../support/onnx.js';

function placesIn(
  build: (b: Builder) => void,
  shape: ValueSpec['shape'],
  outputs: readonly string[] = ['y'],
): ReadonlyMap<string, ObservationPoints> {
  const b = new Builder();
  build(b);
  const { graph, read } = graphOf({
    opset: 17,
    nodes: b.nodes,
    initializers: b.initializers,
    inputs: [{ name: 'x', shape }],
    outputs: outputs.map((name) => ({ name, shape: ['n'] })),
  });
  const found = findObservationPoints(analyse(graph, registry, read));
  return new Map([...found].map(([group, places]) => [group.id, places]));
}

const names = (places: readonly ObservationPoint[] | undefined): string[] =>
  (places ?? []).map(({ value, axis }) => `${value}.${axis}`);

describe('what shows a lane best', () => {
  const convolutions = placesIn(
    (b) => {
      b.node('Conv', 'a', ['x', b.weight('w1', [4, 3, 3, 3])], { pads: [1, 1, 1, 1] });
      b.node('Relu', 'r', ['a']);
      b.node('Conv', 'd', ['r', b.weight('w2', [4, 1, 3, 3])], { group: 4 });
      b.node('Relu', 's', ['d']);
      b.node('Flatten', 'f', ['s']);
      b.node('Gemm', 'y', ['f', b.weight('w3', [4 * 36, 2])]);
    },
    ['n', 3, 8, 8],
  );

  test('is what its consumer reads, after the non-linearity', () => {
    const places = convolutions.get('w1');
    expect(names(places?.all)).toEqual(['a.1', 'r.1', 'd.1', 's.1', 'f.1']);
    expect(names(places?.best)).toEqual(['f.1']);
    const [place] = places!.best;
    expect([...place!.lanes]).toEqual([0, 1, 2, 3]);
    expect([place!.outer, place!.inner]).toEqual([1, 36]);
    expect(place!.readers.map(({ parameterAxis, lanes }) => [parameterAxis.axis, lanes.length])).toEqual([
      [0, 144],
    ]);
    expect(viewOf(place!, [5, 144])).toEqual({ outer: 5, n: 4, inner: 36 });
    expect(viewOf(places!.all[0]!, [5, 4, 8, 8])).toEqual({ outer: 5, n: 4, inner: 64 });
  });

  test('is every value that a stream of residuals is read at', () => {
    const places = placesIn(
      (b) => {
        b.node('MatMul', 'h', ['x', b.weight('w0', [6, 5])]);
        b.node('MatMul', 'u', ['h', b.weight('w1', [5, 7])]);
        b.node('MatMul', 'v', [b.node('Relu', 'p', ['u']), b.weight('w2', [7, 5])]);
        b.node('MatMul', 'y', [b.node('Add', 's', ['h', 'v']), b.weight('w3', [5, 2])]);
      },
      ['n', 6],
    );
    expect(names(places.get('w0')?.best)).toEqual(['h.1', 's.1']);
    expect(names(places.get('w1')?.best)).toEqual(['p.1']);
  });

  test('is the last value that carries it where no weight is contracted with it', () => {
    const places = placesIn(
      (b) => {
        b.node('MatMul', 'q', ['x', b.weight('wq', [6, 5])]);
        b.node('MatMul', 'k', ['x', b.weight('wk', [6, 5])]);
        b.node('Transpose', 't', ['k'], { perm: [1, 0] });
        b.node('MatMul', 'y', ['q', 't']);
      },
      ['n', 6],
    );
    expect(names(places.get('wq')?.best)).toEqual(['t.0']);
    expect(places.get('wq')?.unseen).toEqual([]);
  });

  test('can lie on a part of an axis, and in several values', () => {
    const places = placesIn(
      (b) => {
        b.node('MatMul', 'h', ['x', b.weight('w0', [6, 7])]);
        const ends = [b.ints('zero', [0]), b.ints('three', [3]), b.ints('seven', [7]), b.ints('axis', [1])];
        b.node('Slice', 'l', ['h', ends[0]!, ends[1]!, ends[3]!]);
        b.node('Slice', 'r', ['h', ends[1]!, ends[2]!, ends[3]!]);
        b.node('MatMul', 'y', ['l', b.weight('w1', [3, 2])]);
        b.node('Tanh', 'z', ['r']);
      },
      ['n', 6],
      ['y'],
    );
    const found = [...places.values()].map(({ best, unseen }) => [names(best), unseen]);
    expect(found).toEqual([
      [['l.1'], []],
      [['z.1'], []],
    ]);
  });
});

test('heads and their dims are two factors of one axis', () => {
  const places = placesIn(
    (b) => {
      const heads = (name: string): string => {
        b.node('MatMul', `${name}m`, ['x', b.weight(`w${name}`, [6, 12])]);
        b.node('Reshape', `${name}r`, [`${name}m`, b.ints(`s${name}`, [0, -1, 3, 4])]);
        return b.node('Transpose', name, [`${name}r`], { perm: [0, 2, 1, 3] });
      };
      b.node('MatMul', 'scores', [
        heads('q'),
        b.node('Transpose', 'kt', [heads('k')], { perm: [0, 1, 3, 2] }),
      ]);
      b.node('MatMul', 'mixed', [b.node('Softmax', 'p', ['scores']), heads('v')]);
      b.node('Transpose', 'back', ['mixed'], { perm: [0, 2, 1, 3] });
      b.node('Reshape', 'flat', ['back', b.ints('sy', [0, -1, 12])]);
      b.node('MatMul', 'y', ['flat', b.weight('wo', [12, 5])]);
    },
    ['n', 't', 6],
  );
  const read = [...places.values()].map(({ best }) =>
    best.map(({ value, axis, outer, lanes, inner }) => [value, axis, outer, lanes.length, inner]),
  );
  expect(read).toContainEqual([['flat', 2, 1, 3, 4]]);
  expect(read).toContainEqual([['flat', 2, 3, 4, 1]]);
  // The dims of queries and keys meet each other only: the scores have none of them.
  expect(read).toContainEqual([['kt', 2, 1, 4, 1]]);
  for (const { unseen } of places.values()) expect(unseen).toEqual([]);
});

test('integers and what does not depend on data are no places', () => {
  const places = placesIn(
    (b) => {
      b.node('Transpose', 'w', [b.weight('w0', [5, 6])], { perm: [1, 0] });
      b.node('MatMul', 'h', ['x', 'w']);
      b.node('Cast', 'i', ['h'], { to: 6 });
      b.node('Cast', 'f', ['i'], { to: 1 });
      b.node('MatMul', 'y', ['f', b.weight('w1', [5, 2])]);
    },
    ['n', 6],
  );
  expect(names(places.get('w0')?.all)).toEqual(['h.1', 'f.1']);
});

test('an open length is solved by the dims of the tensor', () => {
  const place = { value: 'v', axis: 1, lanes: new Int32Array(4), readers: [] };
  const open = symbol('t');
  expect(viewOf({ ...place, outer: open, inner: 3 }, [2, 60, 5])).toEqual({ outer: 10, n: 4, inner: 15 });
  expect(viewOf({ ...place, outer: 3, inner: open }, [2, 60, 5])).toEqual({ outer: 6, n: 4, inner: 25 });
  expect(viewOf({ ...place, outer: open, inner: open }, [2, 60, 5])).toBeUndefined();
  expect(viewOf({ ...place, outer: 1, inner: 3 }, [2, 60])).toBeUndefined();
  expect(viewOf({ ...place, outer: 1, inner: 1 }, [2])).toBeUndefined();
});
