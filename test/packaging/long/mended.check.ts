import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { here } from '../../../packaging/targets.js';
import { packageOf } from '../../../src/platform/node/targets.js';
import { emptyProject, installedProject, model, type Project, tarball } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

let registry: Registry;
const projects: Project[] = [];
beforeAll(async () => {
  registry = await startRegistry();
});
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
afterAll(() => registry?.close());

const own = packageOf(here());

async function installed(...options: readonly string[]): Promise<Project> {
  const project = await installedProject(registry, ...options);
  projects.push(project);
  project.copy('prune.mjs');
  return project;
}

const prune = (project: Project) => project.run(process.execPath, ['prune.mjs', model]);
const isThere = ({ folder }: Project, name: string): boolean =>
  existsSync(join(folder, 'node_modules', name));

/** Runs what the error says mends it. */
async function mend(project: Project, stderr: string): Promise<string> {
  const [, command] = /: (npm [^\n]*)/.exec(stderr.slice(stderr.indexOf('ADDON_MISSING'))) ?? [];
  if (command === undefined) throw new Error(`no command in: ${stderr}`);
  await project.npm(...command.split(' ').slice(1));
  return command;
}

test('what --omit=optional left out is named, and the command that the error gives installs it', async () => {
  const project = await installed('--omit=optional');
  expect(isThere(project, own)).toBe(false);
  const { code, stderr } = await prune(project);
  // The WebAssembly in the package itself does the work then, and a warning says the same.
  expect(code).toBe(isThere(project, 'espalier/native/espalier.wasm') ? 0 : 1);
  expect(stderr).toContain(`its package ${own} is not installed: optional dependencies were left out`);
  expect(await mend(project, stderr)).toBe('npm install --include=optional');
  expect(await prune(project)).toMatchObject({ code: 0, stderr: '' });
});

test('a lockfile of another platform is named, and the command that the error gives mends it', async () => {
  const project = await installed();
  // As npm wrote and obeyed them until 11.8: without what was not installed.
  const path = join(project.folder, 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(path, 'utf8'));
  for (const name of Object.keys(lockfile.packages))
    if (name.includes('@espalier/')) delete lockfile.packages[name];
  project.write({ 'package-lock.json': JSON.stringify(lockfile) });
  rmSync(join(project.folder, 'node_modules', own), { recursive: true });
  const { stderr } = await prune(project);
  expect(stderr).toContain(`${own} is not installed, and package-lock.json does not have it`);
  expect(await mend(project, stderr)).toMatch(/^npm install --save-optional @espalier\/binding-\S+@\S+$/);
  expect(await prune(project)).toMatchObject({ code: 0, stderr: '' });
});

test('node_modules that were copied from another platform are named, and npm ci mends them', async () => {
  const project = await installed();
  const other = here().startsWith('darwin') ? 'linux-x64-gnu' : 'darwin-arm64';
  rmSync(join(project.folder, 'node_modules', own), { recursive: true });
  project.write({ [`node_modules/${packageOf(other)}/package.json`]: '{}' });
  const { stderr } = await prune(project);
  expect(stderr).toContain('node_modules was installed on another platform');
  expect(await mend(project, stderr)).toBe('npm ci');
  expect(await prune(project)).toMatchObject({ code: 0, stderr: '' });
});

test('installs from a cache alone, without a network', async () => {
  const online = await startRegistry();
  const project = emptyProject(online);
  projects.push(project);
  project.copy('prune.mjs');
  const cache = join(project.folder, 'cache');
  await project.npm('install', '--cache', cache, tarball());
  await online.close();
  rmSync(join(project.folder, 'node_modules'), { recursive: true });
  await project.npm('ci', '--offline', '--cache', cache);
  expect(await prune(project)).toMatchObject({ code: 0, stderr: '' });
});

test('only the addon of this machine is installed', async () => {
  const project = await installed();
  const { optionalDependencies } = JSON.parse(
    readFileSync(join(project.folder, 'node_modules/espalier/package.json'), 'utf8'),
  );
  expect(Object.keys(optionalDependencies).filter((name) => isThere(project, name))).toEqual([own]);
});
