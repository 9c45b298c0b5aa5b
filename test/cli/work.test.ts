import { existsSync, statSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PruningOutcome } from '../../src/cli/outcome.js';
import type { Verification } from '../../src/verify/types.js';
import { writeLarge } from '../hostile/large.js';
import { espalier, folder, mlp, samples, withoutRuntime } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);

beforeAll(async () => {
  home = await folder();
  await writeFile(at('mlp.onnx'), mlp());
  await writeFile(at('samples.npz'), samples());
  await writeFile(at('rubbish.onnx'), 'this is no model');
});

describe('inspect', () => {
  test('text and JSON', async () => {
    const text = await espalier(['inspect', at('mlp.onnx')]);
    expect(text).toMatchObject({ code: 0, stderr: '--explain tells what the words mean.\n' });
    expect(text.stdout).toMatch(/^to gain +with half of all .* 5\d\.\d % of 112 parameters/m);
    expect(text.stdout).toMatch(/^model +mlp\.onnx$/m);
    expect(text.stdout).toMatch(/112 parameters/);
    const json = await espalier(['inspect', at('mlp.onnx'), '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      size: { params: 112 },
      groups: [{ lanes: 16, exact: true }],
    });
  });

  test('at lengths that samples or a shape show', async () => {
    const guessed = await espalier(['inspect', at('mlp.onnx')]);
    expect(guessed.stdout).toMatch(/^assumed +for the multiply-adds: \S+ = 1 \(guessed by name/m);
    const sampled = await espalier(['inspect', at('mlp.onnx'), '--data', at('samples.npz')]);
    expect(sampled.stdout).toMatch(/^assumed .* = 1 \(as the samples have it\)/m);
    const stated = await espalier(['inspect', at('mlp.onnx'), '--shape', 'x=5x4']);
    expect(stated.stdout).toMatch(/^assumed .* = 5 \(as given\)/m);
    const wrong = await espalier(['inspect', at('mlp.onnx'), '--shape', 'x=5x7']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('axis 1 is 7') });
    const unread = await espalier(['prune', at('mlp.onnx'), '--shape', 'x', '--ratio', '0.5', '--dry-run']);
    expect(unread).toMatchObject({ code: 2, stderr: expect.stringContaining('input=1x3x640x640') });
  });

  test('with inputs and outputs that may shrink', async () => {
    const freed = await espalier(['inspect', at('mlp.onnx'), '--free', 'y', '--free', 'x', '--json']);
    const { groups } = JSON.parse(freed.stdout) as { groups: { lanes: number }[] };
    expect(groups.map(({ lanes }) => lanes).sort()).toEqual([16, 3, 4]);
    const pruned = await espalier([
      ...['prune', at('mlp.onnx'), '-o', at('freed.onnx'), '--ratio', '0.5', '--free', '?'],
    ]);
    expect(pruned.stdout).toMatch(/^input x: axis 1 4 -> 2$/m);
    const verified = await espalier(['verify', at('mlp.onnx'), at('freed.onnx'), '--runs', '0']);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('INTERFACE_DECLARED') });
    const wrong = await espalier(['prune', at('mlp.onnx'), '--ratio', '0.5', '--dry-run', '--free', 'w1']);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--free.*"w1" matches no input[\s\S]*Inputs are x; outputs are y/),
    });
  });

  test('a file that is missing, and one that is no model', async () => {
    const missing = await espalier(['inspect', at('nowhere.onnx'), '--json']);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('FILE_NOT_FOUND') });
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'FILE_NOT_FOUND' } });
    const rubbish = await espalier(['inspect', at('rubbish.onnx')]);
    expect(rubbish).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('MODEL_MALFORMED'),
    });
    expect(rubbish.stderr).not.toContain('.js:');
  });
});

