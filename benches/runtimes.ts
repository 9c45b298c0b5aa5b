// onnxruntime-node beside onnxruntime-web, in Node: how fast either loads and runs a model, and what pruning on samples takes with it.
//
//   npm run bench:runtimes -- [--model MODEL --data SAMPLES] [--runs N] [--quick]
//
//   --model, --data   by default LeNet-5 and 500 digits (examples)
//   --runs N          the least of so many; 3 by default
//   --quick           once, on few samples
//
// They take turns, so that a machine that gets busy slows both.
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { loadData, onnxruntime, onnxruntimeWeb, openModel, type Runtime, verify } from '../src/index.js';

const example = (name: string): string => fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: example('lenet5_mnist.onnx') },
    data: { type: 'string', default: example('mnist-digits.npz') },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs ?? (values.quick ? 1 : 3));
const samples = values.quick ? 32 : undefined;

/** What is measured, in seconds. */
interface Taken {
  readonly load: number;
  readonly verify: number;
  readonly prune: number;
}

const runtimes = { 'onnxruntime-node': onnxruntime(), 'onnxruntime-web': onnxruntimeWeb() };
const taken: Record<keyof typeof runtimes, Taken[]> = { 'onnxruntime-node': [], 'onnxruntime-web': [] };
for (let run = 0; run < runs; run++)
  for (const name of ['onnxruntime-node', 'onnxruntime-web'] as const)
    taken[name].push(await once(runtimes[name]));

const table = new Table({
  head: ['', 'MB on disk', 'load s', 'verify s', 'prune s'],
  style: { head: [], border: [] },
});
for (const name of ['onnxruntime-node', 'onnxruntime-web'] as const) {
  const least = (of: keyof Taken): string => Math.min(...taken[name].map((each) => each[of])).toFixed(2);
  table.push([name, (bytesOf(name) / 1e6).toFixed(0), least('load'), least('verify'), least('prune')]);
}
console.log(`${cpus()[0]!.model}, ${cpus().length} threads, Node ${process.version}; least of ${runs}`);
console.log(table.toString());

async function once(runtime: Runtime): Promise<Taken> {
  const { model: path, data } = values;
  const load = await seconds(async () => (await runtime.load(path)).dispose());
  const options = { data: await loadData(data), runtime, ...(samples === undefined ? {} : { samples }) };
  using model = await openModel(path);
  const prune = await seconds(() => model.prune({ macs: 0.5, ...options }));
  return { load, verify: await seconds(() => verify(path, path, options)), prune };
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return (performance.now() - from) / 1000;
}

/** Bytes of all files of an installed package. */
function bytesOf(name: string): number {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(join('node_modules', name))) + join('node_modules', name);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
