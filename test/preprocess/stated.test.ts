import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SampleContext } from '../../src/data/context.js';
import { datasetFor } from '../../src/data/samples.js';
import { colour, folderOf } from '../data/images.js';

const input = (shape: readonly (number | string)[]) => [{ name: 'x', dtype: 'float32' as const, shape }];
const open = ['n', 'num_channels', 'height', 'width'];

/** How images become what a model sees, in words, with these files beside it. */
async function said(
  files: Readonly<Record<string, unknown>>,
  {
    shape = open,
    model = 'model.onnx',
    ...more
  }: Partial<Omit<SampleContext, 'model'> & { shape: readonly (number | string)[]; model: string }> = {},
  metadata: Readonly<Record<string, string>> = {},
) {
  const folder = await folderOf({ 'photos/a.png': await colour(1, 2, 3) });
  await mkdir(join(folder, 'onnx'));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  const { preprocessing, warnings } = await datasetFor(join(folder, 'photos'), {
    inputs: input(shape),
    model: { path: join(folder, model), metadata },
    ...more,
  });
  return { words: preprocessing!.replace(`${folder}/`, ''), warnings };
}

const vit = { do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], size: 224 };
const timm = {
  pretrained_cfg: {
    ...{ input_size: [3, 288, 288], crop_pct: 0.95, interpolation: 'bicubic' },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  },
};

describe('what lies beside the model', () => {
  test.each<[string, Parameters<typeof said>, RegExp]>([
    [
      'a processor of Hugging Face',
      [{ 'preprocessor_config.json': { ...vit, image_processor_type: 'ViTImageProcessor' } }],
      /^preprocessor_config\.json: stretched to 224 x 224 \(bilinear\), RGB, \/255, mean 0\.5, std 0\.5; NCHW float32 \[3, 224, 224\]$/,
    ],
    [
      'one above the folder of the export',
      [{ 'preprocessor_config.json': vit }, { model: 'onnx/model.onnx' }],
      /^preprocessor_config\.json/,
    ],
    [
      'an older form, whose size is that of the shorter edge',
      [
        {
          'preprocessor_config.json': {
            feature_extractor_type: 'CLIPFeatureExtractor',
            size: 224,
            crop_size: 224,
          },
        },
      ],
      /shorter edge to 224 \(bicubic\), centre 224 x 224, RGB, \/255; /,
    ],
    [
      'edges of a detector',
      [
        {
          'preprocessor_config.json': {
            size: { shortest_edge: 800, longest_edge: 1333 },
            do_normalize: false,
          },
        },
      ],
      /letterboxed in 1333 x 800 \(bilinear, zeros\)/,
    ],
    [
      'a processor among others',
      [{ 'processor_config.json': { image_processor: vit } }],
      /^processor_config\.json: stretched/,
    ],
    [
      'timm',
      [{ 'config.json': timm }],
      /^config\.json: shorter edge to 303 \(bicubic\), centre 288 x 288.*std 0\.25/,
    ],
    [
      'a file that says nothing of images, before one that does',
      [{ 'preprocessor_config.json': '{', 'config.json': timm }],
      /^config\.json/,
    ],
  ])('%s', async (_, given, words) => {
    expect((await said(...given)).words).toMatch(words);
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'a detector of Ultralytics',
      { author: 'Ultralytics', task: 'detect' },
      /letterboxed in 640 x 640.*grey 114.*\/255; /,
    ],
    ['its size', { author: 'Ultralytics', imgsz: '[320, 416]' }, /letterboxed in 416 x 320/],
    [
      'a classifier of Ultralytics',
      { author: 'Ultralytics', task: 'classify' },
      /shorter edge to 224 .*centre 224 x 224/,
    ],
  ])('in the metadata: %s', async (_, metadata, words) => {
    expect((await said({}, {}, metadata)).words).toMatch(words);
  });
});

test('what is given goes before what lies there', async () => {
  const { words } = await said({ 'preprocessor_config.json': vit }, { preprocess: 'clip' });
  expect(words).toMatch(/^clip: /);
});

test('where the model takes another size, edges follow in proportion, which is said', async () => {
  const config = { size: { shortest_edge: 256 }, crop_size: { height: 224, width: 224 } };
  const { words, warnings } = await said({ 'preprocessor_config.json': config }, { shape: [1, 3, 448, 448] });
  expect(words).toMatch(/shorter edge to 512 .*centre 448 x 448/);
  expect(warnings).toMatchObject([{ code: 'PREPROCESSING', text: expect.stringContaining('224 x 224') }]);
});

test('colours that a model of grey does not see: their mean of means', async () => {
  const { words } = await said({}, { preprocess: 'imagenet', shape: [1, 1, 28, 28] });
  expect(words).toMatch(/grey, \/255, mean 0\.449, std 0\.226; NCHW float32 \[1, 28, 28\]/);
});

test.each<[string, object, RegExp]>([
  ['a filter that there is not', { ...vit, resample: 9 }, /"resample"/],
  ['a size of a wrong kind', { ...vit, size: 'large' }, /"size"/],
  ['means of a wrong kind', { ...vit, image_mean: ['a'] }, /"mean/],
])('%s is told with the file', async (_, config, words) => {
  await expect(said({ 'preprocessor_config.json': config })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringMatching(words),
    where: { file: expect.stringContaining('preprocessor_config.json') },
  });
});
