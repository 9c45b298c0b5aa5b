import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifest, root } from '../../packaging/manifest.js';
import { publishedManifest } from '../../packaging/published.js';
import { buildOf, releasedTriples } from '../../packaging/targets.js';
import { VERSION } from '../../src/index.js';
import { packageOf, TARGETS } from '../../src/platform/node/targets.js';

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

test('all packages and crates have one version', () => {
  const [, crates] = /\[workspace\.package\]\nversion = "(.*)"/.exec(textOf('Cargo.toml')) ?? [];
  expect(crates).toBe(manifest.version);
  expect(VERSION).toBe(manifest.version);
  const addons = publishedManifest().optionalDependencies as Record<string, string>;
  expect(Object.keys(addons)).toEqual(TARGETS.map(packageOf));
  // Exactly: an addon of another release has other functions.
  expect(new Set(Object.values(addons))).toEqual(new Set([manifest.version]));
});

test.skipIf(!existsSync(join(root, 'dist/index.cjs')))('what is built is of that version', () => {
  expect(textOf('dist/index.cjs')).toContain(`exports.VERSION = "${manifest.version}"`);
});

test('napi-rs and the loader know the same targets', () => {
  expect([...manifest.napi.targets].sort()).toEqual([...releasedTriples()].sort());
  expect(() => buildOf('amiga-m68k')).toThrow('There is no target amiga-m68k. There are: linux-x64-gnu,');
});

test('what is published installs nothing by scripts, and needs no tool of this repository', () => {
  const published = publishedManifest();
  expect(Object.keys(published)).not.toContain('scripts');
  expect(Object.keys(published)).not.toContain('devDependencies');
  expect(published.dependencies).toEqual(manifest.dependencies);
});
