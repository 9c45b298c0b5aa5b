import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifacts, manifest, root } from '../../../packaging/manifest.js';
import { has } from '../../../packaging/tools.js';
import { packageOf, type Target } from '../../../src/platform/node/targets.js';
import { type Ended, installedProject, model, type Project } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';
import { tool } from '../tools.js';

/** The tarball with the addon of a target. */
const addonOf = (target: Target): string =>
  join(artifacts, `${packageOf(target).slice(1).replace('/', '-')}-${manifest.version}.tgz`);
const isBuilt = (target: Target): boolean => existsSync(addonOf(target));

let registry: Registry;
const projects: Project[] = [];
/** What the addon of this machine prints of the model that it has written. */
let written: string;
beforeAll(async () => {
  registry = await startRegistry();
  written = (await (await installed()).run(process.execPath, ['prune.mjs', model])).stdout;
  expect(written).toMatch(/^[0-9a-f]{64}\n/);
});
afterAll(async () => {
  await registry?.close();
  for (const project of projects) project.remove();
});

async function installed(...options: readonly string[]): Promise<Project> {
  const project = await installedProject(registry, ...options);
  projects.push(project);
  project.copy('prune.mjs', 'prune.cjs');
  return project;
}

const expectSame = ({ code, stdout, stderr }: Ended): void => {
  expect({ code, stdout: stdout.replaceAll('\r', ''), stderr }).toEqual({
    code: 0,
    stdout: written,
    stderr: '',
  });
};

/** Where Debian has the libraries of an arm64 Linux: libc6-arm64-cross, libstdc++6-arm64-cross. */
const ARM64 = '/usr/aarch64-linux-gnu';

/** Debian's package of it puts it into no folder for programs. */
const WINE = ['wine64', '/usr/lib/wine/wine64'].find((program) => has(program));

describe.skipIf(!isBuilt('linux-arm64-gnu') || !has('qemu-aarch64') || !existsSync(ARM64))(
  'a Linux on arm64, emulated by qemu, writes the same bytes',
  () => {
    test.each(['prune.mjs', 'prune.cjs'])('%s', async (program) => {
      const project = await installed('--os=linux', '--cpu=arm64', '--libc=glibc');
      expectSame(await project.run('qemu-aarch64', ['-L', ARM64, tool('node-arm64'), program, model]));
    });
  },
);

describe.skipIf(WINE === undefined)('Windows, emulated by Wine, writes the same bytes', () => {
  const env = { WINEPREFIX: join(artifacts, 'tools/wine'), WINEDEBUG: '-all' };
  const own = (program: string, ...args: readonly string[]): void => {
    execFileSync(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  };
  beforeAll(() => {
    mkdirSync(env.WINEPREFIX, { recursive: true });
    // Node refuses to start on what Wine pretends to be by itself.
    own(WINE!, 'reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f');
    const library = join(env.WINEPREFIX, 'drive_c/windows/system32/bcryptprimitives.dll');
    const source = join(root, 'test/packaging/wine/bcryptprimitives.c');
    if (!existsSync(library))
      own('x86_64-w64-mingw32-gcc', '-shared', '-O1', '-o', library, source, '-ladvapi32');
  });

  async function expectPrunes(
    project: Project,
    program: string,
    more: NodeJS.ProcessEnv = {},
  ): Promise<void> {
    // Node cannot write to what Wine makes of a pipe.
    const script = 'exec "$0" "$@" > told.txt 2> problem.txt';
    const args = [WINE!, tool('node-windows'), program, `Z:${model.replaceAll('/', '\\')}`];
    const { code } = await project.run('sh', ['-c', script, ...args], { ...env, ...more });
    const read = (name: string): string => readFileSync(join(project.folder, name), 'utf8');
    expectSame({ code, stdout: read('told.txt'), stderr: read('problem.txt') });
  }

  describe.skipIf(!isBuilt('win32-x64-gnu'))('by its addon', () => {
    test.each(['prune.mjs', 'prune.cjs'])('%s', async (program) => {
      const project = await installed('--os=win32', '--cpu=x64');
      const options = ['--no-save', '--force', '--os=win32', '--cpu=x64'];
      await project.npm('install', ...options, addonOf('win32-x64-gnu'));
      await expectPrunes(project, program);
    });
  });

  test.each(['single', '1'])('by WebAssembly, for which drives are folders (%s)', async (wasm) => {
    await expectPrunes(await installed('--omit=optional'), 'prune.mjs', { ESPALIER_WASM: wasm });
  });
});
