import { readFileSync, writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from './chromium.js';
import { openReport, Reports, seeAll } from './reports.js';

// Pictures of a report are compared with those that somebody has looked at, as coarse images: letters may be of another font, and lines lie
// a pixel aside. After a change that is meant, `ESPALIER_PICTURES=write npm run test:browser` writes them anew: look at them first.

const FILE = new URL('pictures.json', import.meta.url);
/** Columns and rows of a coarse image. */
const GRID = { width: 40, height: 24 };
/** How unlike coarse images may be: their mean difference, of 255, and the share of cells that are clearly another colour. */
const MOST_MEAN = 5;
const MOST_CELLS = 0.04;
const CLEARLY = 64;

interface Coarse {
  /** Of the picture itself, in pixels. */
  readonly size: readonly [width: number, height: number];
  /** Red, green and blue of each cell, row by row, in base64. */
  readonly cells: string;
}

const write = process.env.ESPALIER_PICTURES === 'write';
const known = (write ? {} : JSON.parse(readFileSync(FILE, 'utf8'))) as Record<string, Coarse>;

let browser: Browser;
let reports: Reports;
let counter: Page;
beforeAll(async () => {
  [browser, reports] = await Promise.all([startChromium(), Reports.in()]);
  await reports.ofWeights();
  counter = await browser.newPage();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await reports?.remove();
  if (write) writeFileSync(FILE, `${JSON.stringify(known, null, 2)}\n`);
});

/** A picture as means over cells. */
async function coarse(png: Buffer): Promise<Coarse> {
  const address = `data:image/png;base64,${png.toString('base64')}`;
  const program = `(async () => {
    const image = new Image();
    image.src = ${JSON.stringify(address)};
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const [columns, rows] = [${GRID.width}, ${GRID.height}];
    const sums = new Float64Array(columns * rows * 4);
    for (let y = 0; y < image.height; y++)
      for (let x = 0; x < image.width; x++) {
        const cell = 4 * (Math.floor((y * rows) / image.height) * columns + Math.floor((x * columns) / image.width));
        for (let channel = 0; channel < 3; channel++) sums[cell + channel] += data[4 * (y * image.width + x) + channel];
        sums[cell + 3] += 1;
      }
    const cells = [];
    for (let cell = 0; cell < sums.length; cell += 4)
      for (let channel = 0; channel < 3; channel++) cells.push(Math.round(sums[cell + channel] / sums[cell + 3]));
    return { size: [image.width, image.height], cells: btoa(String.fromCharCode(...cells)) };
  })()`;
  return (await counter.evaluate(program)) as Coarse;
}

/** How unlike two coarse images are. */
function difference(a: Coarse, b: Coarse): { readonly mean: number; readonly clearly: number } {
  const [x, y] = [a, b].map(({ cells }) => Buffer.from(cells, 'base64')) as [Buffer, Buffer];
  let sum = 0;
  let clearly = 0;
  for (let cell = 0; cell < x.length; cell += 3) {
    const apart = [0, 1, 2].map((channel) => Math.abs(x[cell + channel]! - y[cell + channel]!));
    sum += apart.reduce((all, own) => all + own, 0);
    if (Math.max(...apart) > CLEARLY) clearly += 1;
  }
  return { mean: sum / x.length, clearly: clearly / (x.length / 3) };
}

const PICTURES = [
  ['weights', 'widths', '#widths svg[data-picture]'],
  ['weights', 'bytes', '#bytes svg[data-picture]'],
  ['weights', 'graph', '#graph .canvas'],
  ['weights', 'sensitivity', '#sensitivity table'],
  ['weights', 'lanes', '#lanes svg[data-picture]'],
] as const;

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each(PICTURES)('the report "%s" draws %s as it did', async (name, what, selector) => {
    const viewport = { width: 1000, height: 900 };
    const { page } = await openReport(browser, reports.path(name), {
      viewport,
      colorScheme,
      deviceScaleFactor: 1,
    });
    await seeAll(page);
    const found = await coarse(await page.locator(selector).first().screenshot());
    await page.close();
    const key = `${what}, ${colorScheme}`;
    if (write) known[key] = found;
    const { mean, clearly } = difference(found, known[key]!);
    expect(mean, `${key}: mean difference`).toBeLessThan(MOST_MEAN);
    expect(clearly, `${key}: cells of another colour`).toBeLessThan(MOST_CELLS);
    // The table's size depends on the font; drawings have theirs from the page.
    if (what !== 'sensitivity') expect(found.size).toEqual(known[key]!.size);
  });
});

test('a picture that is another one is found', () => {
  const [a, b] = [known['widths, light']!, known['bytes, light']!];
  const { mean, clearly } = difference(a, b);
  expect(mean).toBeGreaterThan(MOST_MEAN);
  expect(clearly).toBeGreaterThan(MOST_CELLS);
});
