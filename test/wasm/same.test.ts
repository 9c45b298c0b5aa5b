import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { addon } from '../../src/platform/index.js';
import { loadAddon } from '../../src/platform/node/addon.js';
import { host } from '../../src/platform/node/targets.js';
import { prunings } from './prunings.js';

const isWasm = process.env.ESPALIER_WASM === '1';
const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));

test.runIf(isWasm)('the addon of these tests is not the native one', () => {
  expect(addon()).not.toBe(loadAddon(host(), manifest));
});

test.runIf(isWasm)('WebAssembly makes the same plans and the same bytes as the native addon', async () => {
  const program = fileURLToPath(new URL('prunings.ts', import.meta.url));
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const native = promisify(execFile)(process.execPath, ['--import', tsx, program], {
    env: { ...process.env, ESPALIER_WASM: '0' },
    maxBuffer: 1 << 24,
  });
  const [ours, { stdout }] = await Promise.all([prunings(), native]);
  expect(ours).toEqual(JSON.parse(stdout));
  const made = Object.values(ours).filter((text) => text.includes(' '));
  expect(made.length).toBeGreaterThan(80);
  expect(new Set(made).size).toBeGreaterThan(made.length / 2);
});
