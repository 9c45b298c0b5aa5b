import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import { FileProblem, readText } from '../platform/index.js';
import { checkOutput } from './files.js';
import { type Outcome, printOutcome } from './outcome.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option } from './values.js';

interface Options extends WorkOptions {
  readonly output: string;
  readonly data?: string;
  readonly samples?: number;
  readonly shape?: Readonly<Record<string, readonly number[]>>;
  readonly force?: boolean;
}

/** `espalier apply MODEL PLAN -o OUT`: replays a saved plan. */
export function addApply(program: Command, terminal: Terminal): void {
  const command = program
    .command('apply')
    .description('replay a saved plan')
    .argument('<MODEL>', 'the .onnx file that the plan was made for')
    .argument('<PLAN>', 'a plan, as prune --plan writes it')
    .requiredOption('-o, --output <OUT>', 'the .onnx file to write')
    .action((file: string, plan: string, options: Options) => apply(file, plan, options, terminal));
  addOptions(
    command,
    option.data(),
    option.samples(),
    option.shape(),
    option.force(),
    option.threads(),
    option.quiet(),
    option.json(),
  );
}

async function apply(file: string, planFile: string, options: Options, terminal: Terminal): Promise<void> {
  const { output, data, samples, shape, force = false } = options;
  await checkOutput(output, { force, sources: [file, planFile] });
  const plan = await load(planFile);
  const { openModel } = await import('../api/open.js');
  const outcome = await work(terminal, options, async (call): Promise<Outcome> => {
    const model = await openModel(file, call);
    try {
      const given = {
        ...(data !== undefined && { data }),
        ...(samples !== undefined && { samples }),
        ...(shape !== undefined && { shape }),
      };
      const pruned = await model.apply(plan, { ...given, ...call });
      const { bytes, externalBytes } = await pruned.save(output, { force, ...call });
      return {
        file,
        output,
        data: externalBytes > 0 ? `${output}.data` : null,
        plan: null,
        before: pruned.before,
        after: { ...pruned.after, bytes },
        groups: plan.groups.map(({ id, lanes, kept, exact }) => ({ id, lanes, kept: kept.length, exact })),
        ...(pruned.reconstruction && { reconstruction: pruned.reconstruction }),
        ...(pruned.plan.interface && { interface: pruned.plan.interface }),
        lengths: pruned.lengths,
        warnings: pruned.warnings,
      };
    } finally {
      model.dispose();
    }
  });
  await printOutcome(terminal, outcome, options);
}

async function load(path: string): Promise<Plan> {
  const { readPlan } = await import('../plan/read.js');
  const text = await readText(path).catch((cause: unknown) => {
    const missing = cause instanceof FileProblem && cause.reason === 'missing';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EspalierError(
      missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      missing ? 'the plan does not exist' : `the plan cannot be read (${why})`,
      { file: path },
      '',
      { cause },
    );
  });
  return readPlan(text, path);
}
