import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { emptyProject, model, type Project, tarball } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';
import { hasTool, tool } from '../tools.js';

let registry: Registry;
const projects: Project[] = [];
beforeAll(async () => {
  registry = await startRegistry();
});
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
afterAll(() => registry?.close());

/** Another package manager than npm installs the package, and the addon with it. */
async function expectInstalls(program: string, ...args: readonly string[]): Promise<Project> {
  const project = emptyProject(registry);
  projects.push(project);
  project.copy('prune.mjs', 'prune.cjs');
  const { code, stdout, stderr } = await project.run(program, [...args, tarball()]);
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  for (const each of ['prune.mjs', 'prune.cjs'])
    expect(await project.run(process.execPath, [each, model])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^[0-9a-f]{64}\ntrue FILE_NOT_FOUND\n$/),
      stderr: '',
    });
  return project;
}

test('pnpm, which hides packages from those that do not depend on them', async () => {
  const { folder } = await expectInstalls('npx', '--yes', 'pnpm@10', 'add');
  expect(existsSync(join(folder, 'node_modules/@espalier'))).toBe(false);
});

test.skipIf(!hasTool('bun'))('Bun', () => expectInstalls(tool('bun'), 'add'));
