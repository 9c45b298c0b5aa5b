import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { targetsIn } from '../../src/cli/models.js';
import { espalier, folder, main, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);

beforeAll(async () => {
  home = await folder();
  await mkdir(at('models/deep'), { recursive: true });
  await writeFile(at('models/a.onnx'), mlp(16));
  await writeFile(at('models/b.onnx'), mlp(32));
  await writeFile(at('models/rubbish.onnx'), 'this is no model');
  await writeFile(at('models/deep/a.onnx'), mlp(8));
  await writeFile(at('samples.npz'), samples());
});

test('models that a pattern names are pruned alike; one that fails stops no other', async () => {
  const { code, stdout, stderr } = await espalier(
    ['prune', 'models/*.onnx', '--out-dir', 'new/small', '--plan-dir', 'plans', '--ratio', '0.5'],
    { cwd: home },
  );
  expect(code).toBe(1);
  expect(await readdir(at('new/small'))).toEqual(['a.onnx', 'b.onnx']);
  expect(await readdir(at('plans'))).toEqual(['a.plan.json', 'b.plan.json']);
  expect(stdout).toMatch(/models\/a\.onnx .*50\.0 %.* new\/small\/a\.onnx/);
  expect(stdout).toMatch(/models\/rubbish\.onnx .*MODEL_MALFORMED/);
  expect(stdout).toMatch(/^models +2 of 3 pruned$/m);
  expect(stderr).toMatch(/3 of 3, models\/rubbish\.onnx: failed, MODEL_MALFORMED/);
  const alone = await espalier(['prune', 'models/b.onnx', '-o', 'b.onnx', '--ratio', '0.5'], { cwd: home });
  expect(alone.code).toBe(0);
  expect(await readFile(at('b.onnx'))).toEqual(await readFile(at('new/small/b.onnx')));
});

test('--json prints a line for each model', async () => {
  const { code, stdout } = await espalier(
    [
      ...['prune', 'models/a.onnx', 'models/nowhere.onnx', 'models/b.onnx', '--out-dir', 'lines'],
      ...['--ratio', '0.5', '--data', 'samples.npz', '--labels', 'label', '--json'],
    ],
    { cwd: home },
  );
  expect(code).toBe(1);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { file: 'models/a.onnx', output: 'lines/a.onnx', verification: { ok: true } },
    { file: 'models/nowhere.onnx', error: { code: 'FILE_NOT_FOUND' } },
    { file: 'models/b.onnx', output: 'lines/b.onnx' },
  ]);
});

test('what is there stays, unless it is forced', async () => {
  await mkdir(at('there'));
  await writeFile(at('there/a.onnx'), 'mine');
  const args = ['prune', 'models/a.onnx', 'models/b.onnx', '--out-dir', 'there', '--ratio', '0.5'];
  const { code, stdout } = await espalier(args, { cwd: home });
  expect(code).toBe(1);
  expect(stdout).toMatch(/OUTPUT_EXISTS/);
  expect(await readFile(at('there/a.onnx'), 'utf8')).toBe('mine');
  expect(existsSync(at('there/b.onnx'))).toBe(true);
  expect(await espalier([...args, '--force'], { cwd: home })).toMatchObject({ code: 0 });
  const own = await espalier(['prune', 'models/b.onnx', '--out-dir', 'models', '--ratio', '0.5', '--force'], {
    cwd: home,
  });
  expect(own).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/would overwrite what it is made from/),
  });
});

test.each<[string, string[], RegExp]>([
  ['one output for several', ['-o', 'x.onnx'], /--output names one file, and there are 3 models/],
  ['one plan for several', ['--out-dir', 'x', '--plan', 'p.json'], /--plan names one file/],
  ['no folder', [], /no output is given for 3 models/],
])('wrong usage: %s', async (_, more, text) => {
  const ended = await espalier(['prune', 'models/*.onnx', '--ratio', '0.5', ...more], { cwd: home });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(text) });
});

test('a pattern that nothing fits is told', async () => {
  const ended = await espalier(['prune', 'modls/*.onnx', '--out-dir', 'x', '--ratio', '0.5'], { cwd: home });
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/no file fits the pattern/) });
});

test('models of one name keep the folders that tell them apart', () => {
  expect(targetsIn('out', ['m/a.onnx', 'm/b.onnx'])).toEqual(['out/a.onnx', 'out/b.onnx']);
  expect(targetsIn('out', ['m/x/a.onnx', './m/y/a.onnx'])).toEqual(['out/x/a.onnx', 'out/y/a.onnx']);
  expect(targetsIn('out', ['../b/a.onnx', '../a/a.onnx'])).toEqual(['out/b/a.onnx', 'out/a/a.onnx']);
  const above = targetsIn('out', ['../a.onnx', 'a.onnx', 'a/a.onnx']);
  expect(new Set(above).size).toBe(3);
  for (const path of above) expect(path).toMatch(/^out\/.*a\.onnx$/);
});

test('- reads a model from standard input, and writes one to standard output', async () => {
  const run = (line: string) => promisify(execFile)('sh', ['-c', line], { cwd: home, encoding: 'buffer' });
  const program = `"${process.execPath}" "${main}"`;
  const { stdout, stderr } = await run(`${program} prune - -o - --ratio 0.5 < models/a.onnx`);
  await espalier(['prune', 'models/a.onnx', '-o', 'file.onnx', '--ratio', '0.5'], { cwd: home });
  // The plan's hash is in it, and that names the file.
  expect(stdout.length).toBe((await readFile(at('file.onnx'))).length);
  expect(String(stderr)).toMatch(/parameters[\s\S]*written: standard output/);
  const piped = await run(
    `${program} prune - -o - --ratio 0.5 < models/a.onnx | ${program} inspect - --json`,
  );
  expect(JSON.parse(String(piped.stdout))).toMatchObject({ groups: [{ lanes: 8 }] });
});
