/** Real runs that the figures of docs/information.md are drawn from. Everything is seeded. */
import { loadData, type Model, type PlanOptions, onnxruntime, openModel } from '../src/index.js';
import { analyse } from '../src/coupling/analysis.js';
import { openFile } from '../src/native/index.js';
import { readGraph } from '../src/model/graph.js';
import { registry } from '../src/ops/registry.js';
import { CalibrationSession } from '../src/loss/session.js';
import { encodeModel, floats } from '../test/support/onnx.js';
import { random } from '../test/support/random.js';

/** A trained model with samples to calibrate on, and others to judge by. */
export interface Trained {
  readonly model: Model;
  readonly file: string;
  /** Samples without labels: `data` of calls. */
  readonly calibration: Awaited<ReturnType<typeof loadData>>;
  readonly judge: (bytes: Uint8Array | string) => Promise<Judged>;
}

/** Answers to the samples that were held back. */
export interface Judged {
  /** Percent of the samples. */
  readonly accuracy: number;
  /** [samples, outputs] */
  readonly answers: Float32Array;
  readonly outputs: number;
}

const shared = new URL('../../shared/models/', import.meta.url).pathname;

export async function trained(name: 'lenet5' | 'mlp300'): Promise<Trained> {
  const file = `${shared}${name}_mnist.onnx`;
  const calibration = await loadData(`${shared}mnist.calib.npz`);
  const test = await loadData(`${shared}mnist.test.npz`);
  const [images, labels] = ['input', 'label'].map((array) => test.arrays.get(array)!);
  const samples = images!.dims[0]!;
  const data = (await images!.read(0, samples)) as Float32Array;
  const wanted = Array.from(await labels!.read(0, samples), Number);
  const judge = async (source: Uint8Array | string): Promise<Judged> => {
    const session = await onnxruntime().load(source, { threads: 1 });
    const input = { type: 'float32', data, dims: images!.dims } as const;
    const { outputs } = await session.run({ [session.inputs[0]!.name]: input });
    await session.dispose();
    const answers = Object.values(outputs)[0]!.data as Float32Array;
    const classes = answers.length / samples;
    const best = (of: Float32Array): number => of.indexOf(of.reduce((a, b) => Math.max(a, b)));
    const right = wanted.filter(
      (label, i) => best(answers.subarray(i * classes, (i + 1) * classes)) === label,
    );
    return { accuracy: (100 * right.length) / samples, answers, outputs: classes };
  };
  return { model: await openModel(file), file, calibration, judge };
}

/** The sum of squared errors of all outputs over the sum of their squared distances from their own means. */
export function lost(original: Judged, pruned: Judged): number {
  const { answers, outputs } = original;
  let [error, energy] = [0, 0];
  for (let output = 0; output < outputs; output++) {
    let mean = 0;
    for (let i = output; i < answers.length; i += outputs) mean += (answers[i]! * outputs) / answers.length;
    for (let i = output; i < answers.length; i += outputs) {
      error += (answers[i]! - pruned.answers[i]!) ** 2;
      energy += (answers[i]! - mean) ** 2;
    }
  }
  return error / energy;
}

/** The mean entropy of 32 histograms of n Gaussian numbers each, bins of equal width from -4σ to 4σ, by `espalier score`. */
export async function entropyOfDraws(n: number, bins: number, millerMadow: boolean): Promise<number> {
  const DRAWN = 32;
  const next = random(n);
  const gaussian = (): number => {
    const [u, v] = [1 - (next() + 1) / 2, next()];
    return Math.max(-4, Math.min(4, Math.sqrt(-2 * Math.log(u)) * Math.cos(Math.PI * v)));
  };
  // A last lane of ±4 only: all lanes share their bins, so it fixes their range.
  const width = DRAWN + 1;
  let at = 0;
  const w1 = floats('w1', [n, width], () => {
    const place = at++;
    return place % width < DRAWN ? gaussian() : Math.floor(place / width) % 2 === 0 ? -4 : 4;
  });
  using model = await openModel(
    encodeModel({
      opset: 17,
      inputs: [{ name: 'x', shape: ['n', n] }],
      outputs: [{ name: 'y', shape: ['n', 2] }],
      initializers: [w1, floats('w2', [width, 2], next)],
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w1'], outputs: ['a'] },
        { op: 'Relu', inputs: ['a'], outputs: ['b'] },
        { op: 'MatMul', inputs: ['b', 'w2'], outputs: ['y'] },
      ],
    }),
  );
  const criterionOptions = { of: 'weights', estimator: 'histogram', bins, millerMadow };
  const [group] = await model.score({ criterion: 'entropy', criterionOptions });
  return group!.scores.subarray(0, DRAWN).reduce((sum, bits) => sum + bits / DRAWN, 0);
}

/** What is predicted to be lost once so many + 1 lanes of a group have left: where it is read, and of the model's answers. */
export async function predictions(
  { file, calibration }: Trained,
  id: string,
): Promise<{ readonly read: Float64Array; readonly answers: Float64Array }> {
  const native = await openFile(file);
  const analysis = analyse(readGraph(native.describe(), file), registry, (tensor) => native.numbers(tensor));
  const group = analysis.groups.find((own) => own.id === id)!;
  const session = new CalibrationSession(native, analysis, calibration, onnxruntime(), undefined, 2 ** 30);
  const [ranking] = await session.rankings([group], {});
  const answers = await session.damage(group, ranking!.order, ranking!.damage, {});
  native.dispose();
  return { read: ranking!.damage, answers };
}

/** What is left of the multiply-accumulates, and how the model that is left does. */
export async function cut(
  { model, calibration, judge }: Trained,
  options: PlanOptions,
): Promise<Judged & { readonly macs: number }> {
  const pruned = await model.prune({ data: calibration, ...options });
  return { ...(await judge(await pruned.toBytes())), macs: pruned.after.macs / pruned.before.macs };
}
