import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadData, openModel, verify } from '../../src/index.js';

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const model = readFileSync(example('lenet5_mnist.onnx'));
const samples = readFileSync(example('mnist-digits.npz'));

/** What pruning a model from a source gives. Its bytes tell of the plan, and that of the file's name. */
async function pruned(source: Parameters<typeof openModel>[0]) {
  using opened = await openModel(source);
  const made = await opened.prune({ ratio: 0.5 });
  const { length } = await made.toBytes();
  return { file: opened.file, groups: made.plan.groups, length };
}

const sources: readonly (readonly [string, () => Blob | Response, string])[] = [
  ['a blob', () => new Blob([model]), 'model.onnx'],
  ['a file', () => new File([model], 'digits.onnx'), 'digits.onnx'],
  ['an answer', () => new Response(model), 'model.onnx'],
];

describe('a model', () => {
  test.each(sources)('from %s is the one of its bytes', async (_, make, file) => {
    expect(await pruned(make())).toEqual({ ...(await pruned(model)), file, length: expect.any(Number) });
  });

  test('from an answer that is none is refused', async () => {
    const missing = new Response('', { status: 404, statusText: 'Not Found' });
    await expect(openModel(missing)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', what: /404 Not Found/ });
    const failed = new Response('', { status: 500 });
    await expect(openModel(failed)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    const used = new Response(model);
    await used.arrayBuffer();
    await expect(openModel(used)).rejects.toMatchObject({ code: 'OPTION_INVALID', what: /read already/ });
  });
});

describe('samples', () => {
  const file = new File([samples], 'digits.npz');

  test('from a blob or file are those of the path', async () => {
    const [read, named, same] = [
      await loadData(new Blob([samples])),
      await loadData(file),
      await loadData(example('mnist-digits.npz')),
    ];
    expect([read.source, named.source]).toEqual(['samples', 'digits.npz']);
    expect([...read.arrays.keys()]).toEqual([...same.arrays.keys()]);
    const digit = (of: typeof read) => of.arrays.get('input')!.read(499, 500);
    expect(await digit(read)).toEqual(await digit(same));
  });

  test('that are none say so, with the name of the file', async () => {
    const broken = new File([samples.subarray(0, 5000)], 'cut.npz');
    await expect(loadData(broken)).rejects.toMatchObject({
      code: 'DATA_MALFORMED',
      where: { file: 'cut.npz' },
    });
  });

  test('and models may be blobs wherever a path may be', async () => {
    const { accuracy } = await verify(new Blob([model]), new Blob([model]), {
      ...{ data: file, labels: 'label', samples: 100, runs: 0 },
    });
    expect(accuracy?.original).toBeGreaterThan(0.9);
  });
});
