import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const at = (name: string): string =>
  fileURLToPath(new URL(`../../examples/first-steps/${name}`, import.meta.url));

test('the first steps end with a smaller layer that is right, and print what their README shows', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [at('first-steps.mjs')], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('the smaller layer is right');
  const shown = [...readFileSync(at('README.md'), 'utf8').matchAll(/^```\n([\s\S]*?)^```$/gm)]
    .map(([, block]) => block!.trim())
    .filter((block) => /^(group|neuron |the t)/.test(block));
  expect(shown).toHaveLength(5);
  // The last digits of a rounding error are the machine's.
  const plain = (text: string): string => text.replace(/\d\.\de-\d/g, '').replace(/ +$/gm, '');
  for (const block of shown) expect(plain(stdout)).toContain(plain(block));
});
