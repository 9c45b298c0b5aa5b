// Whole processes: espalier prune beside cp of as many bytes as it reads and writes.
//
//   npm run bench -- [MODEL.onnx ...] [--megabytes 100,2000] [--runs N] [--cold] [--folder FOLDER] [--quick]
//
//   MODEL.onnx ...  models to prune; by default convolutional networks of these sizes are made
//   --megabytes M   100 by default; from 4000 on the weights are a sparse file, whose zeros cost no disk to read
//   --runs N        medians of so many; 5 by default
//   --cold          also with nothing of the files in the system's page cache (Linux)
//   --folder F      where to make models and outputs, for the time of the run; by default a temporary folder
//   --quick         small and once
//   --python P      also the peers that this Python has: onnxsim on the same models (benches/peers.py); medians of 3 at most
//   --torch NAME    with it: Torch-Pruning on this model of torchvision, such as resnet50
//
// `start` is espalier --version, `inspect` start and the analysis of the graph, `prune` all. What prune takes beyond inspect is
// compared with `cp` of the model, and of what was written, to new files. Ratios are of one run of this command: the
// machine's own speed cancels out.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { writeLarge } from './models.js';

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(here, '..', 'dist', 'node', 'cli', 'main.cjs');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    megabytes: { type: 'string', default: '100' },
    runs: { type: 'string' },
    cold: { type: 'boolean', default: false },
    folder: { type: 'string' },
    quick: { type: 'boolean', default: false },
    python: { type: 'string' },
    torch: { type: 'string' },
  },
});
/** What a measured process used: seconds and bytes. */
interface Usage {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
}

if (values.folder !== undefined) mkdirSync(values.folder, { recursive: true });
const runs = Number(values.runs ?? (values.quick ? 1 : 5));
const work = mkdtempSync(join(values.folder ?? tmpdir(), 'espalier-bench-'));

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function timed(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly wall: number } {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return { wall };
}

function node(args: readonly string[]): Usage {
  const usage = join(work, 'usage.json');
  const { wall } = timed(process.execPath, ['--import', join(here, 'usage.mjs'), ...args], {
    ESPALIER_USAGE: usage,
  });
  return { wall, ...JSON.parse(readFileSync(usage, 'utf8')) };
}

/** A peer's whole process; the reason where it has none. */
function peer(name: string, model: string): Usage | string {
  const usage = join(work, 'usage.json');
  const used: Usage[] = [];
  const most = Math.min(runs, 3);
  for (let run = 0; run < (runs === 1 ? 1 : most + 1); run++) {
    rmSync(usage, { force: true });
    try {
      const args = [join(here, 'peers.py'), name, model, join(work, 'peer.onnx')];
      const { wall } = timed(values.python!, args, { ESPALIER_USAGE: usage });
      if (run > 0 || runs === 1) used.push({ wall, ...JSON.parse(readFileSync(usage, 'utf8')) });
    } catch (error) {
      return (error as Error).message.trim().split('\n').at(-1)!;
    }
  }
  const of = (key: keyof Usage): number => median(used.map((usage) => usage[key]));
  return { wall: of('wall'), cpu: of('cpu'), rss: of('rss') };
}

/** A model and its data. */
const filesOf = (model: string): string[] => [model, ...[`${model}.data`].filter(existsSync)];

const bytesOf = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + statSync(file).size, 0);

/** Takes files out of the system's page cache. */
function forget(files: readonly string[]): void {
  for (const file of files)
    timed('dd', [`if=${file}`, `of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0']);
}

function copied(files: readonly string[], cold: boolean): number {
  if (cold) forget(files);
  const to = (file: string): string => join(work, `copy-${basename(file)}`);
  // GNU's cp leaves holes where there are some, and what is pruned has none.
  const whole = process.platform === 'linux' ? ['--sparse=never'] : [];
  const wall = files.reduce((sum, file) => sum + timed('cp', [...whole, file, to(file)]).wall, 0);
  for (const file of files) rmSync(to(file));
  return wall;
}

function measure(model: string, cold: boolean): Record<string, string> {
  const files = filesOf(model);
  const out = join(work, 'out.onnx');
  const samples = { node: [], start: [], inspect: [], prune: [] } as Record<string, Usage[]>;
  const copies: number[] = [];
  let written = 0;
  for (let run = 0; run < (runs === 1 ? 1 : runs + 1); run++) {
    const of = (args: readonly string[]): Usage => {
      if (cold) forget(files);
      return node(args);
    };
    const bare = of([join(here, 'usage.mjs')]);
    const start = of([cli, '--version']);
    const inspect = of([cli, 'inspect', model]);
    const options = ['--ratio', '0.5', '--criterion', 'entropy', '--quiet'];
    const prune = of([cli, 'prune', model, '-o', out, ...options]);
    written = bytesOf(filesOf(out));
    const copy = copied(files, cold) + copied(filesOf(out), false);
    for (const file of filesOf(out)) rmSync(file);
    if (run === 0 && runs > 1) continue; // warms the page cache
    Object.entries({ node: bare, start, inspect, prune }).forEach(([name, usage]) => {
      samples[name]!.push(usage);
    });
    copies.push(copy);
  }
  const of = (name: string, key: keyof Usage): number => median(samples[name]!.map((sample) => sample[key]));
  const beyond = of('prune', 'wall') - of('inspect', 'wall');
  const copy = median(copies);
  return {
    model: `${basename(model)}${cold ? ', cold' : ''}`,
    'MB in, out': `${(bytesOf(files) / 1e6).toFixed(0)}, ${(written / 1e6).toFixed(0)}`,
    'start s': of('start', 'wall').toFixed(2),
    inspect: of('inspect', 'wall').toFixed(2),
    prune: of('prune', 'wall').toFixed(2),
    beyond: beyond.toFixed(2),
    cp: copy.toFixed(2),
    'beyond / cp': (beyond / copy).toFixed(2),
    'CPU s': of('prune', 'cpu').toFixed(2),
    'peak MiB': (of('prune', 'rss') / 2 ** 20).toFixed(0),
    'above node': ((of('prune', 'rss') - of('node', 'rss')) / 2 ** 20).toFixed(0),
  };
}

try {
  const sizes = values.quick ? [1] : values.megabytes.split(',').map(Number);
  const models =
    positionals.length > 0
      ? positionals
      : sizes.map((size) => writeLarge(join(work, `convnet-${size}MB.onnx`), size * 1e6, size >= 4000));
  const rows = models.flatMap((model) =>
    (values.cold ? [false, true] : [false]).map((cold) => measure(model, cold)),
  );
  const table = new Table({ head: Object.keys(rows[0]!), style: { head: [], border: [] } });
  for (const row of rows) table.push(Object.values(row));
  const commit = execFileSync('git', ['-C', here, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim();
  console.log(
    `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}, commit ${commit}, medians of ${runs}`,
  );
  console.log(table.toString());
  if (values.python !== undefined) {
    const asked = [...models.map((model) => ['onnxsim', model]), ['torch-pruning', values.torch ?? '']];
    const peers = new Table({
      head: ['peer', 'model', 's', 'CPU s', 'peak MiB'],
      style: { head: [], border: [] },
    });
    for (const [name, model] of asked.filter(([, model]) => model !== '')) {
      const used = peer(name!, model!);
      peers.push([
        name!,
        basename(model!),
        ...(typeof used === 'string'
          ? [{ content: used, colSpan: 3 }]
          : [used.wall.toFixed(2), used.cpu.toFixed(2), (used.rss / 2 ** 20).toFixed(0)]),
      ]);
    }
    console.log(peers.toString());
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
