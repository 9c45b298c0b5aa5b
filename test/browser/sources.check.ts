import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DataArray, openModel } from '../../src/index.js';
import { startChromium } from './chromium.js';
import { type Served, serve } from './server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MODEL = '/examples/lenet5_mnist.onnx';

let browser: Browser;
let served: Served;
let page: Page;
beforeAll(async () => {
  [browser, served] = await Promise.all([startChromium(), serve(root, false)]);
  page = await browser.newPage();
  await page.goto(`${served.address}examples/browser/dist/index.html`);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

/** Runs a program in the page's own thread, with what the package exports as `espalier`. */
const inPage = (program: string): Promise<unknown> =>
  page.evaluate(`(async () => { const espalier = await import('/dist/browser/index.js'); ${program} })()`);

// Of one without a name, as Node calls it too: bytes tell of the plan, and that of the file's name.
test.each([
  ['a blob', `await (await fetch('${MODEL}')).blob()`, async () => readFile(`${root}${MODEL}`)],
  ['an answer', `await fetch('${MODEL}')`, async () => `${root}${MODEL}`],
  ['an address', `'${MODEL}'`, async () => `${root}${MODEL}`],
  ['a URL', `new URL('${MODEL}', location.href)`, async () => `${root}${MODEL}`],
  ['bytes', `await (await fetch('${MODEL}')).arrayBuffer()`, async () => readFile(`${root}${MODEL}`)],
])('a model from %s is pruned as in Node, also outside of a worker', async (_, source, inNode) => {
  const bytes = await inPage(`
    const model = await espalier.openModel(${source});
    const pruned = await model.prune({ ratio: 0.5 });
    return Array.from(await pruned.toBytes());`);
  using model = await openModel(await inNode());
  const expected = await (await model.prune({ ratio: 0.5 })).toBytes();
  expect(Buffer.from(bytes as number[]).equals(expected)).toBe(true);
});

test('what a browser does not have is said in words', async () => {
  const told = (await inPage(`
    const model = await espalier.openModel('${MODEL}');
    const pruned = await model.prune({ ratio: 0.5 });
    const problems = [
      () => pruned.save('small.onnx'),
      () => model.writeWeightTerms('terms.npz'),
      () => espalier.openModel('/nothing.onnx'),
    ].map((act) => act().catch(({ code, what }) => [code, what]));
    return Promise.all(problems);`)) as [string, string][];
  const noPath = ['OPTION_INVALID', expect.stringContaining('a browser has no files by path')];
  expect(told).toEqual([noPath, noPath, ['FILE_NOT_FOUND', expect.stringContaining('404')]]);
});

test('samples of an address are read, deflated or not', async () => {
  const dims = await inPage(`
    const { arrays } = await espalier.loadData('/examples/mnist-digits.npz');
    const input = arrays.get('input');
    return [...input.dims, (await input.read(499, 500)).length];`);
  expect(dims).toEqual([500, 1, 28, 28, 784]);
});

test('images are seen as in Node, byte for byte', async () => {
  const image = 'test/preprocess/fixtures/wide.png';
  const seen = (await inPage(`
    const model = await espalier.openModel('${MODEL}');
    const blob = await (await fetch('/${image}')).blob();
    const { arrays, preprocessing } = await model.samples([blob], { preprocess: '0..1' });
    const [[, array]] = arrays;
    return { preprocessing, values: Array.from(await array.read(0, 1)) };`)) as Seen;
  using model = await openModel(`${root}${MODEL}`);
  const { arrays, preprocessing } = await model.samples([`${root}${image}`], { preprocess: '0..1' });
  const [[, array]] = [...arrays] as [[string, DataArray]];
  expect(seen).toEqual({ preprocessing, values: Array.from(await array.read(0, 1), Number) });
});

interface Seen {
  readonly preprocessing: string;
  readonly values: readonly number[];
}
