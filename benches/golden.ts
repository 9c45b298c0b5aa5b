// Whether plans and files are still those of an earlier state: hashes of both over a folder of models.
//
//   npm run bench:golden -- MODELS --write GOLDEN.json
//   npm run bench:golden -- MODELS --check GOLDEN.json
//
// MODELS is a folder of .onnx files. Where NAME.npz lies beside NAME.onnx its arrays are samples, and the model is refitted to
// them too: these files are the same on one machine alone (see "Invariants" in ARCHITECTURE.md).
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EspalierError, loadData, openModel, type PlanOptions, type Pruned } from '../src/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'string' }, check: { type: 'string' }, only: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined || (values.write === undefined) === (values.check === undefined)) {
  console.error('usage: npm run bench:golden -- MODELS (--write | --check) GOLDEN.json [--only NAME]');
  process.exit(2);
}

const COMMANDS: Readonly<Record<string, PlanOptions>> = {
  '--ratio 0.5': { ratio: 0.5 },
  '--macs 0.5': { macs: 0.5 },
  '--params 0.6 --exact --criterion l2': { params: 0.6, exact: true, criterion: 'l2' },
};

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** [plan, file]: what came out, or the code of the error. */
async function hashesOf(prune: () => Promise<Pruned>): Promise<readonly string[]> {
  try {
    const pruned = await prune();
    return [sha256(JSON.stringify(pruned.plan)), sha256(await pruned.toBytes())].map((hash) =>
      hash.slice(0, 16),
    );
  } catch (problem) {
    if (problem instanceof EspalierError) return [problem.code];
    throw problem;
  }
}

const found: Record<string, readonly string[]> = {};
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => file.slice(0, -'.onnx'.length));
for (const name of names.sort()) {
  if (values.only !== undefined && name !== values.only) continue;
  const model = await openModel(join(folder, `${name}.onnx`));
  const samples = join(folder, `${name}.npz`);
  const data = existsSync(samples) ? await loadData(samples) : undefined;
  const commands = Object.entries(COMMANDS).map(([text, options]) => [text, options] as const);
  if (data !== undefined) commands.push(['--macs 0.5 --data', { macs: 0.5, data, samples: 64 }]);
  for (const [text, options] of commands)
    found[`${name} ${text}`] = await hashesOf(() => model.prune(options));
  model.dispose();
  process.stderr.write('.');
}
process.stderr.write('\n');

if (values.write !== undefined) writeFileSync(values.write, `${JSON.stringify(found, undefined, 1)}\n`);
else {
  const expected = JSON.parse(readFileSync(values.check!, 'utf8')) as typeof found;
  const keys = Object.keys(expected).filter(
    (key) => values.only === undefined || key.startsWith(`${values.only} `),
  );
  const other = keys.filter((key) => found[key]?.join() !== expected[key]!.join());
  for (const key of other)
    console.log(`${key}: ${expected[key]!.join(' ')} before, ${found[key]?.join(' ') ?? 'nothing'} now`);
  console.log(`${keys.length - other.length} of ${keys.length} are as before`);
  process.exitCode = other.length > 0 ? 1 : 0;
}
