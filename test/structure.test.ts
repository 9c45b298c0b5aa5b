import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rows } from '../src/ops/registry.js';

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

test('only src/platform loads the addon, and only src/native calls it', () => {
  const loads = sources().filter(({ text }) => text.includes('./native/espalier.'));
  expect(new Set(loads.map(({ file }) => dirname(file)))).toEqual(
    new Set(['src/platform/node', 'src/platform/web']),
  );
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
      ({ from, to, target }) =>
        from !== to && to === 'platform' && target !== 'platform/index.ts' && !isOfBrowsers(from, target),
    );
    expect(inside.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });
});

/** What is built for browsers alone may know that it runs in one. */
const isOfBrowsers = (from: string, target: string): boolean =>
  from === 'browser' && target.startsWith('platform/web/');

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

/** Files outside of `src/ops` that may know operators by name, and why. */
const KNOWS_OPERATORS: Readonly<Record<string, string>> = {
  'model/structure.ts': 'without them no graph can be read, and rules are asked of graphs that were read',
};

/** Ways to ask which operator a node has; a name that is written into a new node is none. */
const ASKS = [
  /\bop\s*[!=]==?\s*(?!undefined\b)['"`\w]/, // op === 'Relu', op === name
  /['"`\w)\]]\s*[!=]==?\s*(?:\w+[.?!]+)*op\b/, // 'Relu' === node.op, name === op
  /\.(?:has|get|includes|indexOf|test|exec)\(\s*(?:\w+[.?!]+)*op\b/, // OPERATORS.has(node.op)
  /\bop[!?]?\.(?:startsWith|endsWith|includes|match|search|indexOf)\(/, // node.op.startsWith('Conv')
  /[\w\])]\[\s*(?:\w+[.?!]+)*op\s*\]/, // OPERATORS[node.op]
  /\b(?:\w+[.?!]+)*op\s+in\s+\w/, // node.op in OPERATORS
  /\bswitch\s*\(\s*(?:\w+[.?!]+)*op\s*\)/, // switch (node.op)
];

/** A text with comments blanked out, whose lines are those of the file. */
const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, (comment) => comment.replaceAll(/[^\n]/g, ' '));

/** Lines that ask for an operator by name, or that hold the name of one other than to write it. */
function operatorsAskedFor(text: string, operators: ReadonlySet<string>): string[] {
  const lines = withoutComments(text).split('\n');
  return lines.filter((line) => {
    const written = line.replaceAll(/\bop: '\w+'|\(NODE\.op, '\w+'\)/g, '');
    const names = [...written.matchAll(/['"`](\w+)['"`]/g)].map(([, name]) => name!);
    return ASKS.some((asks) => asks.test(written)) || names.some((name) => operators.has(name));
  });
}

const operators = new Set(rows.map(({ op }) => op).concat('Constant'));

test('only src/ops compares the operator of a node with a name', () => {
  const files = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.startsWith('ops/') && !(file in KNOWS_OPERATORS));
  const found = files.flatMap((file) =>
    operatorsAskedFor(readFileSync(join(src, file), 'utf8'), operators).map(
      (line) => `${file}: ${line.trim()}`,
    ),
  );
  expect(found, 'a rule or its row states a fact, which others ask for').toEqual([]);
});

test.each([
  "if (node.op === 'Relu') return;",
  "if ('Relu' !== node?.op) return;",
  'if (op === wanted) return;',
  'if (wanted === node.op) return;',
  'const known = NAMES.has(node.op);',
  "const KINDS = new Set(['Relu', 'Gelu']);",
  "if (node.op.startsWith('Reduce')) return;",
  'const rule = TABLE[node.op];',
  'if (node.op in TABLE) return;',
  'switch (node.op) {',
  'if (PATTERN.test(maker.op)) return;',
  "const found = isOwn(node, 'Mul');",
])('the law on operators finds %s', (line) => {
  expect(operatorsAskedFor(line, operators)).toEqual([line]);
});

test.each([
  "const node = { op: 'Identity', domain: '' };",
  "text(NODE.op, 'Identity'),",
  'return { op: node.op, domain: node.domain };',
  "// Not asked: node.op === 'Relu'",
])('the law on operators lets pass %s', (line) => {
  expect(operatorsAskedFor(line, operators)).toEqual([]);
});
