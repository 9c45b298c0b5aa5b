import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { TreePairs } from '../../src/options/types.js';
import { espalier, folder, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);
const tree = (...args: string[]) => espalier(['tree', at('mlp.onnx'), '--data', at('samples.npz'), ...args]);

beforeAll(async () => {
  home = await folder();
  await writeFile(at('mlp.onnx'), mlp());
  await writeFile(at('wide.onnx'), mlp(48));
  await writeFile(at('samples.npz'), samples());
});

test('text: every pair, the drawing, the order', async () => {
  const { code, stdout, stderr } = await tree('--group', 'w1');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^group +w1: 16 lanes, 120 pairs, 4 levels$/m);
  expect(stdout).toMatch(/^seen at +r; 8 rows of 8 samples$/m);
  expect(stdout.match(/^ +[1-4] +\d+ +\d+ /gm)).toHaveLength(15);
  expect(stdout.match(/deleted, costs/g)).toHaveLength(15);
  expect(stdout).toMatch(/^leave in this order \(level, then cost\):( \d+){16}$/m);
});

test('of a large group the beginnings, and how to see the rest', async () => {
  const wide = ['tree', at('wide.onnx'), '--data', at('samples.npz'), '--group', 'w1'];
  const { stdout, stderr } = await espalier(wide);
  expect(stdout).toMatch(/^ +1 +… 18 more$/m);
  expect(stdout).toMatch(/ … 16 more … /);
  expect(stderr).toContain('--all');
  const all = await espalier([...wide, '--all']);
  expect(all.stdout).not.toContain('more');
  expect(all.stdout.match(/^ +[1-6] +\d+ +\d+ /gm)).toHaveLength(47);
});

test('JSON gives it whole', async () => {
  const { code, stdout } = await tree('--group', 'w1', '--json', '--estimator', 'gaussian', '--bins', '256');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as TreePairs;
  expect(report).toMatchObject({ variant: 'pairs', pairCount: 120, depth: 4, lanes: 16 });
  expect(report.estimator).toEqual({ kind: 'gaussian', bins: 256 });
  expect(report.pairs).toHaveLength(120);
  expect(report.levels.map(({ parents }) => parents.length)).toEqual([8, 4, 2, 1]);
  expect(report.order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, lane) => lane));
});

test('judged by consumers and by the output', async () => {
  const consumers = await tree('--group', 'w1', '--variant', 'consumers');
  expect(consumers.stdout).toMatch(/^judged by +3 output lanes of /m);
  const output = await tree('--group', 'w1', '--variant', 'output', '--bins', '4', '--miller-madow');
  expect(output.stdout).toMatch(/^judged by +the class that y names$/m);
  expect(output.stdout).toMatch(/4 bins of equal width.*corrected/);
});

test('wrong usage is told before the model runs', async () => {
  const unknown = await tree('--group', 'w3', '--json');
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean w1?') });
  expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: 'OPTION_INVALID' } });
  expect(await espalier(['tree', at('mlp.onnx'), '--group', 'w1'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--data'),
  });
  expect(await tree('--group', 'w1', '--bins', '65')).toMatchObject({ code: 2 });
  expect(await tree('--group', 'w1', '--variant', 'paris')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('pairs'),
  });
  const missing = await espalier(['tree', at('mlp.onnx'), '--group', 'w1', '--data', at('nowhere.npz')]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('FILE_NOT_FOUND') });
});
