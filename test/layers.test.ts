import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

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

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The file that is imported, from src. */
  readonly target: string;
}

function imports(): Import[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name))
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, 'utf8');
      const targets = [...text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map(
        ([, target]) => target!,
      );
      return targets
        .filter((target) => target.startsWith('.'))
        .map((target) => ({
          file: relative(root, path),
          from: folderOf(path),
          to: folderOf(resolve(dirname(path), target)),
          target: relative(src, resolve(dirname(path), target)).replace(/\.js$/, '.ts'),
        }));
    });
}

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

test('only src/native imports the addon', () => {
  const loaders = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() && readFileSync(join(entry.parentPath, entry.name), 'utf8').includes('index.cjs'),
    )
    .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep)[0]);
  expect(new Set(loaders)).toEqual(new Set(['native']));
});
