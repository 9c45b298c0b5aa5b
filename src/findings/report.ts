import { EspalierError } from '../base/errors.js';
import { frozen } from '../base/frozen.js';
import type { Dataset } from '../data/dataset.js';
import { quietly } from '../native/quietly.js';
import { saveOptions } from '../options/call.js';
import { checkReportOptions } from '../options/checks.js';
import type { GroupScore, ReportOptions, SaveOptions, Verification, Warning } from '../options/types.js';
import { samplesFor } from '../pipeline/samplesFor.js';
import type { Plan } from '../plan/plan.js';
import { kindOf, writeText } from '../platform/index.js';
import { checked } from '../schema/check.js';
import { type ModelSource, type PathLike, pathFrom } from '../schema/sources.js';
import { gathered } from './gather.js';
import { type OpenedFile, openedFile } from './opened.js';
import { pageOf } from './page.js';
import { comparedSamples } from './samples.js';
import type { ComparedSamples, ReportData } from './types.js';

/** A report: what it tells, and the page that shows it. */
export interface Report {
  /** All that is shown, as plain data; its format is public (docs/report.md). */
  readonly data: ReportData;
  /** One HTML file that needs nothing else, and no network. */
  html(): Promise<string>;
  /** Writes that file (temporary file beside, then renamed). Without `force` an existing file is an error. errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE */
  save(path: PathLike, options?: SaveOptions): Promise<void>;
}

/** The most samples that the lanes of groups are judged on. */
const MOST_SAMPLES = 256;

/**
 * What became of a model, to be looked at: size, speed and likeness, both graphs, where bytes and lanes went, and why what stayed did.
 * Where the options do not hold what `verify` gave, both models are run, on `data` or random numbers.
 *
 * @param pruned undefined: the report tells of the original alone
 * errors: those of `openModel` and `verify`; PLAN_STALE for a plan of another model
 */
export async function report(
  original: ModelSource,
  pruned: ModelSource | undefined,
  given?: ReportOptions,
): Promise<Report> {
  const options = checkReportOptions(given);
  const first = await openedFile('original', original, quietly(options));
  let second: OpenedFile | undefined;
  try {
    second =
      pruned === undefined
        ? undefined
        : await openedFile('pruned', pruned, quietly(options), `${first.graph.file}, pruned`);
    return reportOf(frozen(await dataOf(first, second, options)));
  } finally {
    first.model.dispose();
    second?.model.dispose();
  }
}

async function dataOf(
  original: OpenedFile,
  pruned: OpenedFile | undefined,
  given: ReportOptions,
): Promise<ReportData> {
  const plan = await planOf(original, given);
  const { data: source, ...rest } = given;
  const data = source === undefined ? undefined : await opened(original, given, source);
  const options = { ...rest, ...(data !== undefined && { data }) };
  const warnings: Warning[] = [];
  const verification =
    given.verification ?? (await withRuntime(warnings, () => compared(original, pruned, options)));
  const samples = await withRuntime(warnings, () => sampled(original, pruned, options));
  const bits = await withRuntime(warnings, () => bitsOf(original, pruned, options));
  return gathered({ original, pruned, options, plan, verification, warnings, bits, samples });
}

type Options = Omit<ReportOptions, 'data'> & { readonly data?: Dataset };

/** errors: PLAN_STALE, PLAN_MALFORMED */
async function planOf({ model, graph }: OpenedFile, options: ReportOptions): Promise<Plan | undefined> {
  const given = options.outcome?.plan ?? options.plan;
  if (given === undefined) return undefined;
  const [{ checkPlan }, { sectionReader }] = await Promise.all([
    import('../plan/read.js'),
    import('../compression/compressions.js'),
  ]);
  const plan = checkPlan(given, undefined, sectionReader);
  if (plan.model.sha256 === (await model.sha256(quietly(options)))) return plan;
  throw new EspalierError(
    'PLAN_STALE',
    `the plan was made for another model: ${plan.model.file} with sha256 ${plan.model.sha256.slice(0, 12)}…`,
    { file: graph.file },
    'Give the plan that was made for this original, or none.',
  );
}

/** A model that was given as bytes has nothing beside it. */
const opened = (
  { graph, source: place }: OpenedFile,
  options: ReportOptions,
  source: NonNullable<ReportOptions['data']>,
): Promise<Dataset> =>
  samplesFor({ graph, path: typeof place === 'string' ? place : undefined }, source, options);

/** What needs a runtime is left out where none is installed, which a warning says. */
async function withRuntime<T>(
  warnings: Warning[],
  act: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_MISSING') throw error;
    warnings.push({ code: error.code, text: `the models were not run: ${error.what}. ${error.todo}` });
    return undefined;
  }
}

async function compared(
  original: OpenedFile,
  pruned: OpenedFile | undefined,
  options: Options,
): Promise<Verification | undefined> {
  if (pruned === undefined || options.compare === false) return undefined;
  const { verify } = await import('../verify/verify.js');
  const {
    plan: _,
    outcome: __,
    verification: ___,
    tree: ____,
    compare: _____,
    command: ______,
    shape: _______,
    ...own
  } = options;
  return verify(original.source, pruned.source, own);
}

async function sampled(
  original: OpenedFile,
  pruned: OpenedFile | undefined,
  options: Options,
): Promise<ComparedSamples | undefined> {
  const { data } = options;
  if (pruned === undefined || data === undefined || options.compare === false) return undefined;
  return comparedSamples(original, pruned, { ...options, data });
}

/** What each lane says, and what it says that no other does, in bits. Of one model alone its tree tells that. */
async function bitsOf(
  { model }: OpenedFile,
  pruned: OpenedFile | undefined,
  { data, runtime, samples, signal, threads, compare, onProgress }: Options,
): Promise<readonly GroupScore[] | undefined> {
  if (data === undefined || compare === false || pruned === undefined || model.inspect().groups.length === 0)
    return undefined;
  return model.score({
    ...{ criterion: 'information', data, samples: Math.min(samples ?? MOST_SAMPLES, MOST_SAMPLES) },
    ...(runtime !== undefined && { runtime }),
    ...(threads !== undefined && { threads }),
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && { onProgress }),
  });
}

const reportOf = (data: ReportData): Report => ({
  data,
  html: () => pageOf(data),
  async save(path, given) {
    const [to, { force = false }] = [pathFrom('path', path), checked(saveOptions, given)];
    const there = await kindOf(to).catch(() => undefined);
    if (there !== undefined && !force)
      throw new EspalierError(
        'OUTPUT_EXISTS',
        'the output exists',
        { file: to },
        'Overwrite it with force: true.',
      );
    await writeText(to, await pageOf(data)).catch((cause: unknown) => {
      const why = cause instanceof Error ? ` (${cause.message})` : '';
      throw new EspalierError('OUTPUT_UNWRITABLE', `the output cannot be written${why}`, { file: to }, '', {
        cause,
      });
    });
  },
});
