import type { CriterionInfo } from '../api/lists.js';

/** The list of criteria as a page of the documentation. */
export function criteriaPage(criteria: readonly CriterionInfo[]): string {
  // The order of the table: what is taken without data, then with.
  const [first, second] = criteria;
  const rows = criteria.map(({ name, needs, summary, source }) =>
    ['', `\`${name}\``, needs, summary, source, ''].map(escaped).join(' | ').trim(),
  );
  const options = criteria
    .filter(({ defaults }) => Object.keys(defaults).length > 0)
    .map(({ name, defaults, choices }) =>
      [
        `## Options of ${name}`,
        '',
        '| option | default | takes |',
        '| --- | --- | --- |',
        ...Object.entries(defaults).map(([option, standard]) =>
          ['', `\`${option}\``, String(standard), takes(standard, choices[option]), '']
            .map(escaped)
            .join(' | ')
            .trim(),
        ),
      ].join('\n'),
    );
  const list = [
    '| criterion | needs | a lane is worth | source |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
  return `${[introduction(first!.name, second!.name), list, ...options].join('\n\n')}\n`;
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|');

function takes(standard: string | number | boolean, words: readonly string[] | undefined): string {
  if (words !== undefined) return words.join(', ');
  if (typeof standard === 'boolean') return 'true, false';
  return typeof standard === 'number' ? 'a whole number from 2 to 65536' : 'text';
}

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
become ranks (or shares of the mean), which are added up.`;