describe('prune', () => {
  test('writes the model, and tells sizes before and after', async () => {
    const { code, stdout, stderr } = await espalier([
      ...['prune', at('mlp.onnx'), '-o', at('half.onnx'), '--ratio', '0.5'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^parameters +112 +56 +50\.0 %$/m);
    expect(stdout).toMatch(/8 lanes of 1 group removed; written: .*half\.onnx/);
    expect(stderr).toContain('espalier verify');
    const verified = await espalier(['verify', at('mlp.onnx'), at('half.onnx'), '--runs', '2', '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, bytes: { ratio: expect.any(Number) } });
  });

  test('external data lies beside the model, and is told of', async () => {
    const model = writeLarge(home, 16, true, 'beside.onnx');
    const args = ['prune', model, '--ratio', '0.5', '--json', '-o'];
    const beside = JSON.parse((await espalier([...args, at('beside-half.onnx')])).stdout);
    expect(beside).toMatchObject({ output: at('beside-half.onnx'), data: at('beside-half.onnx.data') });
    const bytes = ['', '.data'].map((end) => statSync(at(`beside-half.onnx${end}`)).size);
    expect(beside.after.bytes).toBe(bytes[0]! + bytes[1]!);
    const { stdout } = await espalier([
      'prune',
      at('mlp.onnx'),
      '--ratio',
      '0.5',
      '--json',
      '-o',
      at('alone.onnx'),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ output: at('alone.onnx'), data: null });
  });

  test('with samples it compares, and with labels it tells the accuracy', async () => {
    const { code, stdout } = await espalier([
      ...['prune', at('mlp.onnx'), '-o', at('compared.onnx'), '--params', '0.8', '--json'],
      ...['--data', at('samples.npz'), '--labels', 'label', '--criterion', 'l2'],
    ]);
    expect(code).toBe(0);
    const outcome = JSON.parse(stdout) as PruningOutcome;
    expect(outcome.after.params).toBeLessThanOrEqual(0.8 * outcome.before.params);
    expect(outcome.after.bytes).toBe((await readFile(at('compared.onnx'))).length);
    expect(outcome.verification).toMatchObject({
      ok: true,
      data: { samples: 8, random: false },
      accuracy: { labels: 'label', output: 'y' },
      latency: { batch: 1 },
    });
  });

  test('what exists stays, unless --force says otherwise', async () => {
    await writeFile(at('precious.onnx'), 'precious');
    const args = ['prune', at('mlp.onnx'), '-o', at('precious.onnx'), '--ratio', '0.5', '-q'];
    const refused = await espalier(args);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('OUTPUT_EXISTS') });
    expect(await readFile(at('precious.onnx'), 'utf8')).toBe('precious');
    expect(await espalier([...args, '--force'])).toMatchObject({ code: 0, stderr: '' });
    expect((await readFile(at('precious.onnx'))).length).toBeGreaterThan(100);
  });

  test('a folder that does not exist is told before the work', async () => {
    const { code, stderr } = await espalier([
      'prune',
      at('mlp.onnx'),
      '-o',
      at('no/such/out.onnx'),
      '--ratio',
      '0.5',
    ]);
    expect(stderr).toContain('OUTPUT_UNWRITABLE');
    expect(code).toBe(1);
  });

  test('a dry run writes nothing but the plan, which replays to the same bytes', async () => {
    const dry = await espalier([
      ...[
        'prune',
        at('mlp.onnx'),
        '--ratio',
        '0.5',
        '--dry-run',
        '--plan',
        at('plan.json'),
        '-o',
        at('never.onnx'),
      ],
    ]);
    expect(dry.code).toBe(0);
    expect(existsSync(at('never.onnx'))).toBe(false);
    const plan = JSON.parse(await readFile(at('plan.json'), 'utf8'));
    expect(plan).toMatchObject({ format: 'espalier-plan', version: 1, groups: [{ lanes: 16 }] });
    const again = await espalier([
      'prune',
      at('mlp.onnx'),
      '--ratio',
      '0.5',
      '--dry-run',
      '--plan',
      at('plan.json'),
    ]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('OUTPUT_EXISTS') });

    const pruned = await espalier(['prune', at('mlp.onnx'), '--ratio', '0.5', '-o', at('pruned.onnx')]);
    const applied = await espalier([
      'apply',
      at('mlp.onnx'),
      at('plan.json'),
      '-o',
      at('applied.onnx'),
      '--json',
    ]);
    expect([pruned.code, applied.code]).toEqual([0, 0]);
    expect(JSON.parse(applied.stdout)).toMatchObject({
      output: at('applied.onnx'),
      groups: [{ lanes: 16, kept: 8 }],
    });
    expect(await readFile(at('applied.onnx'))).toEqual(await readFile(at('pruned.onnx')));
  });

  test('samples that do not fit are told before anything is written', async () => {
    await writeFile(at('other.onnx'), mlp(8));
    const args = ['prune', at('mlp.onnx'), '-o', at('unfit.onnx'), '--ratio', '0.5'];
    const labels = await espalier([...args, '--data', at('samples.npz'), '--labels', 'target']);
    expect(labels).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no array "target"[\s\S]*x, label/),
    });
    const model = await espalier([...args, '--data', at('rubbish.onnx')]);
    expect(model).toMatchObject({ code: 1, stderr: expect.stringContaining('DATA_MALFORMED') });
    expect(existsSync(at('unfit.onnx'))).toBe(false);
  });

  test('without a runtime it prunes all the same, and says what to install', async () => {
    const entry = await withoutRuntime();
    const cwd = dirname(entry);
    const args = [
      'prune',
      at('mlp.onnx'),
      '-o',
      at('unrun.onnx'),
      '--ratio',
      '0.5',
      '--data',
      at('samples.npz'),
    ];
    const { code, stdout } = await espalier([...args, '--criterion', 'l2', '--no-reconstruct'], {
      entry,
      cwd,
    });
    expect(stdout).toMatch(/warning: not compared on the data: .*npm install onnxruntime-node/);
    expect(code).toBe(0);
    // What looks at the data cannot do without: another choice of lanes would be a silent one.
    const refused = await espalier([...args, '--force'], { entry, cwd });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/RUNTIME_MISSING: .*\n.*npm install onnxruntime-node/);
    expect(existsSync(at('unrun.onnx'))).toBe(true);
    const verify = await espalier(['verify', at('mlp.onnx'), at('unrun.onnx')], { entry, cwd });
    expect(verify).toMatchObject({ code: 1, stderr: expect.stringContaining('RUNTIME_MISSING') });
  });
});

