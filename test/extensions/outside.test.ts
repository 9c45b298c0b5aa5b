import { beforeAll, describe, expect, test } from 'vitest';
import { mlp, samples } from '../cli/espalier.js';
import { between } from './models.js';
import { compile, espalier, filesIn, node, project, write } from './outside.js';

/** The package as somebody else has it: installed under its name, typed by its declarations, run as it is built. */

const gated = between(
  [{ op: 'ChannelGate', domain: 'com.example', name: 'gate', inputs: ['c', 'slope'], outputs: ['g'] }],
  (b) => b.weight('slope', [6]),
);

describe('docs/extending.md', () => {
  let root: string;
  let wrong: string;
  beforeAll(async () => {
    root = await project('espalier');
    await write(root, { ...filesIn('docs/extending.md'), 'model.onnx': mlp(), 'samples.npz': samples() });
    await write(root, { 'gated.onnx': gated });
    wrong = await compile(root);
  });

  test('its files are as the compiler wants them', async () => {
    expect(Object.keys(filesIn('docs/extending.md')).length).toBeGreaterThanOrEqual(5);
    expect(wrong).toBe('');
  });

  test('the criterion prunes', async () => {
    expect(await node(root, 'use-loudness.js')).toEqual({ code: 0, stdout: '', stderr: '' });
    const { stdout } = await espalier(root, 'inspect', 'small.onnx', '--json');
    expect(JSON.parse(stdout).groups).toMatchObject([{ id: 'w1', lanes: 8 }]);
  });

  test('the policy keeps what it says', async () => {
    await write(root, {
      'use-policy.js': `
        import { openModel } from 'espalier';
        import './share-of-scores.js';
        const model = await openModel('model.onnx');
        const [{ scores }] = await model.score();
        const plan = await model.plan({ ratio: 0.5, policy: 'share-of-scores' });
        console.log(JSON.stringify({ scores: [...scores], kept: plan.groups[0].kept, policy: plan.made.policy }));
        model.dispose();`,
    });
    const { stdout, stderr } = await node(root, 'use-policy.js');
    expect(stderr).toBe('');
    const { scores, kept, policy } = JSON.parse(stdout) as {
      scores: number[];
      kept: number[];
      policy: string;
    };
    expect(policy).toBe('share-of-scores');
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
    const left = scores.filter((_, lane) => !kept.includes(lane));
    // One more would be more than the share.
    expect(sum(left)).toBeLessThanOrEqual(0.5 * sum(scores));
    const next = Math.min(...kept.map((lane) => scores[lane]!));
    expect(sum(left) + next).toBeGreaterThan(0.5 * sum(scores));
  });

  test('the rule lets lanes pass', async () => {
    const without = await espalier(root, 'inspect', 'gated.onnx', '--json');
    expect(JSON.parse(without.stdout).groups).toEqual([]);
    const own = await espalier(root, 'inspect', 'gated.onnx', '--json', '--plugin', './channel-gate.js');
    expect(own.stderr).toBe('');
    expect(JSON.parse(own.stdout).groups).toMatchObject([{ id: 'first', lanes: 6, exact: true }]);
  });

  test('the plugin is what its command takes', async () => {
    const given = ['--ratio', '0.5', '--plugin', './plugin.mjs', '--criterion', 'widest'];
    const { code, stderr } = await espalier(
      root,
      'prune',
      'model.onnx',
      '-o',
      'by-plugin.onnx',
      ...given,
      '-q',
    );
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('what is registered stays where it is registered', () => {
  const print = 'JSON.stringify(criteria().map(({ name }) => name).includes("mine"))';
  const criterion = `{ name: 'mine', summary: 's', score: ({ groups }) => groups.map(({ lanes }) => new Float64Array(lanes)) }`;

  test('in one of two copies of the package', async () => {
    const root = await project('espalier', 'espalier-again');
    const globals = 'Reflect.ownKeys(globalThis).length';
    await write(root, {
      'copies.js': `
        const before = ${globals};
        const [one, other] = [await import('espalier'), await import('espalier-again')];
        const own = one.registerCriterion(${criterion});
        const has = ({ criteria }) => ${print};
        const told = [has(one), has(other)];
        // The name is free in the other, and its own there.
        other.registerCriterion(${criterion});
        own.unregister();
        console.log([...told, has(one), has(other), ${globals} - before].join(' '));`,
    });
    expect(await node(root, 'copies.js')).toEqual({
      code: 0,
      stdout: 'true false false true 0\n',
      stderr: '',
    });
  });

  test('in one thread', async () => {
    const root = await project('espalier');
    await write(root, {
      'threads.js': `
        import { Worker, isMainThread, parentPort } from 'node:worker_threads';
        import { criteria, registerCriterion } from 'espalier';
        if (isMainThread) {
          registerCriterion(${criterion});
          const worker = new Worker(new URL(import.meta.url));
          worker.on('message', (told) => console.log(${print}, told));
        } else parentPort.postMessage(${print});`,
    });
    expect(await node(root, 'threads.js')).toEqual({ code: 0, stdout: 'true false\n', stderr: '' });
  });

  test('a plugin that imports another copy than the one that runs is told so', async () => {
    const root = await project('espalier', 'espalier-again');
    await write(root, {
      'other.mjs': `import { registerCriterion } from 'espalier-again'; registerCriterion(${criterion});`,
    });
    const { code, stderr } = await espalier(root, 'criteria', '--plugin', 'other.mjs');
    expect([code, /the plugin registers nothing here/.test(stderr)]).toEqual([1, true]);
  });

  test('a plugin may be an installed package, and may import the copy that runs', async () => {
    const root = await project('espalier');
    await write(root, {
      'node_modules/espalier-mine/package.json': JSON.stringify({
        name: 'espalier-mine',
        type: 'module',
        main: './mine.js',
      }),
      'node_modules/espalier-mine/mine.js': `import { registerCriterion } from 'espalier'; registerCriterion(${criterion});`,
    });
    const { code, stdout } = await espalier(root, 'criteria', '--json', '--plugin', 'espalier-mine');
    expect([code, (JSON.parse(stdout) as { name: string }[]).at(-1)!.name]).toEqual([0, 'mine']);
  });
});

test('definitions are typed: what is wrong does not compile', async () => {
  const root = await project('espalier');
  await write(root, {
    'wrong.ts': `
      import { registerCriterion, registerOperator, registerPolicy } from 'espalier';
      registerCriterion({
        name: 'a', summary: 's', options: { n: { default: 1, help: 'h' }, by: { default: 'x', choices: ['x', 'y'], help: 'h' } },
        score: ({ groups, options }) => {
          const n: number = options.n;
          // @ts-expect-error: a number is no word
          const word: string = options.n;
          const by: 'x' | 'y' = options.by;
          // @ts-expect-error: there is no such option
          options.m;
          return groups.map(({ lanes }) => new Float64Array(lanes).fill(n + by.length + word.length));
        },
      });
      // @ts-expect-error: scores are arrays of numbers
      registerCriterion({ name: 'b', summary: 's', score: ({ groups }) => groups.map(({ id }) => id) });
      // @ts-expect-error: what is kept is a number
      registerPolicy({ name: 'c', summary: 's', allocate: ({ units }) => new Map(units.map(({ id }) => [id, 'all'])) });
      // @ts-expect-error: outputs have axes, not lengths
      registerOperator({ domain: 'd', op: 'O', summary: 's', rule: ({ input }) => [input(0).map(({ length }) => length)] });
    `,
  });
  expect(await compile(root)).toBe('');
});
