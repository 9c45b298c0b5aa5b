// What importing the package costs, over the start of Node itself.
//
//   npm run bench:start -- [--runs N] [--quick]
//
//   --runs N   the least of so many; 21 by default
//   --quick    few runs
//
// Each line is a process of its own. They take turns, so that a machine that gets busy slows them all; what counts is the difference to
// an empty program of the same module system. `open` imports the package and analyses a small model: all that a first call loads.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const runs = Number(values.runs ?? (values.quick ? 3 : 21));

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-start-'));
const model = JSON.stringify(join(root, 'examples/lenet5_mnist.onnx'));

/** Programs by their names, and the one that each is compared with. */
const PROGRAMS: Readonly<Record<string, { readonly code: string; readonly over?: string }>> = {
  'empty.mjs': { code: '' },
  'empty.cjs': { code: '' },
  'import.mjs': { code: "import 'espalier';", over: 'empty.mjs' },
  'require.cjs': { code: "require('espalier');", over: 'empty.cjs' },
  'open.mjs': {
    code: `import { openModel } from 'espalier'; (await openModel(${model})).inspect();`,
    over: 'empty.mjs',
  },
  'cli.cjs': {
    code: "process.argv.push('--version'); require('./node_modules/espalier/dist/node/cli/main.cjs');",
    over: 'empty.cjs',
  },
};

try {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/espalier'), 'junction');
  for (const [name, { code }] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), code);
  console.log(report(measured()));
} finally {
  rmSync(folder, { recursive: true });
}

/** What a process took, in milliseconds: until it ended, and of all processors. */
interface Taken {
  readonly wall: number;
  readonly cpu: number;
}

/** What each program took, run by run. */
function measured(): ReadonlyMap<string, readonly Taken[]> {
  const taken = new Map(Object.keys(PROGRAMS).map((name) => [name, [] as Taken[]]));
  // The first of each reads files that the system does not hold in memory yet.
  for (let run = -1; run < runs; run++)
    for (const [name, of] of taken) {
      const one = once(join(folder, name));
      if (run >= 0) of.push(one);
    }
  return taken;
}

function once(program: string): Taken {
  const usage = join(folder, 'usage.json');
  const from = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', new URL('usage.mjs', import.meta.url).href, program],
    { encoding: 'utf8', env: { ...process.env, ESPALIER_USAGE: usage } },
  );
  const wall = performance.now() - from;
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return { wall, cpu: 1000 * (JSON.parse(readFileSync(usage, 'utf8')) as { cpu: number }).cpu };
}

/** The least of all runs: what a program takes while nothing else has the machine. */
function report(taken: ReadonlyMap<string, readonly Taken[]>): string {
  const table = new Table({
    head: ['program', 'ms', 'over an empty one', 'CPU ms', 'over an empty one'],
    style: { head: [], border: [] },
  });
  const least = (name: string, of: keyof Taken): number =>
    Math.min(...(taken.get(name) ?? []).map((one) => one[of]));
  for (const [name, { over }] of Object.entries(PROGRAMS)) {
    const cells = (['wall', 'cpu'] as const).flatMap((of) => {
      const ms = least(name, of);
      return [ms.toFixed(0), over === undefined ? '' : (ms - least(over, of)).toFixed(0)];
    });
    table.push([name, ...cells]);
  }
  return `${table}\nleast of ${runs} runs, Node ${process.version}`;
}
