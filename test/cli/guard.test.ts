import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PruningOutcome } from '../../src/cli/outcome.js';
import { espalier, folder, mlp, samples } from './espalier.js';

let home: string;
const at = (name: string) => join(home, name);
const prune = (...more: string[]) =>
  espalier(['prune', at('mlp.onnx'), '--dry-run', '--ratio', '0.9', '--round-to', '1', ...plain, ...more]);
/** A choice that nothing repairs, so that guards have something to find. */
const plain = ['--no-reconstruct'];
const data = () => ['--data', at('samples.npz')];

beforeAll(async () => {
  home = await folder();
  await writeFile(at('mlp.onnx'), mlp(64));
  await writeFile(at('samples.npz'), samples());
});

describe('--guard', () => {
  test('tells what was kept, how sure that is, and what was tried', async () => {
    const { code, stdout } = await prune(...data(), '--guard', 'cosine>=0.95');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cosine >= 0\.95 +0\.9\d+ +0\.\d+ to (1|0\.\d+) +y$/m);
    expect(stdout).toContain('on the last 2 of 8 samples, held out from calibration');
    expect(stdout).toMatch(/^ratio 90\.0 % +\S+ +no$/m);
    const json = await prune(...data(), '--guard', 'cosine>=0.95', '--guard', 'kl<=64', '--json');
    const outcome = JSON.parse(json.stdout) as PruningOutcome;
    expect(outcome.guard).toMatchObject({ samples: 2, calibration: 6, tries: expect.any(Array) });
    expect(outcome.guard?.guards.map(({ metric }) => metric)).toEqual(['cosine', 'kl']);
  });

  test('that nothing keeps is told with the best that was reached', async () => {
    const { code, stderr } = await prune(...data(), '--labels', 'label', '--guard', 'accuracy>=1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/GUARD_FAILED: .*accuracy>=1 \(best 0(\.5)?\) on the 2 samples held out/);
  });

  test.each<[string, string, RegExp]>([
    ['no limit', 'fidelity', /in quotes, since a shell writes to a file at a bare >/],
    ['an unknown metric', 'fidelty>=0.9', /There is fidelity, accuracy, .*Did you mean fidelity\?/],
    ['no number', 'fidelity>=high', /"high" is not a number/],
    ['a percentage', 'fidelity>=98', /fidelity lies between 0 and 1, so it cannot be >= 98/],
    ['the wrong direction', 'kl>=0.1', /kl is better when it is lower/],
    ['accuracy without labels', 'accuracy>=0.9', /Name the array that holds them: --labels NAME/],
  ])('wrong usage: %s', async (_, guard, words) => {
    const { code, stdout, stderr } = await prune(...data(), '--guard', guard);
    expect(stderr).toMatch(words);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('wrong usage: no samples', async () => {
    expect(await prune('--guard', 'cosine>=0.9')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Give --data FILE: an .npz'),
    });
  });
});

test('--stability plans on either half of the samples', async () => {
  const { code, stdout } = await prune(...data(), '--criterion', 'l2', '--stability');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^stability +planned on .*\(4 and 4\): the same for 100\.0 % of the lanes/m);
  const json = await prune(...data(), '--criterion', 'l2', '--stability', '--guard', 'cosine>=0.9', '--json');
  const { stability, groups } = JSON.parse(json.stdout) as PruningOutcome;
  // Of what was removed in the end, not of what was asked for.
  expect(stability?.groups[0]?.kept).toEqual([groups[0]!.kept, groups[0]!.kept]);
  expect(await prune('--stability')).toMatchObject({ code: 2, stderr: expect.stringContaining('--data') });
});
