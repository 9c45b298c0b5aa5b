import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EspalierError } from '../../src/base/errors.js';
import { loadAddon } from '../../src/platform/node/addon.js';
import { VERSION } from '../../src/platform/node/package.js';
import { type Host, host, libcOf, packageOf, TARGETS, targetsOf } from '../../src/platform/node/targets.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A project in which packages of addons are installed, each as a script: what there is of it, by targets. */
function project(installed: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-addon-')));
  folders.push(root);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [target, main] of Object.entries(installed)) {
    const [name, version = VERSION] = target.split('@');
    write(`node_modules/${packageOf(name!)}/package.json`, JSON.stringify({ version, main: 'main.cjs' }));
    write(`node_modules/${packageOf(name!)}/main.cjs`, main);
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return join(root, 'node_modules/espalier/package.json');
}

const there = 'exports.is = __filename;';
const x64: Host = { platform: 'linux', arch: 'x64', libc: 'glibc' };
const alpine: Host = { ...x64, libc: 'musl' };

/** What the error of a host tells in a project. */
function problem(of: Host, from: string) {
  try {
    loadAddon(of, from);
  } catch (error) {
    if (error instanceof EspalierError) return error;
    throw error;
  }
  throw new Error('an addon was found');
}

describe('an addon that is installed is loaded', () => {
  test.each<[string, Host]>([
    ['linux-x64-gnu', x64],
    ['linux-x64-musl', alpine],
    ['linux-arm64-gnu', { ...x64, arch: 'arm64' }],
    ['linux-arm64-musl', { ...alpine, arch: 'arm64' }],
    ['darwin-x64', { platform: 'darwin', arch: 'x64', libc: undefined }],
    ['darwin-arm64', { platform: 'darwin', arch: 'arm64', libc: undefined }],
    ['win32-x64-msvc', { platform: 'win32', arch: 'x64', libc: undefined }],
    ['win32-arm64-msvc', { platform: 'win32', arch: 'arm64', libc: undefined }],
  ])('%s', (target, of) => {
    const all = Object.fromEntries(TARGETS.map((each) => [each, there]));
    expect(loadAddon(of, project(all))).toMatchObject({ is: expect.stringContaining(packageOf(target)) });
  });

  test('of a C library that cannot be told, as of glibc', () => {
    expect(targetsOf({ platform: 'linux', arch: 'x64', libc: undefined })).toEqual(['linux-x64-gnu']);
  });

  test('of Windows, one of MinGW where Visual C++ made none', () => {
    const windows: Host = { platform: 'win32', arch: 'x64', libc: undefined };
    expect(loadAddon(windows, project({ 'win32-x64-gnu': there }))).toHaveProperty('is');
  });

  test('before one that was built in a checkout, which is loaded where there is no package', () => {
    const built = { 'node_modules/espalier/native/espalier.linux-x64-gnu.node': '' };
    const from = project({ 'linux-x64-gnu': there }, built);
    expect(loadAddon(x64, from)).toMatchObject({ is: expect.stringContaining('binding-linux-x64-gnu') });
    expect(problem(x64, project({}, built)).what).toContain('./native/espalier.linux-x64-gnu.node');
  });

  test('on this machine', () => {
    const { platform, arch, libc } = host();
    expect([platform, arch]).toEqual([process.platform, process.arch]);
    if (platform === 'linux') expect(libc).toMatch(/^(glibc|musl)$/);
  });

  test.each([
    ['/lib/ld-musl-x86_64.so.1', 'musl'],
    ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
    ['/nix/store/x-glibc-2.38/lib/ld-linux-aarch64.so.1', 'glibc'],
    ['/libexec/ld-elf.so.1', undefined],
  ])('the C library of an executable that %s starts', (interpreter, libc) => {
    const from = project({}, { executable: `\x7fELF${'\0'.repeat(600)}${interpreter}\0` });
    expect(libcOf(from.replace(/node_modules.*/, 'executable'))).toBe(libc);
    expect(libcOf(`${from}/missing`)).toBeUndefined();
  });
});

