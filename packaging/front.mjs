// Writes what `require('espalier')` and `import 'espalier'` open: the exports of src/index.ts, each loaded from dist/node when it is
// called for the first time. So importing the package costs next to nothing, and what a program does not call it never loads.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { manifest, root } from './manifest.mjs';

/** What src/index.ts exports besides types: for each file of src, without its extension, the names. */
export function exportedByFile() {
  const index = readFileSync(join(root, 'src/index.ts'), 'utf8');
  const lists = [...index.matchAll(/^export \{([^}]*)\} from '\.\/(.*)\.js';$/gm)];
  return new Map(lists.map(([, names, file]) => [file, names.split(',').map((name) => name.trim())]));
}

/** Writes dist/index.cjs and dist/index.js over the files that `bundleForNode` made. */
export function writeFront() {
  const lines = [];
  const names = [];
  for (const [file, exported] of exportedByFile()) {
    const path = `./node/${file}.cjs`;
    const module = createRequire(import.meta.url)(join(root, 'dist', path));
    for (const name of exported) {
      names.push(name);
      lines.push(`exports.${name} = ${opened(name, module[name], path)};`);
    }
  }
  names.sort();
  writeFileSync(join(root, 'dist/index.cjs'), `'use strict';\n${lines.join('\n')}\n`);
  writeFileSync(
    join(root, 'dist/index.js'),
    `import espalier from './index.cjs';\n\nexport const { ${names.join(', ')} } = espalier;\n`,
  );
}

/** The expression of an export. A class and a plain value are needed as they are, and lie in files that are small. */
function opened(name, value, path) {
  if (name === 'VERSION') return JSON.stringify(manifest.version);
  if (typeof value !== 'function' || /^class\b/.test(value)) return `require('${path}').${name}`;
  return `function ${name}(...given) { return require('${path}').${name}(...given); }`;
}
