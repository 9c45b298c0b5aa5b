import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { SampleContext } from '../../src/data/context.js';
import { datasetFor } from '../../src/data/samples.js';
import { EspalierError } from '../../src/index.js';
import type { ValueInfo } from '../../src/runtime/runtime.js';
import { colour, folderOf } from './images.js';

const input = (shape: readonly (number | string)[], dtype: ValueInfo['dtype'] = 'float32'): ValueInfo => ({
  name: 'x',
  dtype,
  shape,
});
const square = [input(['n', 3, 4, 4])];
const raw = { resize: 'stretch', scale: 1 };

const samplesOf = (given: unknown, more: Partial<SampleContext> = {}) =>
  datasetFor(given, { inputs: square, preprocess: raw, ...more });

/** The first value of each sample: of images of one colour, their red. */
async function reds(given: unknown, more: Partial<SampleContext> = {}): Promise<number[]> {
  const { arrays } = await samplesOf(given, more);
  const { dims, read } = arrays.get('x')!;
  const each = dims.slice(1).reduce((a, b) => a * b);
  const all = await read.call(arrays.get('x'), 0, dims[0]!);
  return Array.from({ length: dims[0]! }, (_, i) => Number(all[i * each]));
}

const failure = (doing: Promise<unknown>): Promise<EspalierError> =>
  doing.then(
    () => expect.unreachable(),
    (error: unknown) => {
      expect(error).toBeInstanceOf(EspalierError);
      return error as EspalierError;
    },
  );

describe('images in all forms', async () => {
  const folder = await folderOf({
    'b.png': await colour(20, 0, 0),
    'a.png': await colour(10, 0, 0),
    'c.PNG': await colour(30, 0, 0),
    '.hidden.png': 'no image',
  });
  const [a, b] = [join(folder, 'a.png'), join(folder, 'b.png')];
  test.each<[string, unknown, number[]]>([
    ['a folder, by name', folder, [10, 20, 30]],
    ['its URL', pathToFileURL(folder), [10, 20, 30]],
    ['a pattern', join(folder, '*.png'), [10, 20]],
    ['a pattern of names', join(folder, '{b,a}.png'), [10, 20]],
    ['a list, in its order', [b, a], [20, 10]],
    ['one image', a, [10]],
    ['a URL in a list', [pathToFileURL(b)], [20]],
    ['blobs', [new Blob([new Uint8Array(await readFile(b))])], [20]],
    ['a file', new File([new Uint8Array(await readFile(a))], 'a.png', { type: 'image/png' }), [10]],
  ])('%s', async (_, given, expected) => {
    expect(await reds(given)).toEqual(expected);
  });

  test('any part of them, and no other image is opened', async () => {
    await writeFile(join(folder, 'd.png'), 'no image');
    const { arrays } = await samplesOf(folder);
    const x = arrays.get('x')!;
    expect(x.dims).toEqual([4, 3, 4, 4]);
    expect((await x.read(1, 2))[0]).toBe(20);
    expect((await failure(x.read(2, 4))).message).toContain('d.png');
  });
});

