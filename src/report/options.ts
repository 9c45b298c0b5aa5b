import { option, spokenIn } from '../base/words.js';
import { type AnyDeclaration, defaultText, type OptionSet } from '../schema/declaration.js';
import { meaningOf } from '../schema/fields.js';
import { markdownTable } from './markdown.js';

/** A flag that commands have for themselves: as their help writes it. */
export interface OwnFlag {
  readonly commands: readonly string[];
  readonly flag: string;
  readonly help: string;
}

/** All options as a page of the documentation: a table for each set of them, and the flags that only commands have. */
export function optionsPage(sets: readonly OptionSet<object>[], flags: readonly OwnFlag[]): string {
  const own = markdownTable(
    ['flag', 'of', 'what it does'],
    flags.map(({ commands, flag, help }) => [`\`${flag}\``, commands.join(', '), sentence(help)]),
  );
  return `${[INTRODUCTION, ...sets.map(section), '## Flags of commands alone', own].join('\n\n')}\n`;
}

function section({ name, about, bases, own }: OptionSet<object>): string {
  const others = bases.map((base) => `[${base.name}](#${base.name.toLowerCase()})`);
  const rows = Object.entries(own).map(([key, declared]) => rowOf(key, declared));
  const alone = rows.length === 0 ? 'All of' : 'Also all of';
  return [
    `## ${name}`,
    about,
    rows.length === 0 ? '' : markdownTable(['option', 'flag', 'takes', 'default', 'what it does'], rows),
    others.length === 0 ? '' : `${alone} ${others.join(', ')}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function rowOf(name: string, declared: AnyDeclaration): readonly string[] {
  const { form, choices, says } = meaningOf(declared.takes);
  const code = (value: unknown): string => `\`${typeof value === 'string' ? `'${value}'` : value}\``;
  const standard = declared.needed ? 'must be given' : form === 'switch' ? code(false) : '';
  const { cli } = option(name, ...(declared.off === undefined ? [] : [false]));
  const sign = form === 'switch' ? '' : ` ${declared.sign}`;
  const names = choices?.().map((choice) => `\`${choice}\``);
  return [
    `\`${name}\``,
    form === undefined ? '' : `\`${cli}${sign}\``,
    names === undefined
      ? says
      : says.startsWith('one of')
        ? names.join(', ')
        : `${says}: ${names.join(', ')}`,
    defaultText(declared, 'api', code) ?? standard,
    `${sentence(spokenIn(declared.help, 'api'))} ${spokenIn(declared.more ?? '', 'api')}`.trimEnd(),
  ];
}

const sentence = (words: string): string => `${words[0]!.toUpperCase()}${words.slice(1)}.`;

const INTRODUCTION = `# Options

<!-- Written by \`npm run docs\` from the declarations in src/options. -->

A call of the library takes its options as one object, \`model.prune({ macs: 0.5 })\`; a command takes those that a person can
give as flags, \`--macs 0.5\`. Both are checked alike, before any file is opened. \`espalier COMMAND --help\` prints the flags of a
command. What a criterion takes beside these is in [criteria.md](criteria.md).`;
