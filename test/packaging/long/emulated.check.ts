import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifacts, manifest } from '../../../packaging/manifest.js';
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

const expectSame = ({ code, stdout }: Ended): void => {
  expect({ code, stdout: stdout.replaceAll('\r', '') }).toEqual({ code: 0, stdout: written });
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

describe.skipIf(!isBuilt('win32-x64-gnu') || WINE === undefined)(
  'Windows, emulated by Wine, writes the same bytes',
  () => {
    const env = { WINEPREFIX: join(artifacts, 'tools/wine'), WINEDEBUG: '-all' };
    beforeAll(() => {
      mkdirSync(env.WINEPREFIX, { recursive: true });
      // Node refuses to start on what Wine pretends to be by itself.
      const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
      execFileSync(WINE!, version, { env: { ...process.env, ...env }, stdio: 'ignore' });
    });

    test.each(['prune.mjs', 'prune.cjs'])('%s', async (program) => {
      const project = await installed('--os=win32', '--cpu=x64');
      await project.npm(
        'install',
        '--no-save',
        '--force',
        '--os=win32',
        '--cpu=x64',
        addonOf('win32-x64-gnu'),
      );
      const drive = `Z:${model.replaceAll('/', '\\')}`;
      expectSame(await project.run(WINE!, [tool('node-windows'), program, drive], env));
    });
  },
);
