import type { Command } from 'commander';
import { checkScoreOptions } from '../api/options.js';
import type { ScoreOptions } from '../api/types.js';
import { toJson } from '../report/json.js';
import { addCriterion, criterionOf } from './criterion.js';
import { checkOutput } from './files.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option } from './values.js';

interface Options extends WorkOptions {
  readonly seed?: number;
  readonly weights?: string;
  readonly force?: boolean;
}

/** `espalier score MODEL`: what each lane is worth under a criterion. */
export function addScore(program: Command, terminal: Terminal): void {
  const command = program
    .command('score')
    .description('what each lane is worth under a criterion')
    .argument('<MODEL>', 'an .onnx file')
    .option('--weights <OUT>', "also write every single weight's own term -p log2 p, as .npz")
    .action((file: string, options: Options) => score(file, options, terminal));
  addCriterion(command);
  addOptions(command, option.seed(), option.threads(), option.force(), option.quiet(), option.json());
}

async function score(file: string, options: Options, terminal: Terminal): Promise<void> {
  const { seed, weights, force = false } = options;
  const wanted: ScoreOptions = { ...criterionOf({ ...options }), ...(seed !== undefined && { seed }) };
  checkScoreOptions(wanted);
  if (weights !== undefined) await checkOutput(weights, { force, sources: [file] });
  const { openModel } = await import('../api/model.js');
  const result = await work(terminal, options, async (call) => {
    const model = await openModel(file, call);
    try {
      const groups = await model.score({ ...wanted, ...call });
      if (weights === undefined) return { groups };
      const { bytes } = await model.writeWeightTerms(weights, { force, ...call });
      return { groups, weights: { file: weights, bytes } };
    } finally {
      model.dispose();
    }
  });
  if (options.json) return terminal.print(toJson(result));
  const { scoresReport } = await import('../report/scores.js');
  terminal.print(scoresReport(result.groups, terminal.width));
}
