import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { finished } from '../../src/base/steps.js';
import { analyse } from '../../src/coupling/analysis.js';
import { onnxruntime } from '../../src/index.js';
import { layersOf } from '../../src/layers/layers.js';
import { CalibrationSession } from '../../src/loss/session.js';
import { readGraph } from '../../src/model/graph.js';
import { openBytes } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import { AnswerSensitivity, answersOf } from '../../src/statistics/answers.js';
import { datasetFor } from '../refit/refits.js';
import { encodeModel, type ModelSpec, type NodeSpec } from '../support/onnx.js';

const tensorOf = (data: Float32Array, dims: readonly number[]) => ({ type: 'float32', data, dims }) as const;

describe('what is at sensitivity in outputs', () => {
  const scores = fc.integer({ min: 2, max: 6 }).chain((outputs) =>
    fc
      .array(fc.float({ min: -20, max: 20, noNaN: true }), {
        minLength: 4 * outputs,
        maxLength: 4 * outputs,
      })
      .map((all) => ({ outputs, data: Float32Array.from(all) })),
  );

  test('all together vary as they did, and none counts less than half', () => {
    fc.assert(
      fc.property(scores, fc.constantFrom('each', 'one'), ({ outputs, data }, decides) => {
        const sensitivities = new AnswerSensitivity(outputs);
        finished(sensitivities.take({ value: 'y', axis: 1, decides }, tensorOf(data, [4, outputs])));
        const factors = sensitivities.factors();
        if (factors === undefined) return;
        const variances = Array.from(factors, (_, output) => {
          const own = [0, 1, 2, 3].map((row) => data[row * outputs + output]!);
          const mean = own.reduce((sum, x) => sum + x) / 4;
          return own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4;
        });
        const total = variances.reduce((sum, v) => sum + v, 0);
        const weighed = variances.reduce((sum, v, output) => sum + v * factors[output]! ** 2, 0);
        expect(Math.abs(weighed - total)).toBeLessThan(1e-6 * (1 + total));
        for (const factor of factors) expect(factor ** 2).toBeGreaterThanOrEqual(0.5 - 1e-12);
      }),
    );
  });

  test('what is in dispute counts, what never comes to anything does not', () => {
    const sensitivities = new AnswerSensitivity(3);
    const data = Float32Array.of(1, 0, -30, 0, 1, -40, 1, 0, -50);
    finished(sensitivities.take({ value: 'y', axis: 1, decides: 'one' }, tensorOf(data, [3, 3])));
    const [a, b, never] = sensitivities.factors()!;
    expect(a).toBeCloseTo(b!, 6);
    expect(never! ** 2).toBeCloseTo(0.5, 6);
    expect(a).toBeGreaterThan(5 * never!);
  });

  test('outputs lie on any axis, in as many calls as there are batches', () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => Math.sin(5 * i));
    const across = new AnswerSensitivity(3);
    finished(across.take({ value: 'y', axis: 1, decides: 'one' }, tensorOf(data, [2, 3, 4])));
    const along = new AnswerSensitivity(3);
    for (const sample of [0, 1]) {
      const rows = Float32Array.from(
        { length: 12 },
        (_, i) => data[sample * 12 + (i % 3) * 4 + ((i / 3) | 0)]!,
      );
      finished(along.take({ value: 'y', axis: 1, decides: 'one' }, tensorOf(rows, [4, 3])));
    }
    expect([...across.factors()!]).toEqual([...along.factors()!]);
  });

  test('where nothing varies, or answers are not finite, nothing is said', () => {
    const sensitivities = new AnswerSensitivity(2);
    finished(
      sensitivities.take({ value: 'y', axis: 1, decides: 'one' }, tensorOf(new Float32Array(4), [2, 2])),
    );
    expect(sensitivities.factors()).toBeUndefined();
    const broken = Float32Array.of(Number.NaN, 1, 2, Number.POSITIVE_INFINITY);
    const none = new AnswerSensitivity(2);
    finished(none.take({ value: 'y', axis: 1, decides: 'one' }, tensorOf(broken, [2, 2])));
    expect(none.factors()).toBeUndefined();
  });
});

const CLASSES = 40;

/** Two lanes, of which one decides between two classes, and the other moves all the rest, by more, but far below. */
function classifier(behind: readonly NodeSpec[], output: string): ModelSpec {
  const first = Float32Array.of(1, 0, 0, 1);
  const second = new Float32Array(2 * CLASSES);
  const bias = new Float32Array(CLASSES).fill(-60);
  for (let c = 2; c < CLASSES; c++) second[CLASSES + c] = c % 2 === 0 ? 2 : -2;
  [second[0], second[1], bias[0], bias[1]] = [2, -2, 0, 0];
  return {
    opset: 17,
    inputs: [{ name: 'x', shape: ['n', 2] }],
    outputs: [{ name: output, shape: [] }],
    initializers: [
      { name: 'first', dims: [2, 2], data: first },
      { name: 'second', dims: [2, CLASSES], data: second },
      { name: 'bias', dims: [CLASSES], data: bias },
      { name: 'form', dims: [3], data: BigInt64Array.of(-1n, 1n, BigInt(CLASSES)) },
    ],
    nodes: [
      { op: 'MatMul', inputs: ['x', 'first'], outputs: ['h'] },
      { op: 'Tanh', inputs: ['h'], outputs: ['g'] },
      { op: 'MatMul', inputs: ['g', 'second'], outputs: ['z'] },
      { op: 'Add', inputs: ['z', 'bias'], outputs: ['scores'] },
      ...behind,
    ],
  };
}

const opened = async (model: ModelSpec) => {
  const native = await openBytes(encodeModel(model));
  const graph = readGraph(native.describe(), 'model.onnx');
  const analysis = analyse(graph, registry, (tensor) => native.numbers(tensor));
  return { native, analysis };
};

const reshape: NodeSpec = { op: 'Reshape', inputs: ['scores', 'form'], outputs: ['formed'] };

/** The last nodes, what they put out, and what is said of the scores. */
const ENDS = {
  'scores alone': [[], 'scores', 'one'],
  'scores of another form': [[reshape], 'formed', 'one'],
  probabilities: [[reshape, { op: 'Softmax', inputs: ['formed'], outputs: ['p'] }], 'p', 'one'],
  'each by itself': [[{ op: 'Sigmoid', inputs: ['scores'], outputs: ['p'] }], 'p', 'each'],
  'something else': [[{ op: 'Abs', inputs: ['scores'], outputs: ['a'] }], 'a', undefined],
} as const satisfies Record<string, readonly [readonly NodeSpec[], string, string | undefined]>;

describe('layers that answer', () => {
  for (const [name, [nodes, output, decides]] of Object.entries(ENDS))
    test(name, { timeout: 60_000 }, async () => {
      const model = classifier(nodes, output);
      const { native, analysis } = await opened(model);
      const found = [...answersOf(analysis, layersOf(analysis)).values()];
      expect(found).toEqual(decides === undefined ? [] : [[{ value: 'scores', axis: 1, decides }]]);
      const session = new CalibrationSession(
        native,
        analysis,
        datasetFor(model, 64),
        onnxruntime(),
        undefined,
        2 ** 30,
      );
      const [ranking] = await session.rankings(analysis.groups, {});
      // What decides stays; as shares of the variance it would be worth least.
      expect(ranking!.order[0]).toBe(decides === undefined ? 0 : 1);
    });
});
