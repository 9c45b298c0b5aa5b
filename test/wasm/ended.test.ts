import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const isWasm = process.env.ESPALIER_WASM === '1';
const tsx = createRequire(import.meta.url).resolve('tsx');
const program = fileURLToPath(new URL('exhausted.ts', import.meta.url));

describe.runIf(isWasm).each([
  ['of one thread', 'single'],
  ['with threads', '1'],
])('WebAssembly %s that runs out of memory', (_, wasm) => {
  test('says so to whoever waits, and the next model is opened by another instance', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, program], {
      env: { ...process.env, ESPALIER_WASM: wasm },
      timeout: 120_000,
    });
    const { given, failed, later, again } = JSON.parse(stdout);
    const todo = expect.stringContaining('at most 4 GiB');
    expect(given).toEqual(['INTERNAL', 'there is too little memory for what was given', todo]);
    expect(failed).toEqual([
      'INTERNAL',
      expect.stringMatching(/^the WebAssembly of Espalier stopped in the middle of a call: .*memory/),
      todo,
    ]);
    expect(later).toEqual(failed);
    expect(again).toBeGreaterThan(1000);
  });
});
