// Builds dist/node: the package for Node, Deno and Bun, as a few files of CommonJS. Both module systems load these same files
// (packaging/front.ts), so that what is registered, and the class of errors, is there once in a process whichever of them asks.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';
import { externals, manifest, root } from './manifest.js';

/** Bundles `entries`, names of files of src without their extension, into dist/node under the same names. */
export async function bundleForNode(entries: readonly string[]): Promise<void> {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  await build({
    cwd: root,
    input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
    platform: 'node',
    // What is needed at every start is taken in: of a schema library a few functions, of the others nothing.
    external: (id) => externals.some((name) => id === name || id.startsWith(`${name}/`)),
    // Modules do nothing when they are loaded but define what they export; apart from the command line, and a thread.
    treeshake: {
      moduleSideEffects: [
        { test: /[\\/](cli[\\/]main|wasmThread)\.ts$/, sideEffects: true },
        { test: /./, sideEffects: false },
      ],
    },
    transform: { target: 'node20.0', define: { ESPALIER_VERSION: JSON.stringify(manifest.version) } },
    checks: { ineffectiveDynamicImport: false },
    logLevel: 'warn',
    output: {
      dir: 'dist/node',
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'chunks/[name].cjs',
    },
  });
}
