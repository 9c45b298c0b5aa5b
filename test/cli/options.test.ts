import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { wholeProgram } from '../../src/cli/program.js';
import { criteria } from '../../src/index.js';
import { applyOptions, inspectOptions } from '../../src/options/calibration.js';
import { saveOptions } from '../../src/options/call.js';
import { treeOptions } from '../../src/options/growing.js';
import { HEADING } from '../../src/options/headings.js';
import { planOptions } from '../../src/options/planning.js';
import { reportOptions } from '../../src/options/reporting.js';
import { sampleOptions } from '../../src/options/sampling.js';
import { scoreOptions } from '../../src/options/scoring.js';
import { verifyOptions } from '../../src/options/verifying.js';

const silent = { signal: new AbortController().signal, width: undefined, print() {}, hint() {}, fail() {} };
const commands = new Map((await wholeProgram(silent)).commands.map((command) => [command.name(), command]));

/**
 * The command line aborts by an interruption, shows progress by itself, and has a flag for each option of a criterion. Compressions beside
 * pruning have options of their own, which code gives. What other calls gave, a report takes in code; the command is the one that is typed.
 */
const IN_CODE = [
  ...['signal', 'onProgress', 'runtime', 'criterionOptions', 'compress'],
  ...['outcome', 'verification', 'tree', 'command'],
];
/** How a command speaks, whatever it does. */
const SPEECH = ['quiet', 'json'];
const ofCriteria = criteria().flatMap(({ options }) => Object.keys(options));

const flags = (command: Command): string[] =>
  [...new Set(command.options.map((option) => option.attributeName()))].sort();

test.each([
  // How much of the result is printed.
  ['inspect', [inspectOptions], ['all', 'explain']],
  // Where the model and its plan go, the page of the call `report`, whether they are written, and the call `stability` beside `prune`.
  [
    'prune',
    [planOptions, saveOptions],
    [...ofCriteria, 'output', 'plan', 'report', 'outDir', 'planDir', 'reportDir', 'dryRun', 'stability'],
  ],
  // Where the model goes, and the page of `report`.
  ['apply', [applyOptions, saveOptions], ['output', 'report']],
  // Which group is shown lane by lane, and the call `writeWeightTerms`.
  ['score', [scoreOptions, saveOptions], [...ofCriteria, 'group', 'weights']],
  // How much of the result is printed.
  ['tree', [treeOptions, saveOptions], ['all', 'report']],
  ['verify', [verifyOptions, saveOptions], ['report']],
  ['report', [reportOptions, saveOptions], ['output']],
  // For which model, and where its samples and their sheet go.
  ['data', [sampleOptions, saveOptions], ['model', 'output', 'sheet']],
] as const)('%s takes what its calls take, and nothing else', (name, sets, own) => {
  const taken = sets.flatMap(({ names }) => names).filter((option) => !IN_CODE.includes(option));
  expect(flags(commands.get(name)!)).toEqual([...new Set([...taken, ...own, ...SPEECH])].sort());
});

test('flags stand under the headings that there are', () => {
  const headings = [...commands.values()].flatMap(({ options }) =>
    options.map(({ helpGroupHeading }) => helpGroupHeading),
  );
  const known = Object.values(HEADING).map((heading) => `${heading}:`);
  expect(new Set(headings)).toEqual(new Set([undefined, ...known]));
});

test('every other command prints a list', () => {
  const lists = ['criteria', 'policies', 'operators', 'doctor'];
  for (const list of lists) expect(flags(commands.get(list)!)).toEqual(['json']);
  expect([...commands.keys()].filter((name) => !lists.includes(name)).sort()).toEqual([
    ...['apply', 'compare', 'complete', 'data', 'inspect', 'prune', 'report', 'score', 'sweep', 'tree'],
    'verify',
  ]);
});
