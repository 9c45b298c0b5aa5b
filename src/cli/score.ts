import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import { checkScoreOptions } from '../options/options.js';
import type { GroupScore, ScoreOptions } from '../options/types.js';
import { toJson } from '../report/json.js';
import { nearest } from '../schema/near.js';
import { checkData, readData } from './check.js';
import { addCriterion, criterionOf } from './criterion.js';
import { checkOutput } from './files.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option } from './values.js';

interface Options extends WorkOptions, Pick<ScoreOptions, 'criterion' | 'criterionOptions'> {
  readonly seed?: number;
  readonly data?: string;
  readonly samples?: number;
  readonly keep?: readonly string[];
  readonly free?: readonly string[];
  readonly group?: string;
  readonly weights?: string;
  readonly force?: boolean;
}

/** `espalier score MODEL`: what each lane is worth under a criterion. */
export function addScore(program: Command, terminal: Terminal): void {
  const command = program
    .command('score')
    .description('what each lane is worth under a criterion')
    .argument('<MODEL>', 'an .onnx file')
    .option('--group <ID>', 'every lane of this group, one by one')
    .option('--weights <OUT>', "also write every single weight's own term -p log2 p, as .npz")
    .action((file: string, options: Options, own: Command) =>
      score(file, { ...options, ...criterionOf(own) }, terminal),
    );
  addCriterion(command);
  addOptions(command, option.data(), option.samples(), option.keep(), option.free());
  addOptions(command, option.seed(), option.threads(), option.force(), option.quiet(), option.json());
}

async function score(file: string, options: Options, terminal: Terminal): Promise<void> {
  const { criterion, criterionOptions, seed, weights, data, samples, keep, free, force = false } = options;
  const wanted: ScoreOptions = {
    ...(criterion !== undefined && { criterion }),
    ...(criterionOptions !== undefined && { criterionOptions }),
    ...(seed !== undefined && { seed }),
    ...(samples !== undefined && { samples }),
    ...(keep !== undefined && { keep }),
    ...(free !== undefined && { free }),
  };
  checkScoreOptions({ ...wanted, ...(data !== undefined && { data }) });
  if (weights !== undefined) await checkOutput(weights, { force, sources: [file] });
  const dataset = data === undefined ? undefined : await readData(data, undefined);
  const { openModel } = await import('../api/open.js');
  const result = await work(terminal, options, async (call) => {
    const model = await openModel(file, call);
    try {
      if (dataset !== undefined) checkData(dataset, model.inspect());
      const all = await model.score({ ...wanted, ...(dataset !== undefined && { data: dataset }), ...call });
      const groups = options.group === undefined ? all : [groupNamed(options.group, all, file)];
      if (weights === undefined) return { groups };
      const { bytes } = await model.writeWeightTerms(weights, { force, ...call });
      return { groups, weights: { file: weights, bytes } };
    } finally {
      model.dispose();
    }
  });
  if (options.json) return terminal.print(toJson(result));
  const { lanesReport, scoresReport } = await import('../report/scores.js');
  const [first] = result.groups;
  terminal.print(
    options.group !== undefined && first !== undefined
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
