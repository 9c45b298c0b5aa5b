// Many prunings in one process: models a minute, one after the other and several at once, on one thread and on all; how long the
// event loop is held meanwhile; and what memory does over many jobs.
//
//   npm run bench:throughput -- [MODEL.onnx] [--jobs N] [--at-once N] [--many N] [--quick]
//
// A job opens the model, prunes half of every axis by the entropy of weights, and writes the result. Without a model a
// convolutional network of 20 MB is made; memory is watched over --many jobs of a small one.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { openModel } from '../src/index.js';
import { writeConvnet } from './models.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ jobs: { type: 'string' }, 'at-once': { type: 'string', default: '8' }, many: { type: 'string' } },
    quick: { type: 'boolean', default: false },
  },
});
const jobs = Number(values.jobs ?? (values.quick ? 4 : 48));
const atOnce = Number(values['at-once']);
const many = Number(values.many ?? (values.quick ? 20 : 1000));
/** Milliseconds: the timer by which the event loop is watched. */
const RESOLUTION = 1;

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
try {
  const model = positionals[0] ?? writeConvnet(join(folder, 'model.onnx'), values.quick ? 1e6 : 2e7);
  await run(model, 2, 1);
  const table = new Table({
    head: ['jobs at once', 'threads', 'models a minute', 'of one by one', 'delay p50', 'p99', 'max ms'],
    style: { head: [], border: [] },
  });
  let first = 0;
  for (const [width, threads] of [
    [1, undefined],
    [1, 1],
    [atOnce, undefined],
    [atOnce, 1],
  ] as const) {
    const { seconds, delay } = await run(model, jobs, width, threads);
    const pace = (60 * jobs) / seconds;
    first ||= pace;
    table.push([
      ...[width, threads ?? 'all', pace.toFixed(0), `${(pace / first).toFixed(2)} x`],
      ...delay.map((ms) => ms.toFixed(1)),
    ]);
  }
  console.log(`${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}; ${jobs} jobs each`);
  console.log(table.toString());

  const small = writeConvnet(join(folder, 'small.onnx'), 1e6);
  const rss: number[] = [];
  for (let part = 0; part < 10; part++) {
    await run(small, Math.ceil(many / 10), atOnce);
    globalThis.gc?.();
    rss.push(process.memoryUsage().rss / 2 ** 20);
  }
  console.log(
    `resident MiB after each tenth of ${many} small jobs: ${rss.map((mib) => mib.toFixed(0)).join(' ')}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** So many jobs, so many of them at once. */
async function run(
  model: string,
  count: number,
  width: number,
  threads?: number,
): Promise<{ readonly seconds: number; readonly delay: readonly [p50: number, p99: number, max: number] }> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  const call = threads === undefined ? {} : { threads };
  let next = 0;
  const worker = async (place: number): Promise<void> => {
    while (next++ < count) {
      using opened = await openModel(model, call);
      const pruned = await opened.prune({ ratio: 0.5, criterion: 'entropy', ...call });
      await pruned.save(join(folder, `out${place}.onnx`), { force: true, ...call });
    }
  };
  delay.enable();
  const since = performance.now();
  await Promise.all(Array.from({ length: Math.min(width, count) }, (_, place) => worker(place)));
  const seconds = (performance.now() - since) / 1000;
  await pause(2 * RESOLUTION);
  delay.disable();
  const above = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION);
  return { seconds, delay: [above(delay.percentile(50)), above(delay.percentile(99)), above(delay.max)] };
}
