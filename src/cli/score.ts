import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import { saveOptions } from '../options/call.js';
import { checkScoreOptions } from '../options/checks.js';
import { HEADING } from '../options/headings.js';
import { scoreOptions } from '../options/scoring.js';
import type { GroupScore } from '../options/types.js';
import { toJson } from '../report/json.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { words } from '../schema/fields.js';
import { nearest } from '../schema/near.js';
import { checkData, openData, readData } from './check.js';
import { criterionFlags, criterionOf } from './criterion.js';
import { checkOutput } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { modelNamed } from './models.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  group: { takes: words(), help: 'every lane of this group, one by one', sign: 'ID' },
  weights: {
    takes: words(),
    help: "also write every single weight's own term -p log2 p, as .npz",
    sign: 'OUT',
    heading: HEADING.writing,
  },
} satisfies Declarations;

/** `espalier score MODEL`: what each lane is worth under a criterion. */
export function declareScore(command: Command, terminal: Terminal): void {
  command.action((file: string, _, given: Command) => score(file, given, terminal));
  const all = [
    ...[...flagsOf(ownOptions), ...flagsOf(scoreOptions.all), ...criterionFlags()],
    ...[...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ];
  addFlags(command, all, true);
}

async function score(file: string, command: Command, terminal: Terminal): Promise<void> {
  const given = checkScoreOptions({ ...givenOf(command, scoreOptions), ...criterionOf(command) });
  const { group, weights } = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const speech = spokenOf(command);
  if (weights !== undefined) await checkOutput(weights, { force, sources: [file] });
  const { data, ...wanted } = given;
  const found = data === undefined ? undefined : await readData(data as string, undefined);
  const { openModel } = await import('../api/open.js');
  const result = await work(terminal, { ...given, ...speech }, async (call) => {
    const model = await openModel(await modelNamed(file), call);
    try {
      const dataset =
        found === undefined
          ? undefined
          : await openData(found, model, { ...wanted, ...call }, (line) => terminal.hint(line, speech));
      if (dataset !== undefined) checkData(dataset, model.inspect());
      const all = await model.score({ ...wanted, ...(dataset !== undefined && { data: dataset }), ...call });
      const groups = group === undefined ? all : [groupNamed(group, all, file)];
      if (weights === undefined) return { groups };
      const { bytes } = await model.writeWeightTerms(weights, { force, ...call });
      return { groups, weights: { file: weights, bytes } };
    } finally {
      model.dispose();
    }
  });
  if (speech.json) return terminal.print(toJson(result));
  const { lanesReport, scoresReport } = await import('../report/scores.js');
  const [first] = result.groups;
  terminal.print(
    group !== undefined && first !== undefined
      ? lanesReport(first, terminal.width)
      : scoresReport(result.groups, terminal.width),
  );
}

function groupNamed(id: string, groups: readonly GroupScore[], file: string): GroupScore {
  const found = groups.find((group) => group.id === id);
  if (found !== undefined) return found;
  const near = nearest(
    id,
    groups.map((group) => group.id),
  );
  throw new EspalierError(
    'OPTION_INVALID',
    `there is no group "${id}"`,
    { file },
    `${near === undefined ? '' : `Did you mean ${near}? `}espalier score without --group lists them.`,
  );
}
