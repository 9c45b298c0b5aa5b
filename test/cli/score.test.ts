import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { combine, openModel } from '../../src/index.js';
import type { GroupScore } from '../../src/options/types.js';
import { espalier, folder, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);
const score = (...more: string[]) => espalier(['score', at('mlp.onnx'), ...more]);
const data = () => ['--data', at('samples.npz')];
const groups = (stdout: string) => (JSON.parse(stdout) as { groups: readonly GroupScore[] }).groups;

beforeAll(async () => {
  home = await folder();
  await writeFile(at('mlp.onnx'), mlp());
  await writeFile(at('samples.npz'), samples());
});

describe('score', () => {
  test('from activations where there are data, from weights where there are none', async () => {
    const [weights, activations] = [await score('--json'), await score('--json', ...data())];
    expect([weights.code, activations.code]).toEqual([0, 0]);
    expect(groups(activations.stdout)).not.toEqual(groups(weights.stdout));
    const same = await score('--json', ...data(), '--criterion', 'entropy', '--of', 'weights');
    expect(groups(same.stdout)).toEqual(groups(weights.stdout));
  });

  test('on fewer samples', async () => {
    const few = await score('--json', ...data(), '--criterion', 'wanda', '--samples', '3');
    const all = await score('--json', ...data(), '--criterion', 'wanda');
    expect(groups(few.stdout)).not.toEqual(groups(all.stdout));
  });

  test('by several criteria as one, whose options are for each that has them', async () => {
    const scored = async (...more: string[]) => groups((await score('--json', ...more)).stdout);
    const all = await scored('--criterion', 'l1:2+entropy');
    using model = await openModel(at('mlp.onnx'));
    const wanted = await model.score({
      criterion: combine([{ criterion: 'l1', weight: 2 }, { criterion: 'entropy' }]),
    });
    expect(all).toEqual(
      JSON.parse(JSON.stringify(wanted, (_, value) => (value instanceof Float64Array ? [...value] : value))),
    );
    expect(await scored('--criterion', 'l1:2+entropy', '--bins', '4')).not.toEqual(all);
    const { code, stderr } = await score('--criterion', 'l1+l2', '--bins', '4');
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no option "bins"')]);
  });

  test('of the groups that there are with what must stay and what may shrink', async () => {
    const [kept, freed] = [await score('--json', '--keep', 'w1'), await score('--json', '--free', 'y')];
    expect(groups(kept.stdout)).toEqual([]);
    expect(groups(freed.stdout)).toHaveLength(2);
    const { code, stderr } = await score('--free', 'z');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--free: "z" matches no input')]);
  });

  test('every lane of a group, with the parts of its score', async () => {
    const { code, stdout } = await score(...data(), '--criterion', 'tree', '--group', 'w1', '--bins', '4');
    expect(code).toBe(0);
    const [head, ...rows] = stdout.trim().split('\n');
    expect(head!.split(/ {2,}/).map((word) => word.trim())).toEqual(
      expect.arrayContaining(['lane', 'score', 'cost', 'entropy']),
    );
    expect(rows).toHaveLength(16);
    const values = rows.map((row) => Number(row.trim().split(/ +/)[1]));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    const summary = await score(...data(), '--criterion', 'tree', '--bins', '4');
    expect(summary.stdout).toMatch(/median .* cost .* first to leave/);
  });

  test.each<[string, string[], RegExp]>([
    ['data that the criterion needs', ['--criterion', 'apoz'], /apoz looks at activations.*\n.*Give --data/s],
    ['data that its option needs', ['--of', 'activations'], /Give --data FILE/],
    ['a criterion that there is', ['--criterion', 'wandas'], /Did you mean wanda\?/],
    ['a number of samples', ['--samples', '0'], /whole number from 1/],
    ['an option that the criterion has', ['--criterion', 'l2', '--bins', '8'], /l2 has no option "bins"/],
  ])('asks for %s', async (_, args, words) => {
    const { code, stderr } = await score(...args);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
  });

  test('an unknown group is told with one that is near', async () => {
    const { code, stderr } = await score('--group', 'w2x');
    expect(stderr).toMatch(/there is no group "w2x"/);
    expect(code).toBe(2);
  });
});

test('prune takes the same', async () => {
  const { code, stdout } = await espalier([
    ...['prune', at('mlp.onnx'), '--dry-run', '--ratio', '0.5', '--json'],
    ...[...data(), '--criterion', 'activation-variance', '--samples', '4'],
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ groups: [{ id: 'w1', lanes: 16 }] });
});
