import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset, Tensor } from '../../src/index.js';
import { loadData, onnxruntime } from '../../src/index.js';
import { peerOf } from './peer.js';

const BATCH = 250;

/** The samples of a trained model: to calibrate on, and to judge by. errors: where the folder holds none that fit. */
export async function samplesFor(folder: string, model: string): Promise<[Dataset, Dataset]> {
  const name =
    peerOf(model)?.data ??
    model
      .replace(/_(bn|folded)$/, '')
      .split('_')
      .at(-1)!;
  const [calibration, test] = ['calib', 'test'].map((part) => join(folder, `${name}.${part}.npz`));
  for (const file of [calibration!, test!])
    if (!existsSync(file)) throw new Error(`no samples belong to ${model}: there is no ${file}`);
  return [await loadData(calibration!), await loadData(test!)];
}

/** The share of the first samples whose label has the largest output. */
export async function top1(model: string | Uint8Array, test: Dataset, samples: number): Promise<number> {
  const images = test.arrays.get('input')!;
  const labels = await test.arrays.get('label')!.read(0, samples);
  const session = await onnxruntime().load(model);
  try {
    let right = 0;
    for (let from = 0; from < samples; from += BATCH) {
      const to = Math.min(samples, from + BATCH);
      const data = await images.read(from, to);
      const x = { type: images.type, data, dims: [to - from, ...images.dims.slice(1)] } as Tensor;
      const { outputs } = await session.run({ [session.inputs[0]!.name]: x });
      const answers = Object.values(outputs)[0]!.data as Float32Array;
      const classes = answers.length / (to - from);
      for (let i = 0; i < to - from; i++) {
        const own = answers.subarray(i * classes, (i + 1) * classes);
        const best = own.indexOf(own.reduce((a, b) => Math.max(a, b)));
        if (best === Number(labels[from + i])) right++;
      }
    }
    return right / samples;
  } finally {
    await session.dispose();
  }
}
