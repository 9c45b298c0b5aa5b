import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contactSheet } from '../../src/data/contactSheet.js';
import { loadData } from '../../src/data/data.js';
import { npzOf } from '../../src/data/npzWriter.js';
import { datasetFor } from '../../src/data/samples.js';
import { datasetOf } from '../../src/index.js';
import { written } from './files.js';
import { colour, folderOf } from './images.js';

async function saved(dataset: Parameters<typeof npzOf>[0]): Promise<string> {
  const path = await written('samples.npz', new Uint8Array());
  await writeFile(path, npzOf(dataset));
  return path;
}

describe('samples that were written', () => {
  test('are read again as they were', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 5 }),
        async (count, width) => {
          const floats = Float32Array.from({ length: count * width }, (_, i) => Math.sin(i));
          const labels = BigInt64Array.from({ length: count }, (_, i) => BigInt(-i));
          const names = Array.from({ length: count }, (_, i) => `${'é𝄞x'.slice(0, i % 5)}${i}`);
          const half = Uint16Array.from({ length: count }, (_, i) => i);
          const dataset = datasetOf({
            x: { data: floats, dims: [count, width] },
            y: { data: labels, dims: [count] },
            h: { data: half, dims: [count, 1], type: 'float16' },
            name: { data: names, dims: [count] },
          });
          const { arrays } = await loadData(await saved(dataset));
          expect([...arrays.keys()]).toEqual(['x', 'y', 'h', 'name']);
          expect(arrays.get('x')).toMatchObject({ type: 'float32', dims: [count, width] });
          expect(await arrays.get('x')!.read(0, count)).toEqual(floats);
          expect(await arrays.get('y')!.read(0, count)).toEqual(labels);
          expect(arrays.get('h')).toMatchObject({ type: 'float16' });
          expect(await arrays.get('h')!.read(0, count)).toEqual(half);
          expect(await arrays.get('name')!.texts!(0, count)).toEqual(names);
        },
      ),
      { numRuns: 10 },
    ));

  test('are the same bytes each time', async () => {
    const bytes = async () => {
      const pieces: Uint8Array[] = [];
      for await (const piece of npzOf(datasetOf({ x: { data: Float32Array.of(1, 2), dims: [2, 1] } })))
        pieces.push(piece);
      return Buffer.concat(pieces);
    };
    expect((await bytes()).equals(await bytes())).toBe(true);
  });

  test('beyond what an archive holds are refused before anything is read', async () => {
    const read = () => expect.unreachable();
    const array = { name: 'x', type: 'float32', descr: '<f4', dims: [2 ** 21, 3, 224, 224], read } as const;
    const pieces = npzOf({ source: 'x', arrays: new Map([['x', array]]) });
    await expect(pieces.next()).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});

describe('a contact sheet', () => {
  const inputs = [{ name: 'x', dtype: 'float32' as const, shape: ['n', 3, 16, 16] }];

  test('shows what the model sees, in the colours of the file', async () => {
    const folder = await folderOf({
      'red/1.png': await colour(250, 10, 20, 32, 16),
      'blue/1.png': await colour(10, 20, 250, 16),
    });
    const preprocess = { resize: 'letterbox', channels: 'BGR', mean: 0.5, fill: 77 };
    const sheet = await contactSheet(await datasetFor(folder, { inputs, preprocess }));
    expect(sheet?.captions.map(({ text }) => text)).toEqual(['blue', 'red']);
    const colours = new Set<string>();
    const { pixels } = sheet!.image;
    for (let at = 0; at < pixels.length; at += 3) colours.add(pixels.subarray(at, at + 3).join());
    expect(colours).toEqual(new Set(['248,248,248', '10,20,250', '250,10,20', '77,77,77']));
  });

  test('of arrays too, from their least to their largest; there is none where no array is of images', async () => {
    const data = Float32Array.from({ length: 2 * 64 }, (_, i) => i % 64);
    const grey = datasetOf({ x: { data, dims: [2, 1, 8, 8] }, label: { data: [3, 4], dims: [2] } });
    const sheet = await contactSheet(grey);
    expect(sheet?.captions.map(({ text }) => text)).toEqual(['3', '4']);
    expect(sheet!.image.pixels.reduce((a, b) => Math.min(a, b))).toBe(0);
    expect(await contactSheet(datasetOf({ x: { data: [1, 2], dims: [2, 1] } }))).toBeUndefined();
  });
});
