import { describe, expect, test } from 'vitest';
import { lossBetween } from '../../src/compare/loss.js';
import { analyse } from '../../src/coupling/analysis.js';
import { onnxruntime, openModel } from '../../src/index.js';
import { CalibrationSession } from '../../src/loss/session.js';
import { readGraph } from '../../src/model/graph.js';
import { openBytes } from '../../src/native/index.js';
import { registry } from '../../src/ops/registry.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { QuantisedModel } from '../support/quantised.js';
import { datasetFor, prune, samplesOf } from './refits.js';

/** y of data h and of stored integers and their scale. */
type Form = (m: QuantisedModel, h: string, w: string, scale: string) => string;

/** The same network twice: with integers as onnxruntime's dynamic quantisation writes them, and with what they stand for. */
const TWINS: Readonly<Record<string, Form>> = {
  integers: (m, h, w, scale) => {
    const [x, by, point] = m.nodes_('DynamicQuantizeLinear', [h], 3) as [string, string, string];
    const product = m.node('Cast', [m.node('MatMulInteger', [x, w, point])], { to: 1 });
    return m.node('Mul', [product, m.node('Mul', [by, scale])]);
  },
  floats: (m, h, w, scale) => m.node('MatMul', [h, m.node('Mul', [m.node('Cast', [w], { to: 1 }), scale])]),
};

/** Perceptron of these widths; between its layers ReLU, and a normalisation where it is `normalised`. */
function perceptron(form: Form, widths: readonly number[], normalised: boolean): ModelSpec {
  const m = new QuantisedModel(7, 21);
  let h = 'x';
  for (const [layer, outputs] of widths.slice(1).entries()) {
    const inputs = widths[layer]!;
    const w = m.integers('int8', [inputs, outputs]);
    const scale = m.scale(1 / 60 / Math.sqrt(inputs));
    const bias = m.floats([outputs], () => 0.2 * m.next());
    h = m.node('Add', [form(m, h, w, scale), bias]);
    if (layer + 2 === widths.length) break;
    h = m.node('Relu', [h]);
    if (normalised) h = m.node('LayerNormalization', [h, m.floats([outputs]), m.floats([outputs])]);
  }
  return m.model([{ name: 'x', shape: ['n', widths[0]!] }], h, []);
}

describe('the same turns are taken for integers as for floats', () => {
  test('layers and normalisations', { timeout: 60_000 }, async () => {
    const layers: number[] = [];
    for (const form of Object.values(TWINS)) {
      const model = perceptron(form, [12, 16, 16, 16, 6], true);
      using opened = await openModel(encodeModel(model));
      const { reconstruction } = await opened.prune({ ratio: 0.5, data: datasetFor(model, 128) });
      layers.push(reconstruction!.layers);
    }
    // Each that lost inputs; what a normalisation in front of it could do, it does itself.
    expect(layers).toEqual([3, 3]);
  });
});

/** Half of them judge, and the rest are fewer than the inputs of most layers. */
const FEW = 96;

describe('trials on few samples say what lanes are worth, not what layers can be fitted to by heart', () => {
  for (const [name, form] of Object.entries(TWINS))
    test(name, { timeout: 60_000 }, async () => {
      const model = perceptron(form, [64, 64, 48, 48, 48, 48, 8], false);
      const native = await openBytes(encodeModel(model));
      const graph = readGraph(native.describe(), 'model.onnx');
      const analysis = analyse(graph, registry, (tensor) => native.numbers(tensor));
      const data = datasetFor(model, FEW);
      const session = new CalibrationSession(native, analysis, data, onnxruntime(), undefined, 2 ** 30);
      const [group, , ...others] = analysis.groups;
      const [ranking] = await session.rankings([group!], {});
      const { order } = ranking!;
      const damage = await session.damage(group!, order, new Float64Array(order.length), {});
      const keep = others.map(({ id }) => id);
      const cut = await prune(model, { ratio: 0.5, data, keep, reconstruct: false });
      const answers = async (bytes: Uint8Array) => {
        const session = await onnxruntime().load(bytes);
        const { outputs } = await session.run(samplesOf(model, 256, 9));
        return Object.values(outputs)[0]!;
      };
      const unfitted = lossBetween(await answers(encodeModel(model)), await answers(cut.bytes))!.loss;
      expect(damage[order.length / 2 - 1]!).toBeLessThan(unfitted);
    });
});
