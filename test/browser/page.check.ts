import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { stored } from '../support/external.js';
import { startChromium } from './chromium.js';
import { ExamplePage } from './pageOf.js';
import { type Served, serve } from './server.js';

const inExamples = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const model = inExamples('lenet5_mnist.onnx');
const samples = inExamples('mnist-digits.npz');

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());

describe.each([
  ['a page that any server serves', false],
  ['a page that is isolated from others', true],
])('%s', (_, isolated) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(inExamples('browser/dist'), isolated);
  });
  afterAll(() => served?.close());

  test('shows what can be cut, and gives the same bytes as the native addon', async () => {
    const page = await ExamplePage.open(browser, served.address);
    expect(await page.page.evaluate('crossOriginIsolated')).toBe(isolated);
    await page.choose(model);
    expect(await page.page.locator('#groups tbody tr').count()).toBe(3);
    expect(await page.text('#facts-list')).toContain('lenet5_mnist.onnx');
    await page.prune();
    expect(await page.text('#problem')).toBe('');
    using native = await openModel(model);
    const pruned = await native.prune({ macs: 0.5 });
    expect((await page.download()).equals(await pruned.toBytes())).toBe(true);
    expect(page.errors).toEqual([]);
    await page.page.close();
  });

  test('refits to samples and compares both models, over onnxruntime-web', async () => {
    const page = await ExamplePage.open(browser, served.address);
    await page.choose(model);
    await page.page.setInputFiles('#samples', samples);
    await page.prune();
    expect(await page.text('#problem')).toBe('');
    expect(await page.text('#alike')).toMatch(
      /^3 layers were refitted\. On 128 samples, logits: the same class for \d/,
    );
    expect((await page.download()).length).toBeGreaterThan(1000);
    expect(page.errors).toEqual([]);
    await page.page.close();
  });

  test('takes a model whose weights are in another file, together with that or after it', async () => {
    const { model: small, data } = stored(readFileSync(model), 'digits.bin');
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
    const page = await ExamplePage.open(browser, served.address);
    await page.choose(file('digits.onnx', small));
    expect(await page.text('#problem')).toContain('"digits.bin", which was not given');
    await page.choose(file('digits.bin', data));
    expect(await page.text('#problem')).toBe('');
    await page.choose([file('digits.bin', data), file('model.onnx', small)]);
    await page.page.setInputFiles('#samples', samples);
    await page.prune();
    expect(await page.text('#problem')).toBe('');
    expect(await page.text('#alike')).toContain('On 128 samples');
    await page.page.close();
  });

  test('says what is wrong with a file, and takes the next one', async () => {
    const page = await ExamplePage.open(browser, served.address);
    const buffer = Buffer.from('no model at all');
    await page.choose({ name: 'notes.onnx', mimeType: 'application/octet-stream', buffer });
    expect(await page.text('#problem')).toContain('.onnx file');
    expect(await page.page.isHidden('#budget-section')).toBe(true);
    await page.choose(model);
    expect(await page.text('#problem')).toBe('');
    expect(await page.page.isVisible('#budget-section')).toBe(true);
    await page.page.close();
  });

  test('stops, and can begin again', async () => {
    const page = await ExamplePage.open(browser, served.address);
    await page.choose(model);
    await page.page.setInputFiles('#samples', samples);
    await page.page.click('#start');
    await page.page.click('#stop');
    await page.page.waitForSelector('#start:not([disabled])', { timeout: 60_000 });
    await page.page.setInputFiles('#samples', []);
    await page.prune();
    expect(await page.text('#download')).toContain('lenet5_mnist-pruned.onnx');
    await page.page.close();
  });
});
