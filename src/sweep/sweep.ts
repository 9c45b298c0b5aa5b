import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { openModel } from '../api/open.js';
import { EspalierError } from '../base/errors.js';
import { frozen } from '../base/frozen.js';
import type { Dataset } from '../data/dataset.js';
import { matchInputs } from '../data/match.js';
import { picked } from '../data/picked.js';
import { quietly } from '../native/quietly.js';
import { checkSweepOptions } from '../options/checks.js';
import type { Sweep, SweepPoint } from '../options/sweepTypes.js';
import type { Model, SweepOptions } from '../options/types.js';
import type { ModelSource } from '../schema/sources.js';
import { verify } from '../verify/verify.js';
import { drawn, isOf, type Trial, trialsOf } from './grid.js';

/**
 * Prunes a model in many ways, and judges each by samples that nothing was fitted to. The model is analysed once; what a criterion sees of the
 * samples, and what trials say of groups, is computed once for all amounts.
 *
 * A pruning that fails is a point that says why; others go on.
 * errors: OPTION_INVALID, those of `openModel` and of data; RUNTIME_MISSING; DATA_MISMATCH for too few samples
 */
export async function sweep(source: ModelSource, given: SweepOptions): Promise<Sweep> {
  const options = checkSweepOptions(given);
  const model = await openModel(source, quietly(options));
  try {
    return frozen(await swept(model, source, options));
  } finally {
    model.dispose();
  }
}

async function swept(model: Model, source: ModelSource, options: SweepOptions): Promise<Sweep> {
  const split = await samplesOf(model, options);
  const { file } = model;
  const { size } = model.inspect();
  const about = {
    ...({ format: 'espalier-sweep', version: 1 } as const),
    model: { file, sha256: await model.sha256(quietly(options)), size },
    data: { source: split.data.source, samples: split.samples },
    test: { source: split.test.source, samples: split.tested },
  };
  const known = knownOf(about, options);
  const points: SweepPoint[] = [];
  let accuracy = known?.accuracy;
  const trials = trialsOf(options);
  const others = known?.points.filter((point) => !trials.some((trial) => isOf(point, trial))) ?? [];
  const told = (): Sweep => ({
    ...about,
    ...(accuracy !== undefined && { accuracy }),
    points: [...points, ...others],
  });
  const calibrating = calibrationSets(split);
  for (const [index, trial] of trials.entries()) {
    options.signal?.throwIfAborted();
    const before = known?.points.find((point) => isOf(point, trial));
    if (before !== undefined) {
      points.push(before);
      continue;
    }
    const task = { model, source, trial, data: calibrating(trial.seed), test: split.test };
    const tried = await pointOf(task, progressing(options, index, trials.length));
    points.push(tried.point);
    accuracy ??= tried.original;
    await options.onPoint?.(frozen(told()));
  }
  return told();
}

/** What an earlier sweep found. errors: OPTION_INVALID where it was of another model, or judged by other samples */
function knownOf(about: Pick<Sweep, 'model' | 'data' | 'test'>, { known }: SweepOptions): Sweep | undefined {
  if (known === undefined) return undefined;
  const differs =
    known.format !== 'espalier-sweep' || known.model.sha256 !== about.model.sha256
      ? 'of another model'
      : JSON.stringify([known.data, known.test]) !== JSON.stringify([about.data, about.test])
        ? 'on other samples'
        : undefined;
  if (differs === undefined) return known;
  throw new EspalierError(
    'OPTION_INVALID',
    `the sweep that is to be gone on with was ${differs}`,
    {},
    'Write to another file, or begin anew.',
  );
}

interface Split {
  readonly data: Dataset;
  /** Samples that calibrate, and that judge. */
  readonly samples: number;
  readonly test: Dataset;
  readonly tested: number;
}

/** errors: DATA_MISMATCH where there are too few samples to hold some out */
async function samplesOf(model: Model, options: SweepOptions): Promise<Split> {
  const { inputs } = model.inspect();
  const made = (data: SweepOptions['data']): Promise<Dataset> =>
    model.samples(data, sampleOptionsOf(options));
  const match = (dataset: Dataset) => matchInputs(dataset, inputs as Parameters<typeof matchInputs>[1]);
  const data = await made(options.data);
  const all = match(data);
  const count = Math.min(all.samples, options.samples ?? all.samples);
  if (options.test !== undefined) {
    const test = await made(options.test);
    return {
      ...{ data: first(data, all.samples, count), samples: count },
      test,
      tested: match(test).samples,
    };
  }
  const step = typeof all.batch === 'number' ? all.batch : 1;
  const calibrating = step * Math.floor((3 * count) / (4 * step));
  if (calibrating === 0 || calibrating === count)
    throw new EspalierError(
      'DATA_MISMATCH',
      `a sweep needs samples that judge, and there are ${count} in all`,
      { file: data.source },
      'Give more samples, or others that judge: `test`.',
    );
  const held = Array.from({ length: count - calibrating }, (_, index) => calibrating + index);
  return {
    ...{ data: first(data, all.samples, calibrating), samples: calibrating },
    ...{ test: picked(data, all.samples, held), tested: held.length },
  };
}

