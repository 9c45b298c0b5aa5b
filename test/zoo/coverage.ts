// How much of each model can be cut, and what cannot and why: docs/coverage.md.
//
//   npm run coverage -- FOLDER ... [--write]
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { FrozenReport, Inspection } from '../../src/index.js';
import { openModel } from '../../src/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});

/** Reasons that every model has: what its interface shows, and kernels. */
const ORDINARY = new Set(['graph-output', 'graph-input', 'kernel']);
const MOST_REASONS = 4;

function notable(frozen: readonly FrozenReport[]): string {
  const reasons = new Map<string, number>();
  for (const { reasons: own, length } of frozen) {
    for (const { why, text } of own)
      if (!ORDINARY.has(why)) reasons.set(text, (reasons.get(text) ?? 0) + length);
  }
  const sorted = [...reasons].sort(([, a], [, b]) => b - a).map(([text]) => text);
  const more = sorted.length > MOST_REASONS ? [`${sorted.length - MOST_REASONS} more`] : [];
  return [...sorted.slice(0, MOST_REASONS), ...more].join('; ');
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function row(name: string, { groups, shares, frozen, nodes }: Inspection, left: string): string {
  const cells = [
    name,
    nodes,
    groups.length,
    percent(shares.prunable),
    percent(shares.exact),
    left,
    notable(frozen),
  ];
  return `| ${cells.join(' | ')} |`;
}

const rows: string[] = [];
for (const folder of positionals) {
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.onnx'))
    .sort()) {
    using model = await openModel(join(folder, file));
    const half = await model.prune({ ratio: 0.5, criterion: 'random' }).catch(() => undefined);
    const left = half === undefined ? '-' : percent(half.after.params / half.before.params);
    rows.push(row(file.replace(/\.onnx$/, ''), model.inspect(), left));
  }
}

const page = `# Coverage

What of each model can be cut, as \`npm run coverage -- FOLDER ... --write\` prints it: the share of its parameters that lies
on an axis which can, the share that lies on an exact one, what is left of the parameters at \`--ratio 0.5\`, and why axes
are frozen other than that the model's interface shows them or that they are the extent of a kernel.

| model | nodes | groups | prunable | exact | left at 0.5 | frozen because |
| ----- | ----: | -----: | -------: | ----: | ----------: | -------------- |
${rows.join('\n')}

What these reasons mean, and why it is right to stop there:

- *data chooses which of its indices are used*: rows of an embedding, or positions that a mask or a length picks. Any of
  them may be asked for.
- *Conv slides over it*: filters whose outputs become positions that a later convolution slides over. A spectrum computed by
  a convolution is such an axis: without one of its frequencies the others would no longer be neighbours.
- *is a gate of LSTM*: the four gates of a unit are not alike; units leave whole, and here the model's interface shows them.
- *the branches end in values of different ranks*: data decides at run time which branch of an If is taken, and both fit what reads
  it. Where one alone fits (squeezing an axis that has the length 1), that one is followed, and \`inspect\` says so.
- *is read as lengths or indices*: operands such as the shape of a Reshape. They follow the lanes by themselves.
- *Softmax runs over it*: classes.
`;
if (values.write) writeFileSync(new URL('../../docs/coverage.md', import.meta.url), page);
else console.log(page);
