import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelSource, openModel, verify } from '../../src/index.js';
import { stored } from '../support/external.js';
import { encodeModel, floats } from '../support/onnx.js';

const LENGTH = 8;
const bytesOf = (first: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Float32Array.from({ length: LENGTH }, (_, i) => first + i).buffer);

let next = 0;
const value = (name: string) => ({ name, shape: [LENGTH] });
/** y = x + w. */
const spec = {
  opset: 17,
  inputs: [value('x')],
  outputs: [value('y')],
  initializers: [floats('w', [LENGTH], () => ++next)],
  nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
};
/** The file that w lies in. */
const LOCATION = 'weights/w.bin';
const sum = (location: string): Buffer => stored(encodeModel(spec), location).model;
const model = sum(LOCATION);
const data = bytesOf(1);

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-external-'));
  path = join(folder, 'elsewhere.bin');
  writeFileSync(path, data);
});
afterAll(() => rmSync(folder, { recursive: true }));

const withData = (externalData: unknown): ModelSource => ({ model, externalData }) as ModelSource;

/** Whether a model answers as the one of `data`. */
async function answersAlike(source: ModelSource): Promise<boolean> {
  const expected = withData({ [LOCATION]: data });
  const { outputs } = await verify(expected, source, { samples: 4, runs: 0 });
  return outputs.every(({ maxAbsDifference }) => maxAbsDifference === 0);
}

describe('external data of a model in memory', () => {
  test.each<[string, () => unknown]>([
    ['as bytes', () => ({ [LOCATION]: data })],
    ['as a blob', () => ({ [LOCATION]: new Blob([data]) })],
    ['as a path', () => ({ [LOCATION]: path })],
    ['as a file: URL', () => ({ [LOCATION]: pathToFileURL(path) })],
    ['as an answer', () => ({ [LOCATION]: new Response(data) })],
    ['as files that have their names', () => [new File([data], LOCATION)]],
    ['under the name that it has in other words', () => ({ './weights\\w.bin': data })],
    ['among others', () => ({ 'other.bin': bytesOf(5), [LOCATION]: data })],
  ])('%s', async (_, give) => {
    using opened = await openModel(withData(give()));
    expect(opened.inspect().size.params).toBe(LENGTH);
    expect(await answersAlike(withData(give()))).toBe(true);
  });

  test('is what is given, and no other', async () => {
    expect(await answersAlike(withData({ [LOCATION]: bytesOf(2) }))).toBe(false);
  });

  test('of a blob', async () => {
    using opened = await openModel({
      model: new File([model], 'sum.onnx'),
      externalData: { [LOCATION]: data },
    });
    expect(opened.file).toBe('sum.onnx');
  });

  test('is cut as that in the folder of a model', async () => {
    const digits = fileURLToPath(new URL('../../examples/lenet5_mnist.onnx', import.meta.url));
    const { model: small, data: weights } = stored(readFileSync(digits), 'digits.bin');
    const file = join(folder, 'model.onnx');
    writeFileSync(file, small);
    writeFileSync(join(folder, 'digits.bin'), weights);
    const pruned = async (source: ModelSource) => {
      using opened = await openModel(source);
      return (await opened.prune({ ratio: 0.5 })).toBytes();
    };
    const given = await pruned({ model: small, externalData: { 'digits.bin': weights } });
    expect(Buffer.from(given).equals(await pruned(file))).toBe(true);
    expect(given.length).toBeLessThan(weights.length);
  });

  test('comes before that in the folder of a model at a path, where it is looked for otherwise', async () => {
    const file = join(folder, 'sum.onnx');
    writeFileSync(file, sum('elsewhere.bin'));
    expect(await answersAlike(file)).toBe(true);
    expect(await answersAlike({ model: file, externalData: {} })).toBe(true);
    expect(await answersAlike({ model: file, externalData: { 'elsewhere.bin': bytesOf(3) } })).toBe(false);
  });
});

describe('it is refused', () => {
  test.each<[string, unknown, string]>([
    ['where it is missing', {}, `"${LOCATION}", which was not given`],
    ['where others are given', { 'w.bin': data, 'b.bin': data }, 'which was not given (but b.bin, w.bin)'],
    ['where it is too short', { [LOCATION]: data.subarray(4) }, `"${LOCATION}" has 28 bytes`],
  ])('%s', async (_, externalData, what) => {
    await expect(openModel(withData(externalData))).rejects.toMatchObject({
      code: 'EXTERNAL_DATA',
      what: expect.stringContaining(what),
      where: { tensor: 'w' },
    });
  });

  test('in words that say what to give', async () => {
    await expect(openModel(model)).rejects.toMatchObject({
      code: 'EXTERNAL_DATA',
      todo: expect.stringContaining('externalData'),
    });
  });

  test.each<[string, unknown, RegExp]>([
    [
      'no files',
      7,
      /source\.externalData must be an object of files by their names, or an array of File, not 7/,
    ],
    [
      'a file without a name',
      [new Blob([data])],
      /source\.externalData\[0\] must be a File, which has a name/,
    ],
    ['what is no file', { [LOCATION]: 7 }, /source\.externalData\["weights\/w\.bin"\] must be a path/],
  ])('%s', async (_, externalData, what) => {
    await expect(openModel(withData(externalData))).rejects.toMatchObject({ code: 'OPTION_INVALID', what });
  });
});
