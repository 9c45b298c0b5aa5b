/**
 * The properties of hostile input, for as long as one wants: `npm run fuzz -- --minutes 60`.
 *
 *   --minutes N   by default 1
 *   --seed S      of the first cases; by default another one each time
 *   --only NAME   one property
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { properties } from './properties.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const began = performance.now();
const minutes = (): number => (performance.now() - began) / 60_000;
const end = Number(values.minutes ?? 1);
const chosen = Object.entries(properties).filter(([name]) => (values.only ?? name) === name);
const folder = mkdtempSync(join(tmpdir(), 'espalier-fuzz-'));
const runs = new Map(chosen.map(([name]) => [name, 0]));
const spent = new Map(chosen.map(([name]) => [name, 0]));

console.log(`The input that is tried lies in ${folder}.`);
let found = false;
for (let seed = Number(values.seed ?? Date.now() % 2 ** 31); !found && minutes() < end; seed++) {
  for (const [name, make] of chosen) {
    const before = minutes();
    const result = await fc.check(make(folder), {
      seed,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: Math.max(1, Math.min(10_000, (end - before) * 60_000)),
    });
    runs.set(name, runs.get(name)! + result.numRuns);
    spent.set(name, spent.get(name)! + minutes() - before);
    if (result.failed && !result.interrupted) {
      console.log(fc.defaultReportMessage(result));
      found = true;
    }
  }
}
for (const [name, count] of runs)
  console.log(`${name}: ${count} inputs in ${spent.get(name)!.toFixed(1)} minutes`);
process.exitCode = found ? 1 : 0;
