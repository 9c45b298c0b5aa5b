import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Verification } from '../../src/verify/types.js';
import { growConvnet } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';
import { random } from '../support/random.js';
import { espalier, folder, withoutRuntime } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);

beforeAll(async () => {
  home = await folder();
  const convnet = growConvnet(
    [
      { kind: 'conv', pick: 0, size: 9 },
      { kind: 'conv', pick: 0, size: 8 },
    ],
    3,
  );
  await writeFile(at('model.onnx'), encodeModel(convnet));
  const next = random(3);
  for (let i = 0; i < 24; i++) {
    const name = at(join('photos', ['cat', 'dog', 'bird'][i % 3]!, `${i}.${i % 2 === 0 ? 'jpg' : 'png'}`));
    await mkdir(dirname(name), { recursive: true });
    const pixels = Uint8Array.from({ length: 20 * 16 * 3 }, () => 128 + 127 * next());
    await sharp(pixels, { raw: { width: 20, height: 16, channels: 3 } }).toFile(name);
  }
});

describe('a folder of images', () => {
  test('to a smaller model, fitted to them, in one command', async () => {
    const prune = [
      'prune',
      at('model.onnx'),
      '-o',
      at('small.onnx'),
      '--macs',
      '0.6',
      '--data',
      at('photos'),
    ];
    const done = await espalier([...prune, '--preprocess', 'imagenet']);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('refitted on 24 samples') });
    expect(done.stderr).toContain('24 of ');
    expect(done.stderr).toContain('3 classes (bird, cat, dog)');
    expect(done.stderr).toMatch(/Preprocessing: imagenet: shorter edge to 9 \(bilinear\), centre 8 x 8, RGB/);
    const verified = await espalier([
      ...[
        'verify',
        at('model.onnx'),
        at('small.onnx'),
        '--data',
        at('photos/*/*.png'),
        '--json',
        '--runs',
        '0',
      ],
      ...['--preprocess', 'imagenet'],
    ]);
    const { data, ok } = JSON.parse(verified.stdout) as Verification;
    expect(ok).toBe(true);
    expect(data).toMatchObject({ samples: 12, preprocessing: expect.stringContaining('imagenet') });
  });

  test('by what lies beside the model, which is told', async () => {
    const model = at('beside/onnx/model.onnx');
    await mkdir(dirname(model), { recursive: true });
    await copyFile(at('model.onnx'), model);
    const config = { do_resize: true, size: { height: 8, width: 8 }, image_mean: [0.5], image_std: [0.5] };
    await writeFile(at('beside/preprocessor_config.json'), JSON.stringify(config));
    const scored = await espalier(['score', model, '--data', at('photos'), '--criterion', 'wanda']);
    expect(scored).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/preprocessor_config\.json: stretched to 8 x 8/),
    });
    const quiet = await espalier(['score', model, '--data', at('photos'), '--criterion', 'wanda', '--quiet']);
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
  });

  test('without sharp it is told what to install', async () => {
    const entry = await withoutRuntime({ missing: 'sharp' });
    const flags = ['--data', at('photos'), '--preprocess', '0..1', '--ratio', '0.5', '--dry-run'];
    const ended = await espalier(['prune', at('model.onnx'), ...flags], { entry, cwd: home });
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/PACKAGE_MISSING.*\n.*npm install sharp/),
    });
  });

  test.each<[string, string[], RegExp]>([
    ['nothing that says how', ['--data', 'photos'], /Give --preprocess: one of imagenet/],
    ['an unknown name', ['--data', 'photos', '--preprocess', 'clop'], /Did you mean --preprocess clip/],
    ['a JSON file that there is not', ['--data', 'photos', '--preprocess', 'no.json'], /FILE_NOT_FOUND/],
    ['no such folder', ['--data', 'fotos'], /FILE_NOT_FOUND/],
    [
      'labels that there are not',
      ['--data', 'photos', '--preprocess', '0..1', '--labels', 'y'],
      /They have .*label/,
    ],
  ])('%s is told before anything is written', async (_, flags, words) => {
    const ended = await espalier(['prune', 'model.onnx', '-o', 'x.onnx', '--macs', '0.6', ...flags], {
      cwd: home,
    });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(words);
  });
});
