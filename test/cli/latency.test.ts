import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PruningOutcome } from '../../src/cli/outcome.js';
import { espalier, folder, mlp, withoutRuntime } from './espalier.js';

test('--latency measures once, and tells what it predicts', async () => {
  const home = await folder();
  const cache = await mkdtemp(join(tmpdir(), 'espalier-cache-'));
  const env = { XDG_CACHE_HOME: cache };
  // Wide enough that the layers take longer than a run of nothing.
  await writeFile(join(home, 'mlp.onnx'), mlp(65536));
  const prune = ['prune', join(home, 'mlp.onnx'), '--dry-run', '--latency', '0.8', '--criterion', 'l2'];
  const text = await espalier(prune, { env });
  expect(text.stderr).toBe('');
  expect(text.stdout).toMatch(/^predicted latency +\S+ ms of \S+ ms, \S+ %: from 2 layers measured/m);
  expect(await readdir(join(cache, 'espalier'))).toHaveLength(1);
  const json = await espalier([...prune, '--json'], { env });
  const { latency } = JSON.parse(json.stdout) as PruningOutcome;
  expect(latency).toMatchObject({ points: 0, layers: { measured: 2, estimated: 0 } });
  expect(latency!.ratio).toBeLessThanOrEqual(0.8);
});

test('--latency without a runtime says what to install', async () => {
  const home = await folder();
  await writeFile(join(home, 'mlp.onnx'), mlp());
  const entry = await withoutRuntime();
  const args = ['prune', join(home, 'mlp.onnx'), '--dry-run', '--latency', '0.5'];
  const { code, stderr } = await espalier(args, { entry, cwd: home });
  expect(stderr).toMatch(/RUNTIME_MISSING[\s\S]*npm install onnxruntime-node/);
  expect(code).toBe(1);
});

test.each([
  [['--latency', '2'], /latency must be a fraction above 0 and up to 1, not 2/],
  [['--latency', 'fast'], /"fast" is not a number/],
  [['--latency', '0.5', '--macs', '0.5'], /two budgets at once: --macs and --latency/],
  [['--latency', '0.5', '--ratio', '0.5'], /a ratio and a budget \(--latency\) at once/],
])('wrong usage: %s', async (args, words) => {
  const { code, stderr } = await espalier(['prune', 'nowhere.onnx', '--dry-run', ...args]);
  expect(stderr).toMatch(words);
  expect(code).toBe(2);
});
