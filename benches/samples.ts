// What pruning on samples costs beside the runtime's own passes over them: phase by phase, as ratios in one run.
//
//   npm run bench:samples -- [--model MODEL --data SAMPLES] [--samples N] [--macs SHARE] [--quick]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { datasetOf } from '../src/data/dataset.js';
import { type Dataset, loadData, openModel } from '../src/index.js';
import { onnxruntime } from '../src/runtime/onnxruntime.js';
import type { Tensor } from '../src/runtime/runtime.js';

import { encodeModel } from '../test/support/onnx.js';
import { convnet } from './models.js';

const { values } = parseArgs({
  options: {
    ...{ model: { type: 'string' }, data: { type: 'string' }, samples: { type: 'string' } },
    ...{ macs: { type: 'string', default: '0.5' }, quick: { type: 'boolean', default: false } },
  },
});
/** Samples that the runtime is given at once, where nothing but its answer is asked for. */
const BATCH = 16;

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
try {
  const [path, data] = await subject();
  const samples = Number(values.samples ?? Object.values(Object.fromEntries(data.arrays))[0]!.dims[0]!);
  const times: (readonly [phase: string, ms: number])[] = [['passes', await passes(path, data, samples)]];
  using model = await openModel(path);
  let [phase, since] = ['load', performance.now()];
  const turn = (next: string): void => {
    if (next === phase) return;
    times.push([phase, performance.now() - since]);
    [phase, since] = [next, performance.now()];
  };
  const pruned = await model.prune({
    ...{ data, samples, macs: Number(values.macs) },
    onProgress: (progress) => turn(progress.phase),
  });
  turn('');
  const table = new Table({ head: ['phase', 's', 'of the passes'], style: { head: [], border: [] } });
  for (const [name, ms] of times)
    table.push([name, (ms / 1000).toFixed(1), `${(ms / times[0]![1]).toFixed(2)} x`]);
  const macs = ((100 * pruned.after.macs) / pruned.before.macs).toFixed(0);
  console.log(`${cpus()[0]!.model}, ${cpus().length} threads, Node ${process.version}`);
  console.log(`${samples} samples, ${macs} % of the multiply-adds left`);
  console.log(table.toString());
  if (pruned.reconstruction !== undefined)
    console.log(
      `${pruned.reconstruction.layers} layers refitted on ${pruned.reconstruction.samples} samples`,
    );
  console.log(`peak resident memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function subject(): Promise<readonly [path: string, data: Dataset]> {
  if (values.model !== undefined && values.data !== undefined)
    return [values.model, await loadData(values.data)];
  const path = join(folder, 'convnet.onnx');
  writeFileSync(path, encodeModel(convnet(values.quick ? 2 : 9, values.quick ? 16 : 64)));
  const dims = [values.quick ? 32 : 512, 3, 32, 32];
  const x = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * i));
  return [path, datasetOf({ x: { type: 'float32', data: x, dims } })];
}

/** The runtime's own time for all samples, where the model takes several at once. */
async function passes(path: string, data: Dataset, samples: number): Promise<number> {
  const session = await onnxruntime().load(path);
  try {
    let sum = 0;
    for (let from = 0; from < samples; from += BATCH) {
      const to = Math.min(samples, from + BATCH);
      const feeds: Record<string, Tensor> = {};
      for (const { name, dtype } of session.inputs) {
        const array = data.arrays.get(name) ?? [...data.arrays.values()][0]!;
        const part = await array.read(from, to);
        feeds[name] = { type: dtype as 'float32', data: part, dims: [to - from, ...array.dims.slice(1)] };
      }
      const start = performance.now();
      await session.run(feeds);
      sum += performance.now() - start;
    }
    return sum;
  } finally {
    await session.dispose();
  }
}
