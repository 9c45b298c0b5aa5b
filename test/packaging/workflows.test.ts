import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifest, root } from '../../packaging/manifest.js';
import { TARGETS } from '../../src/platform/node/targets.js';

const release = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');

/** The part of the workflow that is a job. */
const job = (name: string): string =>
  release.split(/^ {2}(?=\w+:$)/m).find((part) => part.startsWith(`${name}:`)) ?? '';

test.each(['addons', 'installed'])('a release has every target: %s', (name) => {
  const targets = [...job(name).matchAll(/\{ target: ([\w-]+),/g)].map(([, target]) => target!);
  expect(targets.sort()).toEqual([...TARGETS].sort());
});

test('nothing is published before it was installed and run on every system', () => {
  expect(job('installed')).toContain('needs: addons');
  expect(job('publish')).toContain('needs: installed');
});

test('workflows call scripts that there are', () => {
  const { scripts } = manifest as unknown as { readonly scripts: Readonly<Record<string, string>> };
  const ci = readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8');
  for (const [, script] of `${release}${ci}`.matchAll(/npm run ([\w:]+)/g))
    expect(scripts).toHaveProperty([script!]);
});
