import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { espalier, folder, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);
const run = (args: readonly string[], cwd = home) => espalier(args, { cwd });
const left = (stdout: string): number => JSON.parse(stdout).after.params;

beforeEach(async () => {
  home = await folder();
  await mkdir(at('sub'));
  await writeFile(at('m.onnx'), mlp());
  await writeFile(at('samples.npz'), samples());
  return () => rm(home, { recursive: true });
});

test('values of the nearest file hold where nothing is typed, and paths lie beside it', async () => {
  await writeFile(
    at('espalier.config.mjs'),
    "export default { threads: 1, prune: { ratio: 0.5, output: 'small.onnx', criterion: 'l1:2+l2', data: 'samples.npz', labels: 'label' } };",
  );
  const { code, stdout } = await run(['prune', '../m.onnx', '--json'], at('sub'));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    output: at('small.onnx'),
    verification: { accuracy: { labels: 'label' } },
  });
  expect(existsSync(at('small.onnx'))).toBe(true);
});

test('what is typed holds, and an amount that is typed takes the place of any in the file', async () => {
  await writeFile(at('espalier.config.json'), JSON.stringify({ prune: { macs: 0.25, dryRun: true } }));
  const budget = await run(['prune', 'm.onnx', '--json']);
  const ratio = await run(['prune', 'm.onnx', '--ratio', '0.25', '--json']);
  const other = await run(['prune', 'm.onnx', '--macs', '0.9', '--json']);
  expect(left(budget.stdout)).toBeLessThan(left(ratio.stdout));
  expect(left(ratio.stdout)).toBeLessThan(left(other.stdout));
  const none = await run(['prune', 'm.onnx', '--no-config']);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringMatching(/nothing says how much/) });
  await writeFile(at('other.json'), JSON.stringify({ prune: { ratio: 0.25, dryRun: true } }));
  const named = await run(['prune', 'm.onnx', '--config', 'other.json', '--json']);
  expect(left(named.stdout)).toBe(left(ratio.stdout));
});

test('what a command must be given may stand in the file', async () => {
  await run(['prune', 'm.onnx', '-o', 'small.onnx', '--plan', 'plan.json', '--ratio', '0.5']);
  await writeFile(at('espalier.config.json'), JSON.stringify({ apply: { output: 'again.onnx' } }));
  expect(await run(['apply', 'm.onnx', 'plan.json'])).toMatchObject({ code: 0 });
  expect(existsSync(at('again.onnx'))).toBe(true);
});

test('plugins of the file are loaded from beside it', async () => {
  await writeFile(
    at('mine.mjs'),
    "export default ({ registerCriterion }) => registerCriterion({ name: 'mine', summary: 'all alike', score: (groups) => groups.map(({ lanes }) => new Float64Array(lanes).fill(1)) });",
  );
  await writeFile(at('espalier.config.json'), JSON.stringify({ plugins: ['./mine.mjs'] }));
  const { stdout } = await run(['criteria'], at('sub'));
  expect(stdout).toMatch(/^mine +/m);
});

test.each<[string, unknown, RegExp]>([
  [
    'an unknown command',
    { prun: {} },
    /"prun" is neither a command nor an option[\s\S]*Did you mean prune\?/,
  ],
  ['an unknown option', { prune: { mac: 0.5 } }, /"mac" is neither[\s\S]*Did you mean macs\?/],
  ['a wrong value', { prune: { macs: 2 } }, /macs must be a fraction above 0 and up to 1, not 2/],
  ['a value of another type', { prune: { dryRun: 'yes' } }, /dryRun must be true or false, not "yes"/],
  ['no object', [], /it gives no object/],
  ['a command that is no object', { prune: 3 }, /prune is no object/],
  ['plugins that are none', { plugins: 'mine' }, /plugins is no list of paths/],
])('wrong files are told with their name: %s', async (_, content, text) => {
  await writeFile(at('espalier.config.json'), JSON.stringify(content));
  const { code, stderr } = await run(['prune', 'm.onnx']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(text) });
  expect(stderr).toContain('espalier.config.json');
});

test('a file that cannot be read is told', async () => {
  await writeFile(at('espalier.config.json'), '{');
  expect(await run(['inspect', 'm.onnx'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/cannot be read/),
  });
  const missing = await run(['inspect', 'm.onnx', '--config', 'nowhere.json']);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/nowhere\.json/) });
  expect(await run(['--version'])).toMatchObject({ code: 0 });
});
