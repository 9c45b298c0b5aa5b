// Writes the types of the package once for each module system, as TypeScript wants them: dist/types/index.d.ts for `import`, and the
// same as index.d.cts for `require`. Only declarations that the public ones refer to are published.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './manifest.mjs';

const emitted = join(root, 'dist/declarations');
const published = join(root, 'dist/types');
/** The addon's, which the build of it writes. */
const ADDON = join(root, 'index.d.ts');
const IMPORT = /(?<=\bfrom |\bimport\()(['"])(\.[^'"]*)\1/g;

export function writeDeclarations() {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(root, 'tsconfig.build.json'),
      '--outDir',
      emitted,
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stdout);
  for (const [file, text] of reachable(join(emitted, 'index.d.ts')))
    for (const [js, dts] of [
      ['.js', '.d.ts'],
      ['.cjs', '.d.cts'],
    ]) {
      const at = placeOf(file);
      const refer = (_, quote, name) => {
        const to = relative(dirname(at), placeOf(declarationOf(file, name))).replaceAll('\\', '/');
        return `${quote}${to.startsWith('.') ? '' : './'}${to.replace(/\.d\.ts$/, js)}${quote}`;
      };
      const target = at.replace(/\.d\.ts$/, dts);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text.replaceAll(IMPORT, refer));
    }
  rmSync(emitted, { recursive: true });
}

/** A declaration and all that it refers to, with their texts. */
function reachable(entry) {
  const found = new Map();
  const waiting = [entry];
  for (const file of waiting) {
    if (found.has(file)) continue;
    const text = readFileSync(file, 'utf8');
    found.set(file, text);
    for (const [, , name] of text.matchAll(IMPORT)) waiting.push(declarationOf(file, name));
  }
  return found;
}

/** The file that a declaration names: of the addon, or one that was emitted beside it. */
function declarationOf(file, name) {
  const path = resolve(dirname(file), name.replace(/(\.d\.ts|\.js)$/, '.d.ts'));
  return path.startsWith(emitted) ? path : ADDON;
}

/** Where a declaration is published. */
const placeOf = (file) =>
  file === ADDON ? join(published, 'addon.d.ts') : join(published, relative(emitted, file));
