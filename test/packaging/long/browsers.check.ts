import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../../packaging/manifest.js';
import { installedProject, type Project } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

let registry: Registry;
let project: Project;
beforeAll(async () => {
  registry = await startRegistry();
  project = await installedProject(registry);
  project.copy('page.mjs');
  await project.npm('install', '--no-save', '--prefer-offline', 'webpack@5', 'webpack-cli@6');
  project.lend('onnxruntime-web');
});
afterAll(async () => {
  await registry?.close();
  project?.remove();
});

/** Runs a bundler, and expects the package's own WebAssembly among what it has written. */
async function expectBundles(folder: string, program: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await project.run(process.execPath, [program, ...args]);
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  const out = join(project.folder, folder);
  const own = readFileSync(join(project.folder, 'node_modules/espalier/native/espalier.wasm'));
  const written = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.wasm'),
  );
  expect(written.some((name) => readFileSync(join(out, name)).equals(own))).toBe(true);
}

describe('pages that bundlers have made carry the WebAssembly', () => {
  test('webpack, without configuration for it', async () => {
    const output = { path: join(project.folder, 'out/webpack') };
    const config = { mode: 'development', target: 'web', entry: './page.mjs', output };
    project.write({ 'webpack.config.cjs': `module.exports = ${JSON.stringify(config)};` });
    await expectBundles('out/webpack', 'node_modules/webpack-cli/bin/cli.js');
  });

  test('Vite, with the lines that docs/browser.md gives', async () => {
    project.write({
      'index.html': '<script type="module" src="/page.mjs"></script>',
      'vite.config.mjs': `export default {
        worker: { format: 'es' },
        build: { target: 'es2022', outDir: 'out/vite' },
        optimizeDeps: { exclude: ['espalier', 'onnxruntime-web'] },
      };`,
    });
    await expectBundles('out/vite', join(root, 'node_modules/vite/bin/vite.js'), 'build');
  });
});