describe('apply', () => {
  test('a plan that is none, and one of another model', async () => {
    await writeFile(at('none.json'), '{}');
    const none = await espalier(['apply', at('mlp.onnx'), at('none.json'), '-o', at('a.onnx')]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('PLAN_MALFORMED') });
    await espalier(['prune', at('mlp.onnx'), '--ratio', '0.5', '--dry-run', '--plan', at('mine.json')]);
    await writeFile(at('wide.onnx'), mlp(32));
    const stale = await espalier(['apply', at('wide.onnx'), at('mine.json'), '-o', at('a.onnx')]);
    expect(stale).toMatchObject({ code: 1, stderr: expect.stringContaining('PLAN_STALE') });
    expect(existsSync(at('a.onnx'))).toBe(false);
  });
});

describe('score', () => {
  test('text, JSON, and the terms of every weight', async () => {
    const text = await espalier(['score', at('mlp.onnx'), '--criterion', 'l1']);
    expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining('first to leave') });
    const json = await espalier([
      'score',
      at('mlp.onnx'),
      '--bins',
      '16',
      '--json',
      '--weights',
      at('terms.npz'),
    ]);
    const { groups, weights } = JSON.parse(json.stdout) as {
      groups: { scores: number[] }[];
      weights: { bytes: number };
    };
    expect(groups[0]!.scores).toHaveLength(16);
    expect(weights.bytes).toBe((await readFile(at('terms.npz'))).length);
  });
});

describe('verify', () => {
  test('a model that cannot replace the other: exit code 1, and the fault in the result', async () => {
    const { code, stdout } = await espalier(['verify', at('mlp.onnx'), at('rubbish.onnx'), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout) as Verification).toMatchObject({ ok: false, faults: [{ code: 'UNLOADABLE' }] });
    const text = await espalier(['verify', at('mlp.onnx'), at('rubbish.onnx')]);
    expect(text.stdout).toMatch(/^fault: /m);
  });

  test('interrupting ends it at once, with 130 and no trace', async () => {
    const before = await readdir(home);
    const { code, stderr, stdout } = await espalier(
      ['verify', at('mlp.onnx'), at('mlp.onnx'), '--runs', '100000000'],
      {
        started: (child) => setTimeout(() => child.kill('SIGINT'), 1500),
      },
    );
    expect({ code, stderr, stdout }).toEqual({ code: 130, stderr: 'Interrupted.\n', stdout: '' });
    expect(await readdir(home)).toEqual(before);
  });
});

test('a reader that leaves early is no error', async () => {
  const { code, stderr } = await espalier(['operators'], { started: (child) => child.stdout!.destroy() });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
