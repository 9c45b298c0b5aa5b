// Writes what `require('espalier')` and `import 'espalier'` open: the exports of src/index.ts, each loaded from dist/node when it is
// called for the first time. So importing the package costs next to nothing, and what a program does not call it never loads.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './manifest.js';

/** What src/index.ts exports besides types: for each file of src, without its extension, the names. */
export function exportedByFile(): ReadonlyMap<string, readonly string[]> {
  const index = readFileSync(join(root, 'src/index.ts'), 'utf8');
  const lists = [...index.matchAll(/^export \{([^}]*)\} from '\.\/(.*)\.js';$/gm)];
  return new Map(lists.map(([, names, file]) => [file!, names!.split(',').map((name) => name.trim())]));
}

/** Writes dist/index.cjs and dist/index.js over the files that `bundleForNode` made. */
export function writeFront(): void {
  const lines: string[] = [];
  const all: string[] = [];
  for (const [file, names] of exportedByFile()) {
    const path = `./node/${file}.cjs`;
    const module = createRequire(import.meta.url)(join(root, 'dist', path)) as Record<string, unknown>;
    for (const name of names) lines.push(`exports.${name} = ${opened(name, module[name], path)};`);
    all.push(...names);
  }
  writeFileSync(join(root, 'dist/index.cjs'), `'use strict';\n${lines.join('\n')}\n`);
  writeFileSync(
    join(root, 'dist/index.js'),
    `import espalier from './index.cjs';\n\nexport const { ${all.sort().join(', ')} } = espalier;\n`,
  );
}

/** The expression of an export. A class is needed as it is, and lies in a file that is small; a text is written down. */
function opened(name: string, value: unknown, path: string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'function' || /^class\b/.test(`${value}`)) return `require('${path}').${name}`;
  return `function ${name}(...given) { return require('${path}').${name}(...given); }`;
}
