import { folderOf } from '../platform/index.js';
import { toJson } from '../report/json.js';
import { type ManyOutcome, manyReport } from '../report/many.js';
import { type Fault, faultOf } from './faults.js';
import { makeOutputFolder } from './files.js';
import { targetsIn } from './models.js';
import { jsonOf, type PruningOutcome } from './outcome.js';
import { checkTargets, type PruneRequest, type PruneTargets, pruneOne, samplesOf } from './pruneOne.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';

/** The folders that several models, their plans and their reports are written to. */
export interface OutputFolders {
  readonly models?: string;
  readonly plans?: string;
  readonly reports?: string;
}

const ENDING = /(\.onnx)?$/;

/**
 * Prunes one model after the other in the same way. One that fails stops no other: its fault is told, and the exit code is 1 in the end.
 * With `--json` a line for each model, as soon as it is done: what `prune` gives for one, or its fault.
 */
export async function pruneMany(
  models: readonly string[],
  request: PruneRequest,
  folders: OutputFolders,
  speech: WorkOptions,
  terminal: Terminal,
): Promise<void> {
  const targets = folders.models === undefined ? [] : targetsIn(folders.models, models);
  const plans = folders.plans === undefined ? [] : targetsIn(folders.plans, models);
  const reports = folders.reports === undefined ? [] : targetsIn(folders.reports, models);
  const dataset = await samplesOf(request);
  const outcomes: ManyOutcome[] = [];
  for (const [index, file] of models.entries()) {
    const to = {
      target: targets[index],
      plan: plans[index]?.replace(ENDING, '.plan.json'),
      report: reports[index]?.replace(ENDING, '.html'),
    };
    const place = `${index + 1} of ${models.length}, ${file}`;
    const since = performance.now();
    const done = (outcome?: PruningOutcome, fault?: Fault): void => {
      const seconds = (performance.now() - since) / 1000;
      outcomes.push({ file, seconds, ...(outcome && { outcome }), ...(fault && { error: fault.error }) });
      if (speech.json) terminal.print(lineOf(outcome ? jsonOf(outcome) : { file, error: fault!.error }));
      else terminal.hint(`${place}: ${endOf(fault)} (${seconds.toFixed(1)} s)`, speech);
    };
    try {
      const options = { ...request.wanted, ...speech };
      const outcome = await work(
        terminal,
        options,
        async (call) => {
          await makeFolders(to);
          await checkTargets(file, to, request.force);
          return pruneOne({ file, model: file }, to, request, dataset, {
            ...call,
            tell: (line) => terminal.hint(line, speech),
          });
        },
        `${place}: `,
      );
      if (outcome.verification?.ok === false) terminal.fail();
      done(outcome);
    } catch (error) {
      if (terminal.signal.aborted) throw error;
      terminal.fail();
      done(undefined, faultOf(error, false));
    }
  }
  if (!speech.json) terminal.print(manyReport(outcomes, terminal.width));
}

const endOf = (fault: Fault | undefined): string =>
  fault === undefined ? 'done' : `failed, ${fault.error.code}`;

/** One line, whatever is in it. */
const lineOf = (value: unknown): string => JSON.stringify(JSON.parse(toJson(value)));

/** Makes the folders that these go to. */
async function makeFolders(to: PruneTargets): Promise<void> {
  for (const path of Object.values(to)) if (path !== undefined) await makeOutputFolder(folderOf(path));
}
