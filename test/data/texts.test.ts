import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SampleContext } from '../../src/data/context.js';
import { datasetFor } from '../../src/data/samples.js';
import type { ValueInfo } from '../../src/runtime/runtime.js';
import { folderOf } from './images.js';

const tokenizer = join(import.meta.dirname, '../preprocess/fixtures/wordpiece/tokenizer.json');
const int64 = (name: string, length: number | string = 'tokens'): ValueInfo => ({
  name,
  dtype: 'int64',
  shape: ['batch', length],
});
const bert = [int64('input_ids'), int64('attention_mask')];

async function opened(name: string, text: string, more: Partial<SampleContext> = {}) {
  const folder = await folderOf({ [name]: text });
  return datasetFor(join(folder, name), { inputs: bert, preprocess: tokenizer, ...more });
}

const rows = async (dataset: Awaited<ReturnType<typeof opened>>, name: string): Promise<number[][]> => {
  const array = dataset.arrays.get(name)!;
  const [count, length = 1] = array.dims as [number, number?];
  const data = Array.from(await array.read(0, count), Number);
  return Array.from({ length: count }, (_, row) => data.slice(row * length, (row + 1) * length));
};

describe('texts in all forms', () => {
  const lines = ['one', 'a small one'];
  test.each([
    ['lines', 's.txt', `\ufeff${lines.join('\r\n')}\r\n\n`],
    ['JSON lines of texts', 's.jsonl', lines.map((line) => JSON.stringify(line)).join('\n')],
    ['JSON lines of objects', 's.ndjson', lines.map((text) => JSON.stringify({ id: 1, text })).join('\n')],
    ['a table', 's.csv', `id,sentence\n1,"${lines[0]}"\n2,${lines[1]}\n`],
    [
      'a table whose only column of texts has another name',
      's.tsv',
      `n\tworte\n1\t${lines[0]}\n2\t${lines[1]}`,
    ],
  ])('%s', async (_, name, text) => {
    const dataset = await opened(name, text);
    expect(dataset.preprocessing).toContain('tokenizer.json');
    const ids = await rows(dataset, 'input_ids');
    expect(ids.map(([first]) => first)).toEqual([2, 2]);
    expect((await rows(dataset, 'attention_mask')).map((mask) => mask.reduce((a, b) => a + b))).toEqual([
      3,
      ids[1]!.length,
    ]);
    expect(ids[0]!.slice(3)).toEqual(ids[0]!.slice(3).map(() => 0));
  });

  test('a column that is named, and two of them', async () => {
    const table = 'a,b,label\none,left,yes\nsmall,large,no\n';
    expect((await rows(await opened('s.csv', table, { column: 'b' }), 'input_ids'))[0]).toHaveLength(
      (await rows(await opened('x.txt', 'left\nlarge'), 'input_ids'))[0]!.length,
    );
    const pairs = await opened('s.csv', table, { column: 'a,b', inputs: [...bert, int64('token_type_ids')] });
    expect((await rows(pairs, 'token_type_ids'))[0]).toContain(1);
    expect(Array.from(await pairs.arrays.get('label')!.read(0, 2), Number)).toEqual([1, 0]);
    expect(pairs.classes).toEqual(['no', 'yes']);
  });

  test('a folder of texts, one each, whose folders are classes', async () => {
    const folder = await folderOf({ 'neg/1.txt': 'a small\none', 'pos/1.txt': 'large', 'pos/2.txt': 'left' });
    const dataset = await datasetFor(folder, { inputs: bert, preprocess: tokenizer });
    expect(dataset.classes).toEqual(['neg', 'pos']);
    expect(dataset.arrays.get('input_ids')!.dims[0]).toBe(3);
    expect(Array.from(await dataset.arrays.get('label')!.read(0, 3), Number).sort()).toEqual([0, 1, 1]);
  });

  test('a model that takes texts gets them as they are', async () => {
    const dataset = await opened('s.txt', 'one\ntwo', {
      inputs: [{ name: 't', dtype: 'string', shape: ['n', 1] }],
    });
    expect(dataset.arrays.get('t')!.dims).toEqual([2, 1]);
    expect(await dataset.arrays.get('t')!.texts!(0, 2)).toEqual(['one', 'two']);
  });

  test('no more are read than are wanted', async () => {
    const dataset = await opened('s.jsonl', '"one"\n"two"\nno JSON', { most: 2 });
    expect(dataset.arrays.get('input_ids')!.dims[0]).toBe(2);
  });

  test('JSON lines that have the inputs of the model are taken as they are', async () => {
    const feeds = [1, 2, 3].map((n) => JSON.stringify({ input_ids: [[n, 7]], attention_mask: [[1, 1]] }));
    const dataset = await opened('s.jsonl', feeds.join('\n'));
    expect(await rows(dataset, 'input_ids')).toEqual([
      [1, 7],
      [2, 7],
      [3, 7],
    ]);
  });

  test('by the tokenizer beside the model', async () => {
    const folder = await folderOf({ 's.txt': 'one' });
    await mkdir(join(folder, 'onnx'));
    await copyFile(tokenizer, join(folder, 'tokenizer.json'));
    const model = { path: join(folder, 'onnx', 'model.onnx'), metadata: {} };
    const dataset = await datasetFor(join(folder, 's.txt'), { inputs: bert, model });
    expect(dataset.preprocessing).toContain(join(folder, 'tokenizer.json'));
  });
});

describe('what is wrong is told', () => {
  test.each<[string, string, string, Partial<SampleContext>, string, RegExp]>([
    ['no tokenizer', 's.txt', 'a', { preprocess: undefined as never }, 'OPTION_INVALID', /tokenizer\.json/],
    ['no such column', 's.csv', 'a,b\n1,x', { column: 'c' }, 'OPTION_INVALID', /there is a, b/],
    ['no clear column', 's.csv', 'a,b\nx,y', {}, 'OPTION_INVALID', /Name it/],
    ['a line that is no JSON', 's.jsonl', '"a"\n{"text": ', {}, 'DATA_MALFORMED', /line 2/],
    ['no text in a line', 's.jsonl', '{"text": "a"}\n{"text": null}', {}, 'DATA_MALFORMED', /sample 2/],
    ['nothing', 's.txt', '\n \n', {}, 'DATA_MISMATCH', /no samples/],
    ['a table of a head alone', 's.csv', 'a,b', {}, 'DATA_MALFORMED', /no rows/],
    [
      'a model of images',
      's.txt',
      'a',
      { inputs: [{ name: 'x', dtype: 'float32', shape: [1, 3, 8, 8] }] },
      'DATA_MISMATCH',
      /takes their tokens/,
    ],
    [
      'another file as a tokenizer',
      's.txt',
      'a',
      { preprocess: 'package.json' },
      'OPTION_INVALID',
      /tokenizer cannot be used/,
    ],
  ])('%s', async (_, name, text, more, code, words) => {
    const problem = await opened(name, text, more).catch((error: unknown) => error);
    expect(problem).toMatchObject({ code, message: expect.stringMatching(words) });
  });
});