describe('an addon that is missing is named, with the reason and the command that mends it', () => {
  test('there is none for the platform', () => {
    const { code, what, todo } = problem({ platform: 'freebsd', arch: 'x64', libc: undefined }, project({}));
    expect(code).toBe('ADDON_MISSING');
    expect(what).toBe(`there is no native addon for freebsd-x64: releases have ${TARGETS.join(', ')}`);
    expect(todo).toContain('npm run build:native');
  });

  test('optional dependencies were left out', () => {
    const lockfile = { 'package-lock.json': '"node_modules/@espalier/binding-linux-x64-gnu": {}' };
    for (const from of [project({}), project({}, lockfile)]) {
      const { what, todo } = problem(x64, from);
      expect(what).toBe(
        'the native addon for linux-x64 with glibc is missing: its package @espalier/binding-linux-x64-gnu is not installed: optional dependencies were left out (--omit=optional, --no-optional), or it could not be fetched',
      );
      expect(todo).toBe('Install with them: npm install --include=optional');
    }
  });

  test.each([
    ['package-lock.json', 'npm install --save-optional', '"NAME": "0.1.0"', '"node_modules/NAME": {}'],
    ['pnpm-lock.yaml', 'pnpm add --save-optional', "  'NAME': 0.1.0", "  'NAME@0.1.0':"],
    ['yarn.lock', 'yarn add --optional', '    "NAME" "0.1.0"', '"NAME@0.1.0":'],
    ['bun.lock', 'bun add --optional', '"NAME": "0.1.0"', '"NAME": ["NAME@0.1.0", "", {}]'],
  ])('%s was written on another platform', (lockfile, add, dependency, entry) => {
    const own = '@espalier/binding-linux-x64-gnu';
    const locked = (text: string) => problem(x64, project({}, { [lockfile]: text.replaceAll('NAME', own) }));
    const { what, todo } = locked(dependency);
    expect(what).toContain(`${own} is not installed, and ${lockfile} does not have it`);
    expect(todo).toBe(`Add it: ${add} ${own}@${VERSION}`);
    expect(locked(`${dependency}\n${entry}`).what).toContain('optional dependencies were left out');
  });

  test('node_modules was copied from another platform', () => {
    const { what, todo } = problem(x64, project({ 'darwin-arm64': there }));
    expect(what).toContain(
      '@espalier/binding-darwin-arm64 is: node_modules was installed on another platform',
    );
    expect(todo).toContain('npm ci');
  });

  test('the other C library was meant', () => {
    const { what, todo } = problem(alpine, project({ 'linux-x64-gnu': there, 'darwin-x64': there }));
    expect(what).toContain('linux-x64 with musl');
    expect(what).toContain('but @espalier/binding-linux-x64-gnu is, for another C library');
    expect(todo).toBe('Install for this one: npm install --os=linux --cpu=x64 --libc=musl');
  });

  test('a checkout was not built', () => {
    const from = project({}, { 'package.json': '{}' }).replace('node_modules/espalier/', '');
    const { what, todo } = problem(x64, from);
    expect(what).toBe('the native addon for linux-x64 with glibc is not built in this checkout');
    expect(todo).toBe('Build it: npm run build:native');
  });
});

describe('an addon that is there and cannot be used', () => {
  test('is of another release', () => {
    const { what, todo } = problem(x64, project({ 'linux-x64-gnu@9.8.7': there }));
    expect(what).toBe(
      `the native addon @espalier/binding-linux-x64-gnu is of release 9.8.7, and espalier of ${VERSION}`,
    );
    expect(todo).toBe(`Install both anew: npm install espalier@${VERSION}`);
  });

  test.each([
    ['is damaged', 'x.node: invalid ELF header', /install it anew: npm ci/],
    ['wants a newer C library', "/lib/libc.so.6: version `GLIBC_2.38' not found", /C library is older/],
    ['may not run in Deno', 'NotCapable: Requires ffi access', /--allow-ffi/],
  ])('%s', (_, words, remedy) => {
    const error = problem(x64, project({ 'linux-x64-gnu': `throw new Error(${JSON.stringify(words)})` }));
    expect(error.what).toBe(
      `the native addon @espalier/binding-linux-x64-gnu cannot be loaded on linux-x64 with glibc: ${words}`,
    );
    expect(error.todo).toMatch(remedy);
    expect(error.cause).toMatchObject({ message: words });
  });
});
