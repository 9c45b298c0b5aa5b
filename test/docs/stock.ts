import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mlp } from '../cli/espalier.js';
import { npz } from '../data/files.js';
import { encodeModel } from '../support/onnx.js';
import { models } from './models.js';
import { photo, samples, sound, texts } from './samples.js';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * The models and samples that pages of the documentation work with, under the names that they use: small, with random weights, and built as the
 * real ones of their kind are.
 */
export async function writeStock(folder: string): Promise<void> {
  for (const place of ['models', 'encoder']) await mkdir(join(folder, place));
  for (const [name, spec] of Object.entries(models())) await writeFile(join(folder, name), encodeModel(spec));
  for (const name of ['small.onnx', 'wide.onnx'])
    await writeFile(join(folder, 'models', name), mlp(name === 'wide.onnx' ? 32 : 16));
  for (const [name, arrays] of Object.entries(samples())) await writeFile(join(folder, name), npz(arrays));
  for (const name of ['lenet5_mnist.onnx', 'mnist-digits.npz'])
    await copyFile(inRepository(`examples/${name}`), join(folder, name));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(inRepository(`test/preprocess/fixtures/wordpiece/${name}`), join(folder, 'encoder', name));
  await writeFile(join(folder, 'reviews.txt'), texts().join('\n'));
  for (const place of ['photos/cat', 'photos/dog', 'sounds/quiet', 'sounds/loud'])
    await mkdir(join(folder, place), { recursive: true });
  for (let i = 0; i < 3; i++) {
    for (const place of ['photos/cat', 'photos/dog'])
      await writeFile(join(folder, place, `${i}.jpg`), await photo(`${place}${i}`));
    for (const [place, loudness] of Object.entries({ quiet: 0.05, loud: 0.5 }))
      await writeFile(join(folder, 'sounds', place, `${i}.wav`), sound(i + loudness, loudness));
  }
}
