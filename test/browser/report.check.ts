import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from './chromium.js';
import { openAll, openReport, Reports, seeAll } from './reports.js';

let browser: Browser;
let reports: Reports;
let axe: string;
beforeAll(async () => {
  [browser, reports, axe] = await Promise.all([
    startChromium(),
    Reports.in(),
    readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
  ]);
  await Promise.all([reports.ofSamples(), reports.ofWeights(), reports.ofTree()]);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await reports?.remove();
});

/** What axe finds, as sentences. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<Found> } }).axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

const NAMES = ['samples', 'weights', 'tree'];
const SCREENS = [
  ['a desk', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['a desk at night', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
] as const;

describe.each(SCREENS)('on %s', (_, screen) => {
  test.each(NAMES)(
    'the report "%s" opens without errors, asks for nothing, and is accessible',
    async (name) => {
      const { page, errors, requests } = await openReport(browser, reports.path(name), screen);
      await seeAll(page);
      expect(errors).toEqual([]);
      expect(requests).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        screen.viewport.width,
      );
      await openAll(page);
      expect(await faults(page)).toEqual([]);
      await page.close();
    },
  );
});

test('every section of a report on samples is there', async () => {
  const { page } = await openReport(browser, reports.path('samples'));
  const ids = await page.locator('main section').evaluateAll((all) => all.map(({ id }) => id));
  expect(ids.filter((id) => id !== 'warnings')).toEqual([
    ...['scores', 'samples', 'widths', 'bytes', 'graph', 'curve', 'sensitivity', 'lanes', 'reproduce'],
  ]);
  await page.close();
});

describe('by keyboard alone', () => {
  test('the graph is walked along its lines, unfolded and folded', async () => {
    const { page } = await openReport(browser, reports.path('weights'));
    await page.locator('#graph').scrollIntoViewIfNeeded();
    await page.locator('.box[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    const second = await page.locator('.box.chosen').getAttribute('data-box');
    expect(await page.evaluate('document.activeElement.dataset.box')).toBe(second);
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('.box.chosen').getAttribute('data-box')).toBe('0');
    expect(await page.locator('#graph aside dt').first().textContent()).toBe('Operator');
    await page.close();
  });

  test('a module of the treemap is entered, and left again', async () => {
    const { page } = await openReport(browser, reports.path('samples'));
    await page.locator('#bytes .cell').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#bytes .crumbs').textContent()).toContain('›');
    await page.locator('#bytes .crumbs button').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#bytes .crumbs').textContent()).not.toContain('›');
    await page.close();
  });

  test('each picture has its numbers as a table', async () => {
    const { page } = await openReport(browser, reports.path('samples'));
    await seeAll(page);
    const figures = await page.locator('figure').count();
    const summaries = page.locator('figure .table > summary');
    expect(await summaries.count()).toBe(figures);
    for (const summary of await summaries.all()) {
      await summary.focus();
      await page.keyboard.press('Enter');
    }
    expect(await page.locator('figure .table table tbody tr').count()).toBeGreaterThan(figures);
    await page.close();
  });
});

test('a node is found by its name, and its module unfolds', async () => {
  await reports.ofWeights('long', 90);
  const { page } = await openReport(browser, reports.path('long'));
  await page.locator('#graph').scrollIntoViewIfNeeded();
  const nodes = Number(
    /of ([\d,]+) nodes/.exec((await page.locator('.graph-bar').textContent())!)![1]!.replace(',', ''),
  );
  const boxes = page.locator('.box');
  expect(nodes).toBeGreaterThan(150);
  expect(await boxes.count()).toBeLessThan(60);
  await page.locator('#graph input').fill('relu');
  await page.keyboard.press('Enter');
  expect(await page.locator('.box.chosen title').textContent()).toMatch(/relu/i);
  await page.close();
});

test('pictures are saved as SVG and as PNG', async () => {
  const { page, errors } = await openReport(browser, reports.path('weights'));
  const saved = async (form: string): Promise<Buffer> => {
    const button = page.getByRole('button', { name: `Save widths as ${form}` });
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    expect(download.suggestedFilename()).toBe(`widths.${form.toLowerCase()}`);
    return readFile(await download.path());
  };
  const svg = `${await saved('SVG')}`;
  expect(svg).toMatch(/^<svg /);
  expect(svg).toMatch(/<path[^>]* fill="rgb\(15, 118, 110\)"/);
  expect([...(await saved('PNG')).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
  expect(errors).toEqual([]);
  await page.close();
});

test('on paper there is all but what is for pressing', async () => {
  const { page } = await openReport(browser, reports.path('samples'));
  await seeAll(page);
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('.tools').first().isVisible()).toBe(false);
  expect(await page.locator('nav').isVisible()).toBe(false);
  expect(await page.locator('#widths svg').first().isVisible()).toBe(true);
  const pdf = await page.pdf({ format: 'A4' });
  expect(`${pdf.subarray(0, 5)}`).toBe('%PDF-');
  await page.close();
});
