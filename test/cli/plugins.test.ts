import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier, folder, mlp, samples } from './espalier.js';

let cwd: string;
const run = (...args: readonly string[]) => espalier(args, { cwd });
const write = (name: string, text: string | Uint8Array): Promise<void> => writeFile(join(cwd, name), text);

const criterion = (name: string, rest = ''): string => `
  export default ({ registerCriterion }) => registerCriterion({
    name: '${name}', summary: 'what I say', ${rest}
    score: ({ groups, options }) => groups.map(({ lanes }) =>
      Float64Array.from({ length: lanes }, (_, lane) => lane * (options.factor ?? 1))),
  });`;

beforeAll(async () => {
  cwd = await folder();
  await write('model.onnx', mlp());
  await write('samples.npz', samples());
  await write(
    'mine.mjs',
    criterion('mine', "options: { factor: { default: 1, above: 0, help: 'what scores are times' } },"),
  );
  await write(
    'policy.mjs',
    `export default async ({ registerPolicy, registerOperator }) => {
       registerPolicy({ name: 'one', summary: 'keeps one', takes: 'ratio',
         allocate: ({ units }) => new Map(units.map(({ id }) => [id, 1])) });
       registerOperator({ domain: 'com.example', op: 'Mine', summary: 'passes', rule: ({ input }) => [input(0)] });
     };`,
  );
});

describe('--plugin', () => {
  test('makes a criterion, its options and a policy known to a command, before it or behind it', async () => {
    const { code, stdout } = await run(
      ...['--plugin', 'mine.mjs', 'score', 'model.onnx', '--criterion', 'mine', '--factor', '2.5', '--json'],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout).groups[0].scores.slice(0, 3)).toEqual([0, 2.5, 5]);
    const pruned = await run(
      ...[
        'prune',
        'model.onnx',
        '-o',
        'out.onnx',
        '--ratio',
        '0.5',
        '--criterion',
        'mine',
        '--policy',
        'one',
      ],
      ...[
        '--plugin=./policy.mjs',
        '--plugin',
        'mine.mjs',
        '--round-to',
        '1',
        '--json',
        '--plan',
        'plan.json',
      ],
    );
    expect([pruned.code, pruned.stderr]).toEqual([0, '']);
    expect(JSON.parse(pruned.stdout).groups).toEqual([{ id: 'w1', lanes: 16, kept: 1, exact: true }]);
  });

  test('adds to the lists, the help and what is offered for a wrong name', async () => {
    const lists = ['criteria', 'policies', 'operators'].map((list) =>
      run(list, '--plugin', 'mine.mjs', '--plugin', 'policy.mjs', '--json'),
    );
    const [criteria, policies, operators] = (await Promise.all(lists)).map(({ stdout }) =>
      JSON.parse(stdout),
    );
    expect(criteria.at(-1)).toMatchObject({
      name: 'mine',
      options: { factor: { default: 1, takes: 'a number above 0' } },
    });
    expect(policies.at(-1)).toEqual({ name: 'one', summary: 'keeps one' });
    expect(operators).toContainEqual(expect.objectContaining({ domain: 'com.example', op: 'Mine' }));
    const help = await run('prune', '--help', '--plugin', 'mine.mjs');
    expect(help.stdout).toMatch(/--factor <N>\s+of mine: what scores are times/);
    const wrong = await run('score', 'model.onnx', '--criterion', 'min', '--plugin', 'mine.mjs');
    expect([wrong.code, /Did you mean mine\?/.test(wrong.stderr)]).toEqual([2, true]);
    const range = await run(
      'score',
      'model.onnx',
      '--criterion',
      'mine',
      '--factor',
      '0',
      '--plugin',
      'mine.mjs',
    );
    expect([range.code, /--factor must be a number above 0, not 0/.test(range.stderr)]).toEqual([2, true]);
  });

  test('without it the names are unknown', async () => {
    const { code, stderr } = await run('score', 'model.onnx', '--criterion', 'mine');
    expect([code, /There is entropy/.test(stderr)]).toEqual([2, true]);
  });
});

describe('a plugin that cannot be used is said to be one', () => {
  test.each<[string, string, RegExp]>([
    [
      'registers nothing',
      'export const a = 1;',
      /the plugin registers nothing here\n {2}at bad.mjs\n {2}It may have imported another copy/,
    ],
    [
      'throws',
      "throw new Error('oh no');",
      /the plugin cannot be loaded: oh no\n {2}at bad.mjs\n {2}Mend the module/,
    ],
    [
      'is no JavaScript',
      'export default (',
      /the plugin cannot be loaded: Unexpected end of input\n {2}at bad.mjs\n {2}Give a module of JavaScript/,
    ],
    [
      'imports what is not there',
      "import 'espalier-none';",
      /the plugin cannot be loaded: Cannot find package 'espalier-none'.*\n {2}at bad.mjs\n {2}Install what the module imports/,
    ],
    [
      'registers what there is',
      criterion('entropy'),
      /the plugin cannot be loaded: there is a criterion "entropy" already\n {2}at bad.mjs\n {2}Choose another name/,
    ],
    [
      'takes a flag of the command',
      criterion('bad', "options: { ratio: { default: 1, help: 'h' } },"),
      /an option "ratio", and --ratio means something else already/,
    ],
    [
      'takes a flag that switches off',
      criterion('bad', "options: { reconstruct: { default: true, help: 'h' } },"),
      /an option "reconstruct", and --reconstruct means/,
    ],
    [
      'takes a flag otherwise',
      criterion('bad', "options: { bins: { default: 'few', help: 'h' } },"),
      /an option "bins", and --bins takes a number for other criteria, not a string/,
    ],
  ])('%s', async (_, text, expected) => {
    const name = 'bad.mjs';
    await write(name, text);
    const { code, stderr } = await run('criteria', '--plugin', name);
    expect(stderr).toMatch(expected);
    expect(code).toBe(1);
  });

  test('is not there, as a file or as a package', async () => {
    const file = await run('criteria', '--plugin', './none.mjs', '--json');
    expect(JSON.parse(file.stdout).error).toMatchObject({
      ...{ code: 'EXTENSION_FAILED', what: 'the plugin cannot be loaded: there is no such file' },
      where: { file: './none.mjs' },
      todo: expect.stringContaining('Give the path of a module'),
    });
    const installed = await run('criteria', '--plugin', 'espalier-none');
    expect([
      installed.code,
      /the plugin cannot be loaded: there is neither such a file nor such a package here/.test(
        installed.stderr,
      ),
    ]).toEqual([1, true]);
  });

  test('gives scores that cannot be used', async () => {
    await write('nan.mjs', criterion('nan').replace('lane * (options.factor ?? 1)', 'NaN'));
    const { code, stderr } = await run('score', 'model.onnx', '--criterion', 'nan', '--plugin', 'nan.mjs');
    expect([code, stderr]).toEqual([
      1,
      'EXTENSION_FAILED: the criterion nan gave NaN for lane 0 of the group "w1"\n  Scores must be finite numbers, 0 at least.\n',
    ]);
  });
});
