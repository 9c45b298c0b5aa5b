import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { anchorsOf } from './anchors.js';
import { placeOf } from './contents.js';

const LINK = /(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;

/**
 * A page with its links as they are on the site. Pages link to each other by absolute paths there; what is no page (sources, tests) is named
 * and not linked. errors: of each link that leads nowhere, a sentence.
 */
export function linked(
  root: string,
  file: string,
  pages: ReadonlySet<string>,
): { readonly text: string; readonly lost: readonly string[] } {
  const lost: string[] = [];
  const text = outsideOfFences(readFileSync(join(root, file), 'utf8'), (part) =>
    part.replace(LINK, (whole, image: string, words: string, target: string) => {
      if (/^(https?:|mailto:)/.test(target)) return whole;
      const [path, hash] = target.split('#') as [string, string | undefined];
      const page = pageAt(root, path === '' ? file : posix.join(posix.dirname(file), path));
      if (page === undefined) {
        lost.push(`${file} links to ${target}, which is not there.`);
        return whole;
      }
      if (hash !== undefined && page.endsWith('.md') && !anchorsIn(root, page).has(hash))
        lost.push(`${file} links to ${target}, and there is no such heading.`);
      if (image !== '') return whole;
      if (!pages.has(page)) return words.includes('`') || words === page ? words : `${words} (\`${page}\`)`;
      const place = `/${placeOf(page)}`.replace(/\/index$/, '/');
      return `[${words}](${place}${hash === undefined ? '' : `#${hash}`})`;
    }),
  );
  return { text, lost };
}

/** The file that a link means: a folder's page is its README. */
function pageAt(root: string, path: string): string | undefined {
  const plain = path.replace(/\/$/, '');
  const full = join(root, plain);
  if (!existsSync(full)) return undefined;
  if (!statSync(full).isDirectory()) return plain;
  const readme = posix.join(plain, 'README.md');
  return existsSync(join(root, readme)) ? readme : plain;
}

const known = new Map<string, ReadonlySet<string>>();

function anchorsIn(root: string, page: string): ReadonlySet<string> {
  const path = join(root, page);
  const anchors = known.get(path) ?? anchorsOf(readFileSync(path, 'utf8'));
  known.set(path, anchors);
  return anchors;
}

/** Changes the text between fenced blocks. */
const outsideOfFences = (text: string, change: (part: string) => string): string =>
  text
    .split(/(^ *```[\s\S]*?^ *```$)/gm)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join('');
