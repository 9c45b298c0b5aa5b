// Builds dist/browser: the package for browsers, as three files beside which nothing else is needed but the WebAssembly in native: the package
// itself, the thread that runs models, and the threads of the WebAssembly where it has some. Bundlers find all of these by `new URL('…', import.meta.url)`, so that none may move
// into a chunk of another folder.
import { join } from 'node:path';
import { build, type Plugin } from 'rolldown';
import { manifest, root } from './manifest.js';

/** What stays an import: users install it, or their bundler puts it in. */
const EXTERNAL = /^onnxruntime-web(\/|$)/;

/** Imports of src/platform/index.ts lead to src/platform/web, which has files of the same names as src/platform/node. */
const webPlatform: Plugin = {
  name: 'web-platform',
  resolveId(source, importer) {
    const fromIndex = importer?.replaceAll('\\', '/').endsWith('/src/platform/index.ts');
    return fromIndex && source.startsWith('./node/')
      ? join(root, 'src/platform/web', source.slice('./node/'.length).replace(/\.js$/, '.ts'))
      : null;
  },
};

/** Bundles the package and the threads that it starts. */
export async function bundleForBrowser(): Promise<void> {
  for (const [name, file] of [
    ['index', 'src/index.ts'],
    ['thread', 'src/browser/thread.ts'],
    ['wasmThread', 'src/browser/wasmThread.ts'],
  ] as const)
    await build({
      cwd: root,
      input: { [name]: file },
      platform: 'browser',
      external: (id) => EXTERNAL.test(id),
      plugins: [webPlatform],
      treeshake: {
        moduleSideEffects: [
          { test: /[\\/]browser[\\/]\w+\.ts$/, sideEffects: true },
          { test: /./, sideEffects: false },
        ],
      },
      transform: { target: 'es2022', define: { ESPALIER_VERSION: JSON.stringify(manifest.version) } },
      checks: { ineffectiveDynamicImport: false },
      logLevel: 'warn',
      output: {
        dir: 'dist/browser',
        format: 'esm',
        entryFileNames: '[name].js',
        codeSplitting: false,
        // Bundlers look for `new URL('…', import.meta.url)` as it is written; they make what is left smaller.
        minify: false,
      },
    });
}