describe('what the model takes', async () => {
  const folder = await folderOf({ 'a.png': await colour(255, 127, 0) });
  const values = async (inputs: readonly ValueInfo[], preprocess: SampleContext['preprocess'] = '0..1') => {
    const { arrays } = await samplesOf(folder, { inputs, preprocess });
    const x = arrays.get('x')!;
    return { dims: x.dims, type: x.type, data: Array.from(await x.read(0, 1), Number) };
  };

  test('channels first or last', async () => {
    const first = await values([input([1, 3, 1, 2])]);
    expect(first).toMatchObject({ dims: [1, 3, 1, 2], type: 'float32' });
    const green = Math.fround(127 / 255);
    expect(first.data).toEqual([1, 1, green, green, 0, 0]);
    const last = await values([input([1, 2, 1, 3])]);
    expect(last).toMatchObject({ dims: [1, 2, 1, 3], data: [1, green, 0, 1, green, 0] });
    const named = await values([input(['batch', 'height', 'width', 'channels'])], { ...raw, size: [1, 1] });
    expect(named).toMatchObject({ dims: [1, 1, 1, 3], data: [255, 127, 0] });
  });

  test('half floats, bytes, and integers', async () => {
    expect((await values([input([1, 3, 1, 1], 'float16')])).data).toEqual([0x3c00, 0x37f8, 0]);
    expect((await values([input([1, 3, 1, 1], 'uint8')])).data).toEqual([255, 127, 0]);
    expect((await values([input([1, 3, 1, 1], 'int8')], { ...raw, mean: 128 })).data).toEqual([
      127, -1, -128,
    ]);
    const problem = await failure(values([input([1, 3, 1, 1], 'int8')], raw));
    expect(problem).toMatchObject({ code: 'DATA_MISMATCH', where: { tensor: 'x' } });
  });

  test('one channel: the luma', async () => {
    expect((await values([input([1, 1, 1, 1])], raw)).data).toEqual([Math.round(0.299 * 255 + 0.587 * 127)]);
  });

  test('no axis that counts images', async () => {
    const { arrays } = await samplesOf(folder, { inputs: [input([3, 2, 2])] });
    expect(arrays.get('x')!.dims).toEqual([1, 3, 2, 2]);
  });

  test.each<[string, ValueInfo[], SampleContext['preprocess'], RegExp]>([
    ['no size anywhere', [input(['n', 3, 'h', 'w'])], '0..1', /any size.*shape/s],
    ['no images', [input(['n', 128])], '0..1', /takes none/],
    ['two inputs of images', [input([1, 3, 4, 4]), input([1, 3, 8, 8])], '0..1', /several/],
    ['other channels', [input([1, 1, 4, 4])], { ...raw, channels: 'RGB' }, /3 channels/],
    ['another layout', [input([1, 3, 4, 4])], { ...raw, layout: 'NHWC' }, /NHWC/],
    ['nothing said', square, undefined, /preprocessor_config/],
    ['a name that there is not', square, 'imagnet', /Did you mean preprocess: 'imagenet'/],
    ['a field that there is not', square, { resize: 'stretch', sise: 3 }, /"sise".*resizeTo/s],
    ['a wrong field', square, { resize: 'stretch', std: 0 }, /"std" must be a number other than 0/],
    ['no preprocessing at all', square, { hello: 1 }, /must say/],
  ])('%s is told', async (_, inputs, preprocess, words) => {
    const given = preprocess === undefined ? { inputs } : { inputs, preprocess };
    expect((await failure(datasetFor(folder, given))).message).toMatch(words);
  });
});

describe('labels', async () => {
  const shades = async (...all: readonly (readonly [name: string, red: number])[]) =>
    folderOf(
      Object.fromEntries(await Promise.all(all.map(async ([name, red]) => [name, await colour(red, 0, 0)]))),
    );
  const cats = await shades(
    ['dog/1.png', 1],
    ['dog/2.png', 2],
    ['cat/1.png', 3],
    ['Zebra/1.png', 4],
    ['cat/2.png', 5],
  );

  test('of folders: numbered by name as ImageFolder does, in turn', async () => {
    const { arrays, classes } = await samplesOf(cats);
    expect(classes).toEqual(['Zebra', 'cat', 'dog']);
    expect(await reds(cats)).toEqual([3, 1, 4, 5, 2]);
    expect(Array.from(await arrays.get('label')!.read(0, 5), Number)).toEqual([1, 2, 0, 1, 2]);
    expect(await arrays.get('class')!.texts!(0, 5)).toEqual(['cat', 'dog', 'Zebra', 'cat', 'dog']);
  });

  test('of folders, numbered as the model names its classes', async () => {
    const model = { metadata: { names: "{0: 'dog', 7: 'cat', 3: 'zebra'}" } };
    const { arrays, classes } = await samplesOf(cats, { model });
    expect(Array.from(await arrays.get('label')!.read(0, 5), Number)).toEqual([0, 7, 3, 0, 7]);
    expect(classes).toEqual(['dog', '', '', 'Zebra', '', '', '', 'cat']);
  });

  test('there are none where all lie in one folder, or in none', async () => {
    expect((await samplesOf(await shades(['a/1.png', 1], ['a/2.png', 1]))).arrays.has('label')).toBe(false);
    expect((await samplesOf(await shades(['a/1.png', 1], ['2.png', 1]))).arrays.has('label')).toBe(false);
  });

  test.each([
    ['numbers', 'file,label\n1.png,4\n2.png,2\n', [4, 2], undefined],
    ['names', 'label;image\r\ncat;1.png\r\ndog;2.png\r\n', [0, 1], ['cat', 'dog']],
    ['names of files without what they end with', '1,"a, b"\n2,a', [1, 0], ['a', 'a, b']],
  ])('of a table: %s', async (_, table, numbers, classes) => {
    const folder = await shades(['1.png', 1], ['2.png', 2]);
    const labels = join(folder, 'table.csv');
    await writeFile(labels, table);
    const dataset = await samplesOf(folder, { labels });
    expect(Array.from(await dataset.arrays.get(labels)!.read(0, 2), Number)).toEqual(numbers);
    expect(dataset.classes).toEqual(classes);
    expect(dataset.warnings).toMatchObject([{ code: 'FILES_LEFT_OUT' }]);
  });

  test('a table that lacks a file is told with the file', async () => {
    const folder = await shades(['1.png', 1], ['2.png', 2]);
    const labels = join(folder, 'table.csv');
    await writeFile(labels, 'file,label\n1.png,4\n');
    expect((await failure(samplesOf(folder, { labels }))).message).toMatch(/1 of 2 files.*2\.png/);
    expect(await failure(samplesOf(folder, { labels: 'none.csv' }))).toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await writeFile(labels, '');
    expect(await failure(samplesOf(folder, { labels }))).toMatchObject({ code: 'DATA_MALFORMED' });
  });
});

