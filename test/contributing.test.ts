import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mlp, samples } from './cli/espalier.js';
import { compile, espalier, filesIn, inRepository, node, project, write } from './extensions/outside.js';

/** The walk-throughs of CONTRIBUTING.md, carried out as they are written. */

const page = readFileSync(inRepository('CONTRIBUTING.md'), 'utf8');

/** The files that a walk-through writes, by their paths in a folder. */
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(filesIn('CONTRIBUTING.md')).flatMap(([path, text]) =>
      path.startsWith(folder) ? [[path, text] as const] : [],
    ),
  );

interface Edit {
  readonly file: string;
  /** Lines as they stand there, and as they are to be. */
  readonly before: string;
  readonly after: string;
}

/** Each block of a diff: lines that begin with a blank stand there, those with + or - come or go. */
function edits(): readonly Edit[] {
  return [...page.matchAll(/^```diff\n--- a\/(\S+)\n\+\+\+ b\/\S+\n([\s\S]*?)^```$/gm)].map(
    ([, file, body]) => {
      const lines = body!.split('\n').slice(0, -1);
      const without = (sign: string): string =>
        lines
          .filter((line) => !line.startsWith(sign))
          .map((line) => line.slice(1))
          .join('\n');
      return { file: file!, before: without('+'), after: without('-') };
    },
  );
}

async function apply(root: string, { file, before, after }: Edit): Promise<void> {
  const text = await readFile(join(root, file), 'utf8');
  expect(text.split(before), `${file} has these lines once:\n${before}`).toHaveLength(2);
  await writeFile(join(root, file), text.replace(before, after));
}

const made: string[] = [];
afterAll(() => Promise.all(made.map((root) => rm(root, { recursive: true, force: true }))));

/** What of the repository its sources and tests need, to be edited. */
async function checkout(): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'espalier-contributing-')));
  made.push(root);
  for (const path of [
    'src',
    'test/support',
    'test/ops',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
    'index.d.ts',
  ])
    await cp(inRepository(path), join(root, path), { recursive: true });
  for (const path of ['native', 'node_modules']) await symlink(inRepository(path), join(root, path));
  return root;
}

test('an activation: its row makes it known, and its test passes', async () => {
  const root = await checkout();
  const files = filesOf('test/ops/');
  const [test] = Object.keys(files);
  await write(root, files);
  const run = (...given: readonly string[]) =>
    node(root, inRepository('node_modules/vitest/vitest.mjs'), 'run', ...given, '--maxWorkers=1');
  // Without the row it has no rule: the test of the walk-through can fail.
  expect((await run(test!)).code).toBe(1);
  const own = edits().filter(({ file }) => file.startsWith('src/ops/'));
  expect(own.length).toBeGreaterThan(0);
  for (const edit of own) await apply(root, edit);
  const { code, stdout, stderr } = await run(test!, 'test/ops/registry.test.ts');
  expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
});

test('a compression: its folder and its registration are all there is to write', async () => {
  const root = await checkout();
  const [source, tried] = [filesOf('src/compression/'), filesOf('test/compression/')];
  const [file] = Object.keys(source);
  const [test] = Object.keys(tried);
  // The same as the one that its own tests are about.
  const known = await readFile(inRepository('test/compression/halves/halves.ts'), 'utf8');
  expect(source[file!]).toBe(known.replaceAll("'../../../src/", "'../../"));
  await write(root, { ...source, ...tried });
  const run = () =>
    node(root, inRepository('node_modules/vitest/vitest.mjs'), 'run', test!, '--maxWorkers=1');
  expect((await run()).code).toBe(1);
  for (const edit of edits().filter(({ file }) => file.startsWith('src/compression/')))
    await apply(root, edit);
  const { code, stdout, stderr } = await run();
  expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
});

describe('a criterion from outside', () => {
  test('is used by the commands that are shown, and from code', async () => {
    const root = await project('espalier');
    const own = Object.entries(filesOf('outside/')).map(([path, text]) => [
      path.slice('outside/'.length),
      text,
    ]);
    await write(root, { ...Object.fromEntries(own), 'model.onnx': mlp(), 'samples.npz': samples() });
    const [, commands] = /^```sh run=outside\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const outputs: string[] = [];
    for (const line of commands!.trim().split('\n')) {
      expect(line).toMatch(/^npx espalier /);
      const ended = await espalier(root, ...line.split(' ').slice(2));
      expect([line, ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([line, 0, '']);
      outputs.push(ended.stdout);
    }
    expect(outputs).toHaveLength(3);
    expect(outputs[0]).toContain('unlike');
    const { stdout } = await espalier(root, 'inspect', 'small.onnx', '--json');
    expect(JSON.parse(stdout).groups).toMatchObject([{ id: 'w1', lanes: 8 }]);
    expect(await compile(root)).toBe('');
    expect(await node(root, 'use.js')).toEqual({ code: 0, stdout: 'w1 16\n', stderr: '' });
  });

  test('scores what it says: a lane that another one repeats scores 0', async () => {
    const { default: register } = (await import(
      /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(filesOf('outside/')['outside/unlike.mjs']!)}`
    )) as { default: (espalier: object) => void };
    const defined: { score: (task: object) => Promise<readonly Float64Array[]> }[] = [];
    register({ registerCriterion: (own: (typeof defined)[number]) => void defined.push(own) });
    // Lanes a, 2 a, b independent of a, and one that is constant.
    const covariance = Float64Array.of(...[1, 2, 0, 0], ...[2, 4, 0, 0], ...[0, 0, 3, 0], ...[0, 0, 0, 0]);
    const [scores, unseen] = await defined[0]!.score({
      groups: [{ lanes: 4 }, { lanes: 2 }],
      options: { rows: 8 },
      activations: { secondMoments: async () => [{ covariance }, undefined] },
    });
    expect([...scores!]).toEqual([0, 0, 1, 0]);
    expect([...unseen!]).toEqual([1, 1]);
  });
});
