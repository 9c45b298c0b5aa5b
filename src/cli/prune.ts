import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import { saveOptions } from '../options/call.js';
import { checkPlanOptions } from '../options/checks.js';
import { HEADING } from '../options/headings.js';
import { planOptions } from '../options/planning.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { flag, words } from '../schema/fields.js';
import { criterionFlags, criterionOf } from './criterion.js';
import { addFlags, type FlagValues, flagsOf, givenOf } from './flags.js';
import { modelNamed, modelsNamed, STREAM } from './models.js';
import { printOutcome } from './outcome.js';
import { type OutputFolders, pruneMany } from './pruneMany.js';
import { checkTargets, type PruneRequest, type PruneTargets, pruneOne, samplesOf } from './pruneOne.js';
import { reportFlag } from './reporting.js';
import { beside, spokenOf, type Terminal, terminalOptions, type WorkOptions, work } from './terminal.js';

const ownOptions = {
  output: {
    takes: words(),
    help: 'the .onnx file to write; - writes to standard output',
    sign: 'OUT',
    letter: 'o',
  },
  outDir: {
    takes: words(),
    help: 'of several models: the folder to write to, each under its own name',
    sign: 'DIR',
    heading: HEADING.writing,
  },
  plan: { takes: words(), help: 'also write the plan, as JSON', sign: 'FILE', heading: HEADING.writing },
  planDir: {
    takes: words(),
    help: 'of several models: also write their plans into this folder',
    sign: 'DIR',
    heading: HEADING.writing,
  },
  ...reportFlag,
  reportDir: {
    takes: words(),
    help: 'of several models: also write their reports into this folder',
    sign: 'DIR',
    heading: HEADING.writing,
  },
  dryRun: { takes: flag(), help: 'write nothing, but for the plan and the report', heading: HEADING.writing },
  stability: {
    takes: flag(),
    help: 'also tell how much the choice hangs on the samples: plans on either half of --data',
    heading: HEADING.checking,
  },
} satisfies Declarations;

/** `espalier prune MODEL -o OUT`: plan, remove, and with data compare. Several models at once with `--out-dir`. */
export function declarePrune(command: Command, terminal: Terminal): void {
  command.action((models: readonly string[], _, given: Command) => prune(models, given, terminal));
  const { output, ...others } = ownOptions;
  const all = [
    ...[...flagsOf({ output }), ...flagsOf(planOptions.all), ...criterionFlags()],
    ...[...flagsOf(others), ...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ];
  addFlags(command, all, true);
}

async function prune(named: readonly string[], command: Command, terminal: Terminal): Promise<void> {
  const own = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const given = checkPlanOptions({ ...givenOf(command, planOptions), ...criterionOf(command) });
  const { data, ...wanted } = given;
  const request: PruneRequest = {
    ...{ wanted, data: data as string | undefined, force },
    stability: own.stability === true,
  };
  checkRequest(request);
  const speech = spokenOf(command);
  const models = await modelsNamed(named);
  const inFolders = [own.outDir, own.planDir, own.reportDir].some((folder) => folder !== undefined);
  if (inFolders || models.length > 1) {
    await pruneMany(models, request, foldersOf(own, models), speech, terminal);
    return;
  }
  const [file] = models;
  await pruneTo(file!, request, own, speech, terminal);
}

function checkRequest({ wanted, data, stability }: PruneRequest): void {
  if (wanted.labels !== undefined && data === undefined)
    throw new EspalierError('OPTION_INVALID', '--labels names an array in --data, which is not given');
  if (stability && data === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      '--stability is that of a choice on samples, and none are given',
      {},
      'Give --data FILE.',
    );
}

/** Where several models are written. errors: OPTION_INVALID where files are named, or nothing says where. */
function foldersOf(
  { output, plan, report, outDir, planDir, reportDir, dryRun = false }: FlagValues<typeof ownOptions>,
  models: readonly string[],
): OutputFolders {
  const invalid = (what: string, todo: string) => new EspalierError('OPTION_INVALID', what, {}, todo);
  const several = models.length > 1 ? `there are ${models.length} models` : 'a folder is given too';
  if (output !== undefined)
    throw invalid(`--output names one file, and ${several}`, 'Give --out-dir DIR alone.');
  if (plan !== undefined)
    throw invalid(`--plan names one file, and ${several}`, 'Give --plan-dir DIR alone.');
  if (report !== undefined)
    throw invalid(`--report names one file, and ${several}`, 'Give --report-dir DIR alone.');
  if (models.includes(STREAM))
    throw invalid(
      'standard input is one model, and has no name',
      'Give -o OUT.onnx in the place of a folder.',
    );
  if (outDir === undefined && !dryRun)
    throw invalid(`no output is given for ${models.length} models`, 'Add --out-dir DIR, or --dry-run.');
  return {
    ...(outDir !== undefined && !dryRun && { models: outDir }),
    ...(planDir !== undefined && { plans: planDir }),
    ...(reportDir !== undefined && { reports: reportDir }),
  };
}

async function pruneTo(
  file: string,
  request: PruneRequest,
  { output, plan, report, dryRun = false }: FlagValues<typeof ownOptions>,
  speech: WorkOptions,
  given: Terminal,
): Promise<void> {
  if (output === undefined && !dryRun)
    throw new EspalierError('OPTION_INVALID', 'no output is given', {}, 'Add -o OUT.onnx, or --dry-run.');
  const target = dryRun ? undefined : output;
  const to: PruneTargets = { target, plan, report };
  const streams = Object.values(to).filter((path) => path === STREAM).length;
  if (streams > 1)
    throw new EspalierError('OPTION_INVALID', `${streams} files cannot all go to standard output`);
  const { data, wanted } = request;
  await checkTargets(file, to, request.force);
  const terminal = streams > 0 ? beside(given) : given;
  const model = await modelNamed(file);
  const outcome = await work(terminal, { ...wanted, ...speech }, async (call) =>
    pruneOne({ file, model }, to, request, await samplesOf(request), {
      ...call,
      tell: (line) => terminal.hint(line, speech),
    }),
  );
  if (outcome.verification?.ok === false) terminal.fail();
  await printOutcome(terminal, outcome, speech);
  if (target === undefined || speech.json || file === STREAM || target === STREAM) return;
  const compare = `espalier verify ${file} ${target} --data FILE`;
  if (data === undefined) terminal.hint(`Compare it on your own samples: ${compare}`, speech);
  else if (outcome.reconstruction !== undefined && wanted.guard === undefined)
    terminal.hint(`It was fitted to these samples. Compare it on others: ${compare}`, speech);
}
