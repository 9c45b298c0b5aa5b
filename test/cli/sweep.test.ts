import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { espalier, folder, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);
const run = (args: readonly string[]) => espalier(args, { cwd: home });
const sweep = (macs: string, ...more: string[]) =>
  run([
    'sweep',
    'm.onnx',
    '--data',
    'samples.npz',
    '--labels',
    'label',
    '--macs',
    macs,
    '--criterion',
    'l2,l1:2+l2',
    ...more,
  ]);

beforeAll(async () => {
  home = await folder();
  await writeFile(at('m.onnx'), mlp());
  await writeFile(at('other.onnx'), mlp(8));
  await writeFile(at('samples.npz'), samples());
});

test('a sweep prints a table, writes all numbers, and goes on from them', async () => {
  const first = await sweep('0.8,0.5', '-o', 'sweep.json');
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^l2 +allocate +macs 0\.8 /m);
  expect(first.stdout).toMatch(/^test +2 samples judge/m);
  const before = JSON.parse(await readFile(at('sweep.json'), 'utf8'));
  expect(before.points).toHaveLength(4);
  const second = await sweep('0.8,0.3', '-o', 'sweep.json');
  expect(second.stderr).toMatch(/Going on from sweep\.json: 4 points are there/);
  const after = JSON.parse(await readFile(at('sweep.json'), 'utf8'));
  expect(after.points).toHaveLength(6);
  expect(after.points).toEqual(expect.arrayContaining(before.points));
  const shown = await run(['compare', 'sweep.json', 'sweep.json', '--json']);
  expect(JSON.parse(shown.stdout).points).toHaveLength(6);
});

test('what lies there and is no sweep stays', async () => {
  await writeFile(at('mine.json'), '{}');
  const { code, stderr } = await sweep('0.5', '-o', 'mine.json');
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/OUTPUT_EXISTS.*no sweep/) });
  expect(await readFile(at('mine.json'), 'utf8')).toBe('{}');
});

test('several models are compared with one', async () => {
  await run(['prune', 'm.onnx', '-o', 'half.onnx', '--ratio', '0.5']);
  const args = [
    'compare',
    'm.onnx',
    'half.onnx',
    'nowhere.onnx',
    '--data',
    'samples.npz',
    '--labels',
    'label',
  ];
  const { code, stdout } = await run(args);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^m\.onnx .* 100\.0 %/m);
  expect(stdout).toMatch(/^half\.onnx /m);
  expect(stdout).toMatch(/^nowhere\.onnx .*FILE_NOT_FOUND$/m);
  const lost = await run(['compare', 'lost.onnx', 'half.onnx']);
  expect(lost).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/FILE_NOT_FOUND/) });
});

test.each<[string, string[], RegExp]>([
  ['one model', ['compare', 'm.onnx'], /nothing to compare/],
  ['no amount', ['sweep', 'm.onnx', '--data', 'samples.npz'], /how much to remove/],
  ['no data', ['sweep', 'm.onnx', '--macs', '0.5'], /--data/],
  [
    'an unknown criterion',
    ['sweep', 'm.onnx', '--data', 'samples.npz', '--macs', '0.5', '--criterion', 'l3'],
    /There is entropy/,
  ],
])('wrong usage: %s', async (_, args, text) => {
  expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(text) });
});
