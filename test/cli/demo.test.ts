import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { folder } from './espalier.js';

test('the example halves the multiply-adds and keeps the accuracy', async () => {
  const demo = fileURLToPath(new URL('../../examples/demo.mjs', import.meta.url));
  const out = join(await folder(), 'half.onnx');
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo, out], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const last = (word: string) => Number(new RegExp(`^${word} .*?([\\d.]+) %\\s*$`, 'm').exec(stdout)?.[1]);
  expect(last('multiply-adds')).toBeLessThanOrEqual(50);
  expect(last('accuracy')).toBeGreaterThanOrEqual(98);
});