describe('hostile files', async () => {
  const whole = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#123456' } })
    .jpeg()
    .toBuffer();
  test.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array()],
    ['another kind of file', new TextEncoder().encode('<html>')],
    ['a JPEG that ends too soon', whole.subarray(0, whole.length - 200)],
    ['the head of a JPEG', whole.subarray(0, 30)],
    ['a PNG that claims 60,000 x 60,000 pixels', claiming(60_000)],
  ])('%s: the error names the file', async (_, bytes) => {
    const folder = await folderOf({ 'bad.jpg': bytes, 'good.jpg': whole });
    const { arrays } = await samplesOf(folder);
    const problem = await failure(arrays.get('x')!.read(0, 2));
    expect(problem).toMatchObject({ code: 'DATA_MALFORMED', where: { file: join(folder, 'bad.jpg') } });
    expect((await arrays.get('x')!.read(1, 2))[0]).toBe(0x12);
  });

  test('a folder of nothing, and one of other files', async () => {
    expect((await failure(samplesOf(await folderOf({})))).message).toContain('the folder is empty');
    expect((await failure(samplesOf(await folderOf({ 'a.doc': '' })))).message).toMatch(
      /none of the 1 files/,
    );
    expect(await failure(samplesOf('nowhere/'))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await failure(samplesOf('nowhere/*.png'))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await failure(samplesOf(['nowhere.png']))).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test.skipIf(process.platform === 'win32')('links are followed, those in circles once', async () => {
    const folder = await folderOf({ 'a.png': await colour(7, 0, 0) });
    const outside = await folderOf({ 'b.png': await colour(9, 0, 0) });
    await symlink(folder, join(folder, 'again'));
    await symlink(join(outside, 'b.png'), join(folder, 'b.png'));
    await symlink(join(outside, 'nothing'), join(folder, 'c.png'));
    expect(await reds(folder)).toEqual([7, 9]);
  });

  test('an image of a line alone', async () => {
    const folder = await folderOf({ 'line.png': await colour(1, 2, 3, 30_000, 1) });
    const inputs = [input(['n', 3, 224, 224])];
    const { arrays } = await samplesOf(folder, { inputs, preprocess: 'clip' });
    const problem = await failure(arrays.get('x')!.read(0, 1));
    expect(problem).toMatchObject({
      code: 'DATA_MALFORMED',
      message: expect.stringMatching(/6720000 x 224.*line\.png/s),
    });
    expect(await reds(folder, { preprocess: { resize: 'letterbox', scale: 1, fill: 9 } })).toEqual([9]);
  });

  test('an image of 50 megapixels', async () => {
    const [width, height] = [10_000, 5000];
    const huge = await sharp({ create: { width, height, channels: 3, background: '#203040' } })
      .png()
      .toBuffer();
    expect(await reds(await folderOf({ 'huge.png': huge }))).toEqual([0x20]);
  });

  test('what is aborted is not decoded', async () => {
    const folder = await folderOf({ 'a.png': await colour(7, 0, 0) });
    const { arrays } = await samplesOf(folder);
    const reason = new Error('enough');
    await expect(arrays.get('x')!.read(0, 1, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

/** A PNG whose header claims a size that its data have not. */
function claiming(edge: number): Uint8Array {
  const bytes = Buffer.alloc(57);
  bytes.set([137, 80, 78, 71, 13, 10, 26, 10]);
  bytes.writeUInt32BE(13, 8);
  bytes.write('IHDR', 12);
  bytes.writeUInt32BE(edge, 16);
  bytes.writeUInt32BE(edge, 20);
  bytes.set([8, 2, 0, 0, 0], 24);
  bytes.writeUInt32BE(crc(bytes.subarray(12, 29)), 29);
  bytes.write('IEND', 37);
  return bytes;
}

function crc(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb8_8320 : 0);
  }
  return (sum ^ 0xffff_ffff) >>> 0;
}
