// Writes what `require('espalier')` and `import 'espalier'` open: the exports of src/index.ts, each loaded from dist/node when it is
// called for the first time. So importing the package costs next to nothing, and what a program does not call it never loads.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { root } from './manifest.js';

/** What src/index.ts exports besides types: for each file of src that defines some of it, without its extension, the names. */
export function exportedByFile(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const [name, file] of passedOn('index')) {
    const definition = definedIn(file, name);
    files.set(definition, [...(files.get(definition) ?? []), name]);
  }
  return files;
}

/** What a file passes on of others: the file that each name is taken from. */
function passedOn(file: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(root, 'src', `${file}.ts`), 'utf8');
  const lists = [...text.matchAll(/^export \{([^}]*)\} from '(\..*)\.js';$/gm)];
  return new Map(
    lists.flatMap(([, names, from]) =>
      names!
        .split(',')
        .map((name): [string, string] => [name.trim(), posix.join(posix.dirname(file), from!)]),
    ),
  );
}

/** The file that defines a name which another one exports. */
function definedIn(file: string, name: string): string {
  const further = passedOn(file).get(name);
  return further === undefined ? file : definedIn(further, name);
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
    `import espalier from ${JSON.stringify('./index.cjs')};\n\nexport const { ${all.sort().join(', ')} } = espalier;\n`,
  );
}

/** The expression of an export. A class is needed as it is, and lies in a file that is small; a text is written down. */
function opened(name: string, value: unknown, path: string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'function' || /^class\b/.test(`${value}`)) return `require('${path}').${name}`;
  return `function ${name}(...given) { return require('${path}').${name}(...given); }`;
}
