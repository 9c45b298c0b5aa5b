import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ARCHIVE, cases, DOCUMENT } from './archive.js';
import { check, type Outcome } from './check.js';
import { EXCEPTIONS } from './exceptions.js';
import { report } from './report.js';

test('the conformance tests of ONNX', { timeout: 300_000 }, async (context) => {
  if (!existsSync(ARCHIVE))
    context.skip('onnx-conformance.tar.gz does not lie in ../shared, beside the repository');
  const outcomes: Outcome[] = [];
  for await (const one of cases(ARCHIVE)) outcomes.push(await check(one));

  const faults = outcomes.flatMap(({ name, faults }) =>
    faults.length === 0 ? [] : [[name, faults] as const],
  );
  expect(Object.fromEntries(faults.filter(([name]) => EXCEPTIONS[name] === undefined))).toEqual({});
  expect(faults.map(([name]) => name).sort(), 'exceptions that still are').toEqual(
    Object.keys(EXCEPTIONS).sort(),
  );
  expect(outcomes.filter(({ notRun }) => notRun === undefined).length).toBeGreaterThan(1400);
  expect(outcomes.filter(({ pruned }) => pruned > 0).length).toBeGreaterThan(600);
  // What onnxruntime refuses depends on the machine, such as on the languages installed, and is not compared.
  expect(readFileSync(DOCUMENT, 'utf8'), 'npm run conformance').toContain(report(outcomes).ours);
});
