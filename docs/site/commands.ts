import type { Argument, Command, Option } from 'commander';
import { wholeProgram } from '../../src/cli/program.js';
import { markdownTable } from '../../src/report/markdown.js';

/** Pages of the command line, by their names: one a command, and `index`, which lists them. */
export async function commandPages(): Promise<ReadonlyMap<string, string>> {
  const silent = { signal: new AbortController().signal, width: undefined, print() {}, hint() {}, fail() {} };
  const whole = await wholeProgram(silent);
  const pages = new Map([['index', indexPage(whole)]]);
  for (const command of whole.commands) pages.set(command.name(), pageOf(command));
  return pages;
}

function indexPage(whole: Command): string {
  const rows = whole.commands.map((command) => [
    `[\`espalier ${command.name()}\`](/commands/${command.name()})`,
    sentence(command.description()),
  ]);
  return [
    '# Command line',
    `${whole.description()} \`npx espalier COMMAND --help\` prints what a page here says.`,
    markdownTable(['command', 'what it does'], rows),
    '## Of all commands',
    optionTable(whole.options),
    'Results go to stdout, as tables or with `--json` as one document; progress and messages go to stderr.',
    markdownTable(
      ['exit code', 'means'],
      [
        ['0', 'done'],
        ['1', 'could not be done as asked ([error codes](/errors))'],
        ['2', 'wrong usage'],
        ['130', 'interrupted'],
      ],
    ),
    '',
  ].join('\n\n');
}

function pageOf(command: Command): string {
  const takes = command.registeredArguments;
  const title = `# espalier ${command.name()}`;
  const usage = ['npx espalier', command.name(), ...takes.map(signOf), '[options]'].join(' ');
  const groups = new Map<string, Option[]>();
  for (const option of command.options) {
    const heading = (option.helpGroupHeading ?? 'Options').replace(/:$/, '');
    groups.set(heading, [...(groups.get(heading) ?? []), option]);
  }
  return [
    title,
    sentence(command.description()),
    `\`\`\`\n${usage}\n\`\`\``,
    takes.length === 0
      ? ''
      : markdownTable(
          ['argument', 'is'],
          takes.map((argument) => [`\`${signOf(argument)}\``, sentence(argument.description)]),
        ),
    ...[...groups].flatMap(([heading, options]) => [`## ${heading}`, optionTable(options)]),
    command.options.length === 0 ? 'It has no options of its own.' : '',
    'And [what all commands take](/commands/#of-all-commands). In code: [options](/options).',
    '',
  ]
    .filter((part, at, all) => part !== '' || at === all.length - 1)
    .join('\n\n');
}

const signOf = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

const optionTable = (options: readonly Option[]): string =>
  markdownTable(
    ['flag', 'what it does'],
    options
      .filter(({ hidden }) => !hidden)
      .map(({ flags, description }) => [`\`${flags}\``, plain(sentence(description))]),
  );

/** Words of a help text as Markdown: nothing in them is a tag. */
const plain = (words: string): string => words.replaceAll('<', '&lt;').replaceAll('{', '&#123;');

const sentence = (words: string): string => `${(words[0] ?? '').toUpperCase()}${words.slice(1)}${/[.?!]$/.test(words) ? '' : '.'}`;
