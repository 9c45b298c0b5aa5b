import type { CriterionInfo, OptionInfo } from '../api/lists.js';
import { option } from '../base/words.js';
import { markdownTable } from './markdown.js';
import { sections, table } from './table.js';

const OPTION_COLUMNS = ['option', 'default', 'takes', 'what it does'] as const;

/** The list of criteria, and the options of each that has some, for a terminal of `width` columns. */
export function criteriaReport(criteria: readonly CriterionInfo[], width?: number): string {
  const list = table(
    [{ head: 'criterion' }, { head: 'needs' }, ...['a lane is worth', 'source'].map(wrapped)],
    criteria.map(({ name, needs, summary, source }) => [name, needs, summary, source]),
    width,
  );
  const options = withOptions(criteria).map(
    (own) =>
      `Options of ${own.name}:\n\n${table(
        OPTION_COLUMNS.map(wrapped),
        rowsOf(own, (name) => option(name).cli),
        width,
      )}`,
  );
  return sections(list, ...options);
}

/** The same as a page of the documentation. */
export function criteriaPage(criteria: readonly CriterionInfo[]): string {
  // The order of the table: what is taken without data, then with.
  const [first, second] = criteria;
  const list = markdownTable(
    ['criterion', 'needs', 'a lane is worth', 'source'],
    criteria.map(({ name, needs, summary, source }) => [`\`${name}\``, needs, summary, source]),
  );
  const options = withOptions(criteria).map(
    (own) => `## Options of ${own.name}\n\n${markdownTable(OPTION_COLUMNS, rowsOf(own, quoted))}`,
  );
  return `${[introduction(first!.name, second!.name), list, ...options].join('\n\n')}\n`;
}

const wrapped = (head: string) => ({
  head,
  wraps: head === 'what it does' || head === 'a lane is worth' || head === 'source',
});

const withOptions = (criteria: readonly CriterionInfo[]): readonly CriterionInfo[] =>
  criteria.filter(({ options }) => Object.keys(options).length > 0);

const rowsOf = ({ options }: CriterionInfo, named: (name: string) => string): readonly string[][] =>
  Object.entries<OptionInfo>(options).map(([name, { default: standard, takes, help, more }]) => [
    named(name),
    String(standard),
    takes,
    sentences(help, more),
  ]);

/** What stands in a few words as a sentence, and those that follow it. */
const sentences = (help: string, more = ''): string =>
  `${help[0]!.toUpperCase()}${help.slice(1)}. ${more}`.trimEnd();

const quoted = (name: string): string => `\`${name}\``;

const introduction = (first: string, withData: string): string => `# Criteria

<!-- Written by \`npm run docs\` from the table in src/scoring/criteria.ts. -->

What a lane (a channel, neuron, head or hidden unit) can be worth: \`--criterion NAME\`, by default
\`${first}\`, and with data \`${withData}\`. Those worth least leave first. Options are flags on the command line (\`millerMadow\` is \`--miller-madow\`) and \`criterionOptions\` in the API.

A criterion that needs **data** looks at what the model computes on samples, \`--data FILE\`, in onnxruntime; labels are not
looked at. Nothing is trained. Lanes are looked at where their consumers read them; a group that no value shows (in the body of
a loop, integers only) is ranked by the norms of its weights.

\`entropy\` takes with data activations as Gaussians, and without it histograms of weights; \`--of\` and \`--estimator\` choose.
Histograms of activations had better have few bins (\`--bins 16\`): with many, a lane that hardly varies seems to say much.

\`combine([{ criterion: 'l1', weight: 2 }, { criterion: 'wanda' }])\` makes one criterion of several: within each group scores
become ranks (or shares of the mean), which are added up. On the command line that is \`--criterion l1:2+wanda\`, and by shares
\`--criterion l1:2+wanda,by=share\`; flags of options are for each of them that has such an option.`;
