// The native addon and WebAssembly side by side: the same models, pruned to half of their multiply-adds, as processes of Node and in the
// page of examples/browser.
//
//   npm run bench:wasm -- [MODEL.onnx...] [--samples FILE.npz] [--runs N] [--quick]
//
//   MODEL.onnx   by default the one of examples
//   --samples F  what models are refitted to
//   --runs N     the medians of so many; 3 by default
//   --quick      one run
//
// In Node a process opens, plans, cuts and gives the bytes. In the page it is what its user waits for: from the choice of the file until
// its groups are shown, and from the button until the smaller model can be taken. Memory is the most that a process held. Long tasks are
// those of the page's own thread that took 50 ms and more: meanwhile it answers nobody.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Browser } from 'playwright-core';
import { NO_EDITS } from '../src/model/edits.js';
import { openFile } from '../src/native/index.js';
import { startChromium } from '../test/browser/chromium.js';
import { ExamplePage } from '../test/browser/pageOf.js';
import { serve } from '../test/browser/server.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    samples: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs ?? (values.quick ? 1 : 3));
const models = positionals.length > 0 ? positionals : [join(root, 'examples/lenet5_mnist.onnx')];
const { samples } = values;

/** What somebody waited for, in milliseconds, and what it took. */
interface Taken {
  readonly open?: number;
  readonly prune: number;
  readonly megabytes: number;
  /** Milliseconds of each. */
  readonly longTasks?: readonly number[];
}

const PROGRAM = `
const { openModel } = require(process.argv[1]);
(async () => {
  const [, , model, samples] = process.argv;
  const from = performance.now();
  const opened = await openModel(model);
  opened.inspect();
  const open = performance.now() - from;
  const pruned = await opened.prune({ macs: 0.5, ...(samples && { data: samples }) });
  await pruned.toBytes();
  const prune = performance.now() - from - open;
  console.log(JSON.stringify({ open, prune, megabytes: process.resourceUsage().maxRSS / 1024 }));
})();`;

/** A process of Node. */
function inNode(model: string, wasm: boolean): Taken {
  const args = [
    '-e',
    PROGRAM,
    join(root, 'dist/index.cjs'),
    model,
    ...(samples === undefined ? [] : [samples]),
  ];
  const env = { ...process.env, ESPALIER_WASM: wasm ? '1' : '0' };
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })) as Taken;
}

/** A new page of a browser that has nothing else open. */
async function inPage(model: string, address: string): Promise<Taken> {
  const browser = await startChromium();
  try {
    const page = await ExamplePage.open(browser, address);
    await page.page.evaluate(`
      globalThis.longTasks = [];
      new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
        .observe({ type: 'longtask' });`);
    const from = performance.now();
    await page.choose(model);
    const open = performance.now() - from;
    if (samples !== undefined) await page.page.setInputFiles('#samples', samples);
    const between = performance.now();
    await page.prune();
    const prune = performance.now() - between;
    const problem = await page.text('#problem');
    if (problem) throw new Error(`${model}: ${problem}`);
    const longTasks = (await page.page.evaluate('longTasks')) as number[];
    return { open, prune, megabytes: await megabytesOf(browser), longTasks };
  } finally {
    await browser.close();
  }
}

/** The most that any process that shows pages has held; NaN where the system does not say. */
async function megabytesOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const peaks = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => peakOf(id));
  return Math.max(...peaks);
}

function peakOf(process: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))!;
    return Number(kilobytes) / 1024;
  } catch {
    return Number.NaN;
  }
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1] ?? Number.NaN;

const folder = mkdtempSync(join(tmpdir(), 'espalier-wasm-'));
const plain = await serve(join(root, 'examples/browser/dist'), false);
const isolated = await serve(join(root, 'examples/browser/dist'), true);
try {
  const ways: Readonly<Record<string, (model: string) => Taken | Promise<Taken>>> = {
    'Node, native': (model) => inNode(model, false),
    'Node, WebAssembly': (model) => inNode(model, true),
    'a page': (model) => inPage(model, plain.address),
    'a page, isolated': (model) => inPage(model, isolated.address),
  };
  const table = new Table({
    head: ['model', 'MB', 'where', 'open', 'prune', 'both', 'of native', 'memory', 'longest task'],
    style: { head: [], border: [] },
  });
  for (const given of models) {
    const model = await inOneFile(given);
    const size = (readFileSync(model).length / 1e6).toFixed(1);
    const taken = new Map(Object.keys(ways).map((way) => [way, [] as Taken[]]));
    for (let run = 0; run < runs; run++)
      for (const [way, take] of Object.entries(ways)) taken.get(way)!.push(await take(model));
    const both = (way: string) => median(taken.get(way)!.map(({ open = 0, prune }) => open + prune));
    for (const [way, all] of taken) {
      const longest = Math.max(0, ...all.flatMap(({ longTasks = [] }) => longTasks));
      table.push([
        ...[basename(given, '.onnx'), size, way],
        ...[all.map(({ open = 0 }) => open), all.map(({ prune }) => prune)].map((ms) => seconds(median(ms))),
        ...[seconds(both(way)), `${(both(way) / both('Node, native')).toFixed(1)}`],
        `${Math.max(...all.map(({ megabytes }) => megabytes)).toFixed(0)} MB`,
        way.startsWith('Node') ? '' : longest === 0 ? 'none of 50 ms' : `${longest.toFixed(0)} ms`,
      ]);
    }
  }
  console.log(table.toString());
} finally {
  await Promise.all([plain.close(), isolated.close()]);
  rmSync(folder, { recursive: true });
}

/** Pages take models of one file: those with external data are brought into one. */
async function inOneFile(path: string): Promise<string> {
  const model = await openFile(path);
  const file = join(folder, basename(path));
  writeFileSync(file, await model.saveToBytes(NO_EDITS));
  model.dispose();
  return file;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
