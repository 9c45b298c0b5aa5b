import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReportData } from '../../src/index.js';
import { espalier as run } from './espalier.js';

const espalier = (...args: string[]) => run(args);

const inExamples = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const MODEL = inExamples('lenet5_mnist.onnx');
const DATA = inExamples('mnist-digits.npz');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-report-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function told(name: string): ReportData {
  const page = readFileSync(at(name), 'utf8');
  return JSON.parse(/id="data">(.*?)</s.exec(page)![1]!);
}

test('prune, apply, verify and report write pages that tell of the same models', async () => {
  const [small, plan] = [at('small.onnx'), at('plan.json')];
  const pruned = await espalier(
    'prune',
    MODEL,
    '-o',
    small,
    '--ratio',
    '0.5',
    '--plan',
    plan,
    '--report',
    at('prune.html'),
  );
  expect(pruned).toMatchObject({ code: 0, stdout: expect.stringContaining('prune.html') });
  const again = await espalier(
    'apply',
    MODEL,
    plan,
    '-o',
    at('again.onnx'),
    '--report',
    at('apply.html'),
    '--json',
  );
  expect(JSON.parse(again.stdout)).toMatchObject({ report: at('apply.html') });
  const verified = await espalier('verify', MODEL, small, '--runs', '0', '--report', at('verify.html'));
  expect(verified.code).toBe(0);
  const reported = await espalier(
    'report',
    MODEL,
    small,
    '--plan',
    plan,
    '--no-compare',
    '-o',
    at('report.html'),
  );
  expect(reported).toMatchObject({ code: 0, stdout: `written: ${at('report.html')}\n` });
  const all = ['prune.html', 'apply.html', 'verify.html', 'report.html'].map(told);
  for (const { groups, pruned: after } of all) {
    expect(groups.map(({ lanes }) => lanes)).toEqual(all[0]!.groups.map(({ lanes }) => lanes));
    expect(after!.size).toEqual(all[0]!.pruned!.size);
  }
  expect(all[0]!.made.command).toMatch(/^espalier prune .*--ratio 0\.5/);
  expect(all[2]!.verification!.data.random).toBe(true);
  expect(all[3]!.verification).toBeUndefined();
});

test('a tree is drawn for one model', async () => {
  const { code } = await espalier(
    'tree',
    MODEL,
    '--group',
    'c1',
    '--data',
    DATA,
    '--samples',
    '50',
    '--report',
    at('tree.html'),
  );
  expect(code).toBe(0);
  expect(told('tree.html')).toMatchObject({ tree: { variant: 'pairs' } });
  expect(told('tree.html').pruned).toBeUndefined();
});

test('nothing is overwritten unasked, and a wrong place is told before the work', async () => {
  await writeFile(at('there.html'), 'mine');
  const refused = await espalier(
    'prune',
    MODEL,
    '-o',
    at('other.onnx'),
    '--ratio',
    '0.5',
    '--report',
    at('there.html'),
  );
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
  expect(existsSync(at('other.onnx'))).toBe(false);
  expect(readFileSync(at('there.html'), 'utf8')).toBe('mine');
  const same = await espalier('report', MODEL, MODEL, '-o', MODEL, '--force');
  expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining('would overwrite') });
  const nowhere = await espalier('report', MODEL, MODEL, '-o', at('no/where.html'));
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('OUTPUT_UNWRITABLE') });
});
