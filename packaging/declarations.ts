// Writes the types of the package once for each module system, as TypeScript wants them: dist/types/index.d.ts for `import`, and the
// same as index.d.cts for `require`. Only declarations that the public ones refer to are published.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './manifest.js';

const emitted = join(root, 'dist/declarations');
const published = join(root, 'dist/types');
/** The addon's, which its build writes. */
const ADDON = join(root, 'index.d.ts');
const IMPORT = /(?<=\bfrom |\bimport\()(['"])(\.[^'"]*)\1/g;
/** How files of a module system are called, and their declarations. */
const SYSTEMS = [
  ['.js', '.d.ts'],
  ['.cjs', '.d.cts'],
] as const;

/** Writes dist/types from src. errors: what TypeScript says of src. */
export function writeDeclarations(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', emitted],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stdout);
  for (const [file, text] of reachable(join(emitted, 'index.d.ts')))
    for (const [js, dts] of SYSTEMS) {
      const target = placeOf(file).replace(/\.d\.ts$/, dts);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(
        target,
        text.replaceAll(IMPORT, (_, quote, name) => `${quote}${reference(file, name, js)}${quote}`),
      );
    }
  rmSync(emitted, { recursive: true });
}

/** A declaration and all that it refers to, with their texts. */
function reachable(entry: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const waiting = [entry];
  for (const file of waiting) {
    if (found.has(file)) continue;
    const text = readFileSync(file, 'utf8');
    found.set(file, text);
    for (const [, , name] of text.matchAll(IMPORT)) waiting.push(declarationOf(file, name!));
  }
  return found;
}

/** The file that a declaration names: the addon's, or one that was emitted beside it. */
function declarationOf(file: string, name: string): string {
  const path = resolve(dirname(file), name.replace(/(\.d\.ts|\.js)$/, '.d.ts'));
  return path.startsWith(emitted) ? path : ADDON;
}

/** Where a declaration is published. */
const placeOf = (file: string): string =>
  file === ADDON ? join(published, 'addon.d.ts') : join(published, relative(emitted, file));

/** How a published declaration refers to another one. */
function reference(file: string, name: string, js: string): string {
  const to = relative(dirname(placeOf(file)), placeOf(declarationOf(file, name)));
  return `${to.startsWith('.') ? '' : './'}${to.replaceAll('\\', '/').replace(/\.d\.ts$/, js)}`;
}
