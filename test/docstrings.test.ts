import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const EXPORT =
  /^export (?:declare )?(?:default )?(?:abstract )?(?:async )?(?:const enum|const|let|function\*?|class|interface|type|enum)\s+([\w$]+)/;

/**
 * Names of declarations that are exported without a docstring on the lines directly above. Re-exports (`export { a } from`,
 * `export type { A }`) have theirs where they are declared; an overloaded function has one above its first signature.
 */
function undocumented(source: string): string[] {
  const lines = source.split('\n');
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    const name = EXPORT.exec(line)?.[1];
    if (name === undefined || isDocumented(lines, index)) continue;
    const isOverload = lines.slice(0, index).some((above) => EXPORT.exec(above)?.[1] === name);
    if (!isOverload) found.push(name);
  }
  return found;
}

/** Whether the comment that ends directly above a line, but for directives to the linter, is a docstring with a text. */
function isDocumented(lines: readonly string[], index: number): boolean {
  let end = index - 1;
  while (/^\/\/ biome-ignore/.test(lines[end] ?? '')) end -= 1;
  if (!(lines[end] ?? '').endsWith('*/')) return false;
  let start = end;
  while (start >= 0 && !lines[start]!.startsWith('/*')) start -= 1;
  const comment = lines.slice(Math.max(0, start), end + 1).join(' ');
  return /^\/\*\*.*\w.*\*\/$/.test(comment);
}

describe('what counts as a docstring', () => {
  test.each([
    ['export const a = 1;', ['a']],
    ['/** One. */\nexport const a = 1;', []],
    ['/**\n * One.\n */\nexport interface A {}', []],
    ['/** One. */\n\nexport type A = 1;', ['A']],
    ['/* One. */\nexport class A {}', ['A']],
    ['// One.\nexport enum A {}', ['A']],
    ['/** */\nexport async function a() {}', ['a']],
    ['/** One. */\nexport const a = 1;\nexport const b = 2;', ['b']],
    ['/** One. */\n// biome-ignore lint: why\nexport abstract class A {}', []],
    ['/** One. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;', []],
    ['export { a } from "./a.js";\nexport type { A } from "./a.js";\nexport * from "./b.js";', []],
    ['export function* steps() {}', ['steps']],
  ])('%j', (source, expected) => {
    expect(undocumented(source)).toEqual(expected);
  });
});

test('every export of the sources has a docstring', () => {
  const src = join(import.meta.dirname, '..', 'src');
  const files = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(0);
  const found = files.flatMap((file) =>
    undocumented(readFileSync(file, 'utf8')).map((name) => `${relative(src, file)}: ${name}`),
  );
  expect(found).toEqual([]);
});
