// Whole processes, Node's start included: espalier prune against cp of the same files.
//
//   npm run bench -- [MODEL.onnx ...] [--runs N] [--quick]
//
// Without a model a convolutional network of 100 MB is made; --quick makes a small one and runs once. Ratios are of one
// run of this command: the machine's own speed cancels out.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { writeConvnet } from './models.js';

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(here, '..', 'dist', 'cli', 'main.js');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
});
/** What a measured process used: seconds and bytes. */
interface Usage {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
}

const runs = values.quick ? 1 : Number(values.runs);
const work = mkdtempSync(join(tmpdir(), 'espalier-bench-'));

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

function measure(model: string): Record<string, string> {
  const files = [model, ...[`${model}.data`].filter(existsSync)];
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const out = join(work, 'out.onnx');
  const samples = { start: [] as Usage[], prune: [] as Usage[], copy: [] as { wall: number }[] };
  for (let run = 0; run < runs + 1; run++) {
    const start = node([cli, '--version']);
    const prune = node([
      cli,
      'prune',
      model,
      '-o',
      out,
      '--ratio',
      '0.5',
      '--criterion',
      'entropy',
      '--force',
      '--quiet',
    ]);
    let wall = 0;
    for (const file of files) wall += timed('cp', [file, join(work, 'copy')]).wall;
    if (run === 0 && runs > 1) continue; // warms the page cache
    samples.start.push(start);
    samples.prune.push(prune);
    samples.copy.push({ wall });
  }
  const of = (name: 'start' | 'prune', key: keyof Usage): number =>
    median(samples[name].map((sample) => sample[key]));
  const copy = median(samples.copy.map((sample) => sample.wall));
  return {
    model: basename(model),
    size: `${(bytes / 1e6).toFixed(0)} MB`,
    'prune, wall s': of('prune', 'wall').toFixed(2),
    'prune, CPU s': of('prune', 'cpu').toFixed(2),
    'peak MiB': (of('prune', 'rss') / 2 ** 20).toFixed(0),
    'start alone, wall s': of('start', 'wall').toFixed(2),
    'start, peak MiB': (of('start', 'rss') / 2 ** 20).toFixed(0),
    'cp, wall s': copy.toFixed(2),
    'prune / cp': (of('prune', 'wall') / copy).toFixed(1),
  };
}

try {
  const models =
    positionals.length > 0
      ? positionals
      : [writeConvnet(join(work, 'convnet.onnx'), values.quick ? 1e6 : 1e8)];
  const rows = models.map(measure);
  const table = new Table({ head: Object.keys(rows[0]!), style: { head: [], border: [] } });
  for (const row of rows) table.push(Object.values(row));
  const commit = execFileSync('git', ['-C', here, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim();
  console.log(
    `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}, commit ${commit}, medians of ${runs}`,
  );
  console.log(table.toString());
} finally {
  rmSync(work, { recursive: true, force: true });
}
