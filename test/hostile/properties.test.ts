import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { properties } from './properties.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-hostile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// `npm run fuzz` has as many as there is time for.
test.each([
  ['data', 400],
  ['planText', 200],
  ['planData', 300],
  ['modelBytes', 300],
  ['modelGraph', 400],
] as const)('whatever comes, it ends in a result or in an error of ours: %s', async (name, numRuns) => {
  await fc.assert(properties[name]!(folder), { numRuns });
});
