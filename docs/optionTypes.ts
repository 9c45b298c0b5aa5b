import { spokenIn } from '../src/base/words.js';
import { type AnyDeclaration, defaultText, type OptionSet } from '../src/schema/declaration.js';
import { meaningOf } from '../src/schema/fields.js';

const WIDTH = 120;

/** The interfaces of all options as TypeScript: the text of src/options/interfaces.ts. */
export function optionTypes(sets: readonly OptionSet<object>[]): string {
  return `${[HEADER, imports(sets), ...sets.map(interfaceOf)].join('\n\n')}\n`;
}

const HEADER = '// Written by `npm run docs` from the declarations beside it: an option is changed there.';

/** The types that options are of, from the files of `src` that they come from. */
function imports(sets: readonly OptionSet<object>[]): string {
  const byFile = new Map<string, Set<string>>();
  for (const { own } of sets)
    for (const { takes } of Object.values(own))
      for (const [name, file] of Object.entries(meaningOf(takes).from ?? {}))
        byFile.set(file, (byFile.get(file) ?? new Set()).add(name));
  return [...byFile]
    .map(([file, names]) => [file.startsWith('options/') ? `./${file.slice(8)}` : `../${file}`, names] as const)
    .sort(([a], [b]) => Number(a.startsWith('./')) - Number(b.startsWith('./')) || (a < b ? -1 : 1))
    .map(([path, names]) => `import type { ${[...names].sort().join(', ')} } from '${path}.js';`)
    .join('\n');
}

function interfaceOf({ name, about, bases, own }: OptionSet<object>): string {
  const heads = bases.map((base) => base.name).join(', ');
  const opening = `${comment(about, '')}export interface ${name}${heads === '' ? '' : ` extends ${heads}`} {`;
  const members = Object.entries(own).map(
    ([key, option]) =>
      `${comment(sentencesOf(option), '  ')}  readonly ${key}${option.needed ? '' : '?'}: ${meaningOf(option.takes).type};\n`,
  );
  return members.length === 0 ? `${opening}}` : `${opening}\n${members.join('')}}`;
}

/** What there is to say of an option, for programs. */
function sentencesOf(option: AnyDeclaration): string {
  const { plain, says, form } = meaningOf(option.takes);
  const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));
  const standard = defaultText(option, 'api', literal) ?? (form === 'switch' ? 'false' : undefined);
  return [
    sentence(spokenIn(option.help, 'api')),
    spokenIn(option.more ?? '', 'api'),
    plain === true ? '' : sentence(says),
    standard === undefined ? '' : `Default: ${standard}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

const sentence = (words: string): string => `${words[0]!.toUpperCase()}${words.slice(1)}.`;

/** A doc comment, on one line where it fits. */
function comment(text: string, indent: string): string {
  const whole = `${indent}/** ${text} */\n`;
  if (whole.length <= WIDTH) return whole;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (`${indent} *${line}`.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(` ${word}`);
  }
  return `${indent}/**\n${lines.map((line) => `${indent} *${line}\n`).join('')}${indent} */\n`;
}
