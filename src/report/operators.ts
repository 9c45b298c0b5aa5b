import type { OperatorInfo } from '../api/lists.js';

const NAMES: Readonly<Record<string, string>> = { '': 'ai.onnx' };

/** The list of operators as a page of the documentation: one table for each domain. */
export function operatorsPage(operators: readonly OperatorInfo[]): string {
  const domains = [...new Set(operators.map(({ domain }) => domain))];
  const sections = domains.map((domain) => {
    const rows = operators.filter((row) => row.domain === domain);
    const lines = rows.map(({ op, opsets, exact, summary }) =>
      ['', op, opsets, exact, summary, ''].map(escaped).join(' | ').trim(),
    );
    return [
      `## ${NAMES[domain] ?? domain}`,
      '',
      '| operator | opsets | exact | what happens to lanes |',
      '| --- | --- | --- | --- |',
      ...lines,
    ].join('\n');
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|');

const INTRODUCTION = `# Operators

<!-- Written by \`npm run docs\` from the rules in src/ops. -->

What \`espalier operators\` prints. A **lane** is a channel, neuron, head or hidden unit that can leave. Through an operator
that has a rule it is followed from the tensors that make it to those that read it. Each row holds for the operator sets
from its first version to its last.

**exact** says when a pruned model answers just as the original with zeros in place of what was removed. \`-\` stands by
operators that are not followed: every axis that they touch stays whole, for the reason given. So it is with operators
that are not listed, and with any operand that a rule does not account for. Constant is read as a stored tensor.`;