const first = (data: Dataset, all: number, most: number): Dataset =>
  most === all
    ? data
    : picked(
        data,
        all,
        Array.from({ length: most }, (_, index) => index),
      );

/** What says how samples are made of files. */
const sampleOptionsOf = ({ preprocess, column, sampleRate, labels, shape, signal }: SweepOptions) => ({
  ...(preprocess !== undefined && { preprocess }),
  ...(column !== undefined && { column }),
  ...(sampleRate !== undefined && { sampleRate }),
  ...(labels !== undefined && { labels }),
  ...(shape !== undefined && { shape }),
  ...(signal !== undefined && { signal }),
});

/** The samples of a seed; the same object each time, by which what was computed on them is found again. */
function calibrationSets({ data, samples }: Split): (seed: number) => Dataset {
  const bySeed = new Map<number, Dataset>();
  return (seed) => {
    const random = xoroshiro128plus(seed);
    const made =
      bySeed.get(seed) ??
      (seed === 0
        ? data
        : picked(
            data,
            samples,
            drawn(samples, seed, () => uniformFloat64(random)),
          ));
    bySeed.set(seed, made);
    return made;
  };
}

interface Task {
  readonly model: Model;
  readonly source: ModelSource;
  readonly trial: Trial;
  readonly data: Dataset;
  readonly test: Dataset;
}

async function pointOf(
  { model, source, trial, data, test }: Task,
  options: SweepOptions,
): Promise<{ readonly point: SweepPoint; readonly original?: number }> {
  const since = performance.now();
  const seconds = (): number => Math.round(performance.now() - since) / 1000;
  const { ratio, macs, params, ...how } = trial;
  const amount = {
    ...(ratio !== undefined && { ratio }),
    ...(macs !== undefined && { macs }),
    ...(params !== undefined && { params }),
  };
  try {
    const pruned = await model.prune({ ...how, ...amount, ...wantedOf(options), data, ...callOf(options) });
    const bytes = await pruned.toBytes(callOf(options));
    const took = seconds();
    const verification = await verify(source, bytes, {
      ...judged(options),
      data: test,
      runs: 0,
      ...callOf(options),
    });
    const found = verification.outputs.flatMap(({ fidelity }) => fidelity ?? []);
    const { accuracy } = verification;
    return {
      point: {
        ...trial,
        size: { ...pruned.after, bytes: bytes.length },
        ...(found.length > 0 && { fidelity: Math.min(...found) }),
        ...(accuracy !== undefined && { accuracy: accuracy.pruned }),
        seconds: took,
        ...(pruned.warnings.length > 0 && { warnings: pruned.warnings }),
      },
      ...(accuracy !== undefined && { original: accuracy.original }),
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof EspalierError) || FATAL.has(error.code)) throw error;
    return { point: { ...trial, seconds: seconds(), failed: { code: error.code, text: error.message } } };
  }
}

/** What would fail for every point alike. */
const FATAL: ReadonlySet<string> = new Set([
  'RUNTIME_MISSING',
  'DATA_MALFORMED',
  'DATA_MISMATCH',
  'ADDON_MISSING',
]);

const wantedOf = ({ exact, keep, memory, runtime, shape }: SweepOptions) => ({
  ...(exact !== undefined && { exact }),
  ...(keep !== undefined && { keep }),
  ...(memory !== undefined && { memory }),
  ...(runtime !== undefined && { runtime }),
  ...(shape !== undefined && { shape }),
});

const judged = ({ labels, runtime }: SweepOptions) => ({
  ...(labels !== undefined && { labels }),
  ...(runtime !== undefined && { runtime }),
});

const callOf = ({ signal, threads, onProgress }: SweepOptions) => ({
  ...(signal !== undefined && { signal }),
  ...(threads !== undefined && { threads }),
  ...(onProgress !== undefined && { onProgress }),
});

/** Progress tells which of all points is worked at. */
function progressing(options: SweepOptions, index: number, all: number): SweepOptions {
  const { onProgress } = options;
  if (onProgress === undefined) return options;
  return { ...options, onProgress: ({ phase }) => onProgress({ phase, done: index, total: all }) };
}
