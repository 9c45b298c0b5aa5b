import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { colour, folderOf } from '../data/images.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';
import { espalier, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);

beforeAll(async () => {
  home = await folderOf({
    'photos/a/<1>.png': await colour(200, 0, 0, 30, 20),
    'photos/b/2.png': await colour(0, 200, 0),
    'photos/b/3.png': await colour(0, 0, 200),
    'mlp.onnx': mlp(),
    'samples.npz': samples(),
  });
  await writeFile(at('model.onnx'), encodeModel(growConvnet([{ kind: 'conv', pick: 0, size: 5 }], 3)));
});

const data = (...args: readonly string[]) => espalier(['data', ...args], { cwd: home });

test('what a model sees of images, as an archive and as a sheet', async () => {
  const of = ['photos', '--model', 'model.onnx', '--preprocess', '0..1'];
  const done = await data(...of, '-o', 's.npz', '--sheet', 'sheet.png');
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(/^samples +3 of photos$/m);
  expect(done.stdout).toMatch(
    /^made by +0\.\.1: stretched to 8 x 8 \(bilinear\), RGB, \/255; NCHW float32 \[3, 8, 8\]$/m,
  );
  expect(done.stdout).toMatch(/^labels +2 classes \(a, b\)$/m);
  expect(done.stdout).toMatch(/^array +x float32 \[3, 3, 8, 8\]$/m);
  expect((await sharp(await readFile(at('sheet.png'))).metadata()).format).toBe('png');
  const again = await data(...of, '-o', 's.npz');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('OUTPUT_EXISTS') });
  const scored = await espalier(['score', at('model.onnx'), '--data', at('s.npz'), '--criterion', 'wanda']);
  expect(scored).toMatchObject({ code: 0, stderr: '' });
  const json = await data(...of, '--samples', '2', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    classes: ['a', 'b'],
    arrays: [{ name: 'x', dims: [2, 3, 8, 8] }, { name: 'label' }, { name: 'class' }],
  });
});

test('arrays are told as they are', async () => {
  const done = await data('samples.npz', '--model', 'mlp.onnx');
  expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^array +x /m) });
  const sheet = await data('samples.npz', '--model', 'mlp.onnx', '--sheet', 'none.png');
  expect(sheet).toMatchObject({ code: 2, stderr: expect.stringContaining('--sheet shows images') });
});

test('without a model it is told what is missing', async () => {
  expect(await data('photos')).toMatchObject({ code: 2, stderr: expect.stringContaining('--model') });
});
