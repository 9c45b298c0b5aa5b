import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openModel, report } from '../../src/index.js';
import { Builder } from '../support/builder.js';
import { encodeModel } from '../support/onnx.js';
import { startChromium } from './chromium.js';
import { openAll, openReport, Reports, seeAll } from './reports.js';

let browser: Browser;
let reports: Reports;
beforeAll(async () => {
  [browser, reports] = await Promise.all([startChromium(), Reports.in()]);
});
afterAll(async () => {
  await browser?.close();
  await reports?.remove();
});

const NAMES: readonly (readonly [string, string])[] = [
  ['ends the script', `</script><script>globalThis.hurt = 1</script><!--`],
  ['is HTML', `<img src=x onerror="globalThis.hurt = 1"><b>`],
  ['is written from the right', '\u202eשלום/مرحبا\u2066.weight'],
  ['has 10,000 characters', 'conv'.repeat(2500)],
  ['has 10,000 modules', 'm/'.repeat(5000)],
  ['is no name', ' \u0000\n\t$& {{script}} __proto__'],
  ['is that of every object', '__proto__/constructor'],
];

/** A small model all of whose names hold a text. */
function named(name: string): Uint8Array {
  const b = new Builder();
  const own = (part: string): string => `${name}${part}`;
  const hidden = b.node('Relu', own('/relu'), [
    b.node('MatMul', own('/matmul'), [own('x'), b.weight(own('/w'), [8, 16])]),
  ]);
  b.node('MatMul', own('/y'), [hidden, b.weight(own('/v'), [16, 4])]);
  return encodeModel({
    ...{ opset: 17, nodes: b.nodes, initializers: b.initializers },
    inputs: [{ name: own('x'), shape: ['n', 8] }],
    outputs: [{ name: own('/y'), shape: ['n', 4] }],
  });
}

test.each(NAMES)('a name that %s is text, and moves nothing', async (what, name) => {
  const original = named(name);
  using model = await openModel(original);
  const outcome = await model.prune({ ratio: 0.5, roundTo: 1 });
  const made = await report(original, await outcome.toBytes(), { outcome, compare: false, command: name });
  const path = reports.path(what.replaceAll(/\W/g, '-'));
  await made.save(path);
  for (const width of [1280, 390]) {
    const { page, errors, requests } = await openReport(browser, path, { viewport: { width, height: 800 } });
    await seeAll(page);
    await openAll(page);
    for (const box of await page.locator('.box').all()) await box.dispatchEvent('click');
    expect(await page.evaluate('globalThis.hurt')).toBeUndefined();
    expect({ errors, requests }).toEqual({ errors: [], requests: [] });
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await page.close();
  }
});
