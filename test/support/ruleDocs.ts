import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INNER } from '../../src/model/subgraphs.js';

/** A row of the registry as it is written, and the doc comment that has its rule's picture. */
export interface WrittenRow {
  readonly domain: string;
  readonly op: string;
  readonly opsets: readonly [number, number];
  /** `joining.concat`, `matrices.wholeAtTheEnd(2, true)`. */
  readonly rule: string;
  readonly doc: RuleDoc | undefined;
}

export interface RuleDoc {
  /** Where it stands: `joining.ts: concat`. */
  readonly place: string;
  /** The lines of its picture. */
  readonly picture: readonly string[];
  /** Why the picture is drawn for readers alone, where it is. */
  readonly unchecked: string | undefined;
}

const ops = join(dirname(fileURLToPath(import.meta.url)), '../../src/ops');

interface Declared {
  readonly doc: string | undefined;
  readonly text: string;
}

interface Source {
  readonly declared: ReadonlyMap<string, Declared>;
  /** By the name that it has here: the file, and the name there; all of the file without one. */
  readonly imported: ReadonlyMap<string, { readonly file: string; readonly name: string | undefined }>;
}

const DECLARATION =
  /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?^(?:export )?(?:const|function\*?) (\w+)[\s\S]*?(?=^(?:\/\*\*|\/\/|export |const |function |interface |type |import |class )|$(?![\s\S]))/gm;

function sourceOf(text: string): Source {
  const declared = new Map<string, Declared>();
  for (const [whole, doc, name] of text.matchAll(DECLARATION))
    declared.set(name!, { doc, text: doc === undefined ? whole : whole.slice(doc.length) });
  const imported = new Map<string, { file: string; name: string | undefined }>();
  for (const [, all, some, file] of text.matchAll(
    /^import (?:\* as (\w+)|(?:type )?\{([^}]*)\}) from '\.\/(\w+)\.js';/gm,
  )) {
    if (all !== undefined) imported.set(all, { file: file!, name: undefined });
    for (const name of some?.match(/\w+/g) ?? []) imported.set(name, { file: file!, name });
  }
  return { declared, imported };
}

const sources = new Map(
  readdirSync(ops).map((name) => [
    name.replace(/\.ts$/, ''),
    sourceOf(readFileSync(join(ops, name), 'utf8')),
  ]),
);

const pictureLines = (doc: string): string[] =>
  doc.split('\n').flatMap((line) => /^ \* {3,}(\S.*)$/.exec(line)?.[1] ?? []);

/** The doc comment with a picture above a declaration, or above what it is made with. */
function docOf(file: string, name: string, seen = new Set<string>()): RuleDoc | undefined {
  const source = sources.get(file);
  const found = source?.declared.get(name);
  if (source === undefined || found === undefined || seen.has(`${file}:${name}`)) return undefined;
  seen.add(`${file}:${name}`);
  const picture = pictureLines(found.doc ?? '');
  if (picture.some((line) => line.includes('->'))) {
    const flat = (found.doc ?? '').replaceAll(/\n \* ?/g, ' ');
    const unchecked = /picture: for readers alone, as ([^.]*)\./.exec(flat)?.[1];
    return { place: `${file}.ts: ${name}`, picture, unchecked };
  }
  const words =
    found.text.replaceAll(/'(?:[^'\\\n]|\\.)*'|`[^`]*`/g, '').match(/(?<![\w)\]!?]\.|\w)[a-z]\w*/g) ?? [];
  for (const word of words) {
    const own = source.declared.has(word) ? { file, name: word } : source.imported.get(word);
    const doc = own?.name === undefined ? undefined : docOf(own.file, own.name, seen);
    if (doc !== undefined) return doc;
  }
  return undefined;
}

const ROW =
  /\[\s*'([^']*)',\s*'([^']*)',\s*'(\d+)\.\.(\d*)',\s*(?:\{\s*\.\.\.)?([\w.]+)(\([^)]*\))?(?:,[^{}\]]*\})?,?\s*\]/g;

const text = readFileSync(join(ops, 'registry.ts'), 'utf8');
const { imported } = sources.get('registry')!;

/** The rules of nodes that no file has: `const inner = { LoopBody: bodies.loopBody }`. */
export function innerRows(): WrittenRow[] {
  const inner = /^const inner[^{]*\{([^}]*)\}/m.exec(text)?.[1] ?? '';
  return [...inner.matchAll(/(\w+): (\w+)\.(\w+)/g)].map(([, op, alias, name]) => ({
    ...{ domain: INNER, op: op!, opsets: [1, 1], rule: `${alias}.${name}` },
    doc: docOf(imported.get(alias!)!.file, name!),
  }));
}

/** The rows of `src/ops/registry.ts`: one for each operator. */
export function writtenRows(): WrittenRow[] {
  return [...text.matchAll(ROW)].flatMap(([, domain, names, first, last, rule, given]) => {
    const [alias, member] = rule!.split('.') as [string, string | undefined];
    const from = imported.get(alias);
    const doc = from && docOf(from.file, member ?? alias);
    const opsets = [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last)] as const;
    return names!
      .split(' ')
      .map((op) => ({ domain: domain!, op, opsets, rule: `${rule}${given ?? ''}`, doc }));
  });
}
