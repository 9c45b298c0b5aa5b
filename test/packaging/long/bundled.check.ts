import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../../packaging/manifest.js';
import { installedProject, model, type Project } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

let registry: Registry;
let project: Project;
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  project.copy('prune.mjs', 'prune.cjs');
  await project.npm('install', '--no-save', '--prefer-offline', 'webpack@5', 'webpack-cli@6', 'rollup@4');
});
afterAll(async () => {
  await registry?.close();
  project?.remove();
});

const node = (...args: readonly string[]) => project.run(process.execPath, args);
const well = { code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\ntrue FILE_NOT_FOUND\n$/), stderr: '' };

/** Runs a tool of the project or of this repository, which has to end well. */
async function bundle(program: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await node(program, ...args);
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
}

describe('programs for Node that bundlers have made', () => {
  const esbuild = join(root, 'node_modules/esbuild/bin/esbuild');

  test('esbuild, a script, with the package taken in', async () => {
    const { code, stderr } = await project.run(esbuild, [
      'prune.cjs',
      '--bundle',
      '--platform=node',
      '--outfile=out/esbuild.cjs',
    ]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(await node('out/esbuild.cjs', model)).toEqual(well);
  });

  test('esbuild, a module, with the package left out', async () => {
    const args = [
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--external:espalier',
      '--outfile=out/esbuild.mjs',
    ];
    expect(await project.run(esbuild, ['prune.mjs', ...args])).toMatchObject({ code: 0 });
    expect(await node('out/esbuild.mjs', model)).toEqual(well);
  });

  test.each([
    ['taken in', {}],
    ['left out', { externals: { espalier: 'commonjs espalier' } }],
  ])('webpack, with the package %s', async (_, options) => {
    const output = { path: join(project.folder, 'out'), filename: 'webpack.cjs' };
    const config = { mode: 'production', target: 'node', entry: './prune.mjs', output, ...options };
    project.write({ 'webpack.config.cjs': `module.exports = ${JSON.stringify(config)};` });
    await bundle('node_modules/webpack-cli/bin/cli.js');
    expect(await node('out/webpack.cjs', model)).toEqual(well);
  });

  test('Rollup, with the package left out', async () => {
    await bundle(
      'node_modules/rollup/dist/bin/rollup',
      'prune.mjs',
      '--external',
      'espalier,node:crypto',
      '--file',
      'out/rollup.mjs',
    );
    expect(await node('out/rollup.mjs', model)).toEqual(well);
  });

  test('Vite, for a server, without configuration', async () => {
    await bundle(
      join(root, 'node_modules/vite/bin/vite.js'),
      'build',
      '--ssr',
      'prune.mjs',
      '--outDir',
      'out/vite',
    );
    expect(await node('out/vite/prune.mjs', model)).toEqual(well);
  });
});
