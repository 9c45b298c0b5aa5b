import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');

/** The table of ARCHITECTURE.md: a folder of src, and the folders that it may import from. */
function allowedImports(): Map<string, Set<string>> {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const [, section] = text.split('<!-- imports -->');
  const rows = section?.split('\n').filter((line) => line.startsWith('| `')) ?? [];
  return new Map(
    rows.map((line) => {
      const [, from, , to] = line.split('|') as [string, string, string, string];
      const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
      return [names(from)[0]!, new Set(names(to))];
    }),
  );
}

interface Source {
  /** From the root. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

const sources = (): readonly Source[] =>
  readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { file: relative(root, path), path, text: readFileSync(path, 'utf8') };
    });

/** What a file imports, types included, as it is written there. */
const targetsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map(([, target]) => target!);

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The file that is imported, from src. */
  readonly target: string;
}

const imports = (): Import[] =>
  sources().flatMap(({ file, path, text }) =>
    targetsOf(text)
      .filter((target) => target.startsWith('.'))
      .map((target) => ({
        file,
        from: folderOf(path),
        to: folderOf(resolve(dirname(path), target)),
        target: relative(src, resolve(dirname(path), target)).replace(/\.js$/, '.ts'),
      })),
  );

/** The folder of src that a path lies in; files at the top are folders of their own; what lies outside is named whole. */
function folderOf(path: string): string {
  const inside = relative(src, path);
  if (inside.startsWith('..')) return relative(root, path);
  const [first] = inside.split(sep);
  return first!.replace(/\.m?[jt]s$/, '');
}

test('imports follow the table in ARCHITECTURE.md', () => {
  const allowed = allowedImports();
  const wrong = imports().filter(({ from, to }) => from !== to && !(allowed.get(from)?.has(to) ?? false));
  expect(wrong.map(({ file, to }) => `${file} imports from ${to}`)).toEqual([]);
});

test('rows stand in an order in which nobody imports from a row below', () => {
  const rows = [...allowedImports().keys()];
  const up = [...allowedImports()].flatMap(([from, to]) =>
    [...to].filter((name) => rows.indexOf(name) > rows.indexOf(from)).map((name) => `${from} > ${name}`),
  );
  // The command line reads what the package exports.
  expect(up.filter((arrow) => arrow !== 'cli > index')).toEqual([]);
});

test('no circle of files, types included', () => {
  const edges = new Map<string, Set<string>>();
  for (const { file, target } of imports()) edges.set(file, (edges.get(file) ?? new Set()).add(target));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (done.has(file)) return;
    done.add(file);
    for (const target of edges.get(file) ?? []) visit(target, [...path, file]);
  };
  for (const file of edges.keys()) visit(file, []);
  expect(circles).toEqual([]);
});

test('every folder of src has a row in ARCHITECTURE.md, and every row a folder', () => {
  const folders = readdirSync(src).map((name) => name.replace(/\.ts$/, ''));
  expect([...allowedImports().keys()].sort()).toEqual(folders.sort());
});

test('only src/platform/node loads the addon, and only src/native calls it', () => {
  const loads = sources().filter(({ text }) => text.includes('index.cjs'));
  expect(loads.map(({ file }) => dirname(file))).toEqual(['src/platform/node']);
  const calls = sources().filter(
    ({ text }) => /\baddon\(\)/.test(text) && !text.includes('function addon()'),
  );
  expect(new Set(calls.map(({ file }) => dirname(file)))).toEqual(new Set(['src/native']));
});

describe('what only one platform has', () => {
  const isNode = ({ file }: Source): boolean => file.startsWith('src/platform/node/');

  test('only src/platform/node imports modules of Node', () => {
    const wrong = sources().filter(
      (source) => !isNode(source) && targetsOf(source.text).some((target) => isBuiltin(target)),
    );
    expect(wrong.map(({ file }) => file)).toEqual([]);
    expect(sources().some(isNode)).toBe(true);
  });

  test('only src/platform/node uses globals of Node; the command line its process', () => {
    const wrong = sources()
      .filter((source) => !isNode(source))
      .flatMap(({ file, text }) => {
        const own = file.startsWith('src/cli/') ? ['process', 'NodeJS'] : [];
        return GLOBALS.filter((name) => !own.includes(name) && uses(text, name)).map(
          (name) => `${file}: ${name}`,
        );
      });
    expect(wrong).toEqual([]);
    expect(sources().some((source) => isNode(source) && uses(source.text, 'process'))).toBe(true);
  });

  test('the rest of src imports src/platform by its index alone', () => {
    const inside = imports().filter(
      ({ from, to, target }) => from !== to && to === 'platform' && target !== 'platform/index.ts',
    );
    expect(inside.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });
});

const GLOBALS = [
  'Buffer',
  'NodeJS',
  'clearImmediate',
  'process',
  'require',
  'setImmediate',
  '__dirname',
  '__filename',
];

/** Whether code speaks of a name that is no member of something else: in no comment, and in no text between quotes. */
function uses(code: string, name: string): boolean {
  const bare = code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'/g, '');
  return new RegExp(`(?<![\\w.#'-])${name}(?=[.(<>\\[);,])`).test(bare);
}
