import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../../packaging/manifest.js';
import { startChromium } from '../../browser/chromium.js';
import { serve } from '../../browser/server.js';
import { installedProject, model, type Project } from '../project.js';
import { type Registry, startRegistry } from '../registry.js';

let registry: Registry;
let project: Project;
let browser: Browser;
beforeAll(async () => {
  [registry, browser] = [await startRegistry(), await startChromium()];
  project = await installedProject(registry);
  project.copy('page.mjs', 'worker.js');
  const bundlers = ['webpack@5', 'webpack-cli@6', 'rollup@4', '@rollup/plugin-node-resolve@16'];
  await project.npm('install', '--no-save', '--prefer-offline', ...bundlers);
  project.lend('onnxruntime-web');
});
afterAll(async () => {
  await browser?.close();
  await registry?.close();
  project?.remove();
});

const inPackage = (path: string): string => join(project.folder, 'node_modules/espalier', path);

/** Runs a bundler, and gives the folder that it writes to. */
async function bundled(folder: string, program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.run(process.execPath, [program, ...args]);
  expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  return join(project.folder, folder);
}

/** Expects that a page prunes in its own thread and in a worker, isolated from others and not. `script`: its own, where it has no page yet. */
async function expectPrunes(folder: string, script?: string): Promise<void> {
  if (script !== undefined)
    project.write({ [`${folder}/index.html`]: `<script type="module" src="${script}"></script>` });
  const out = join(project.folder, folder);
  copyFileSync(model, join(out, 'model.onnx'));
  for (const isolated of [false, true]) {
    const served = await serve(out, isolated);
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(`${error}`));
    try {
      await page.goto(served.address);
      await page.waitForFunction('document.title.startsWith("pruned")', undefined, { timeout: 60_000 });
      expect(await page.title()).toBe(`pruned ${isolated ? 'with threads' : 'without threads'}: same`);
    } catch (error) {
      throw new Error([`isolated: ${isolated}`, ...problems].join('\n'), { cause: error });
    } finally {
      await page.close();
      await served.close();
    }
  }
}

describe('pages that bundlers have made prune in Chromium', () => {
  test('webpack, without configuration for it', async () => {
    const output = { path: join(project.folder, 'out/webpack') };
    const config = { mode: 'development', target: 'web', entry: './page.mjs', output };
    project.write({ 'webpack.config.cjs': `module.exports = ${JSON.stringify(config)};` });
    await bundled('out/webpack', 'node_modules/webpack-cli/bin/cli.js');
    await expectPrunes('out/webpack', './main.js');
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
    await bundled('out/vite', join(root, 'node_modules/vite/bin/vite.js'), 'build');
    await expectPrunes('out/vite');
  });

  /** What docs/browser.md has to be copied, for bundlers that leave `new URL` as it is. */
  function copyAssets(folder: string): void {
    const out = join(project.folder, folder);
    mkdirSync(join(out, 'native'), { recursive: true });
    for (const name of readdirSync(inPackage('native')).filter((name) => name.endsWith('.wasm')))
      copyFileSync(join(inPackage('native'), name), join(out, 'native', name));
    const runtime = 'ort-wasm-simd-threaded.wasm';
    cpSync(join(root, 'node_modules/onnxruntime-web/dist', runtime), join(out, 'app/js', runtime));
  }
  const threads = ['thread', 'wasmThread'];

  test('esbuild, with the lines that docs/browser.md gives', async () => {
    const entries = threads.map((name) => `${name}=node_modules/espalier/dist/browser/${name}.js`);
    const options = ['--bundle', '--format=esm', '--outdir=out/esbuild/app/js'];
    await bundled(
      'out/esbuild',
      join(root, 'node_modules/esbuild/bin/esbuild'),
      'page.mjs',
      'worker.js',
      ...entries,
      ...options,
    );
    copyAssets('out/esbuild');
    await expectPrunes('out/esbuild', './app/js/page.js');
  });

  test('Rollup, with the lines that docs/browser.md gives', async () => {
    const input = Object.fromEntries(threads.map((name) => [name, `espalier/dist/browser/${name}.js`]));
    project.write({
      'rollup.config.mjs': `import resolve from '@rollup/plugin-node-resolve';
        export default {
          input: { page: 'page.mjs', worker: 'worker.js', ...${JSON.stringify(
            Object.fromEntries(Object.entries(input).map(([name, path]) => [name, `node_modules/${path}`])),
          )} },
          plugins: [resolve({ browser: true })],
          output: { dir: 'out/rollup/app/js', format: 'es' },
        };`,
    });
    await bundled('out/rollup', 'node_modules/rollup/dist/bin/rollup', '--config', '--silent');
    copyAssets('out/rollup');
    await expectPrunes('out/rollup', './app/js/page.js');
  });

  test('what a page downloads of the package itself is at most 2 MB, as servers send it', () => {
    const sent = (path: string): number =>
      brotliCompressSync(readFileSync(inPackage(path)), { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
        .length;
    const code = ['index', 'thread', 'wasmThread'].map((name) => sent(`dist/browser/${name}.js`));
    for (const wasm of ['native/espalier.wasm', 'native/espalier.threads.wasm'])
      expect([...code, sent(wasm)].reduce((sum, bytes) => sum + bytes)).toBeLessThan(2_000_000);
  });
});
