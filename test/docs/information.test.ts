import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const docs = new URL('docs/', root);
const page = readFileSync(new URL('information.md', docs), 'utf8');
const here = (path: string, from: URL): boolean => existsSync(new URL(path, from));

/** The anchor that a heading of Markdown gets. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

test('every source file that docs/information.md names exists', () => {
  const named = [...page.matchAll(/`((?:src|crates|docs|test|examples)\/[^`]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((path) => !here(path, root))).toEqual([]);
});

test('every link of docs/information.md leads somewhere', () => {
  const anchors = new Set([...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => `#${anchor(heading!)}`));
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
  expect(links.length).toBeGreaterThan(10);
  const lost = links.filter((link) => (link.startsWith('#') ? !anchors.has(link) : !here(link, docs)));
  expect(lost).toEqual([]);
});

test('the figures are those that docs/information.md shows, and each says what it shows', () => {
  const shown = [...page.matchAll(/!\[[^\]]+\]\(figures\/([^)]+)\)/g)].map(([, name]) => name!);
  const drawn = readdirSync(new URL('figures/', docs));
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.sort()).toEqual(shown.sort());
  for (const name of drawn) {
    const svg = readFileSync(new URL(`figures/${name}`, docs), 'utf8');
    expect(svg).toMatch(/^<svg [^>]*role="img"[^>]*>\n<title>[^<]+<\/title>/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  }
});
