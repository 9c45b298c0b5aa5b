import { EspalierError } from '../base/errors.js';
import type { Labels } from '../compare/labels.js';
import { type Batch, batches, bytesPerSample, matchInputs, readLabels } from '../data/match.js';
import { datasetFor, type SampleSource } from '../data/samples.js';
import type { Warning } from '../options/types.js';
import { RANDOM_SAMPLES } from '../options/verifying.js';
import type { ModelOrigin } from '../preprocess/beside.js';
import type { Session } from '../runtime/runtime.js';
import { GIVE_DATA } from '../schema/advice.js';
import { guesses, RandomInputs, takesAnyBatch } from './random.js';
import type { VerifyOptions } from './types.js';

/** Where samples come from: a dataset, or a generator of random numbers. */
export interface BatchSource {
  readonly name: string;
  readonly random: boolean;
  readonly samples: number;
  /** As in `Match`. */
  readonly batch: 'any' | 'one' | number;
  /** Samples that can be run at once within some megabytes of inputs. */
  readonly size: number;
  /** The first `samples` samples, at most `size` at a time; each call begins anew. */
  batches(size: number, samples: number): AsyncIterable<Batch>;
  readonly labels?: Labels;
  /** How files became samples, where they were files. */
  readonly preprocessing?: string;
  readonly warnings?: readonly Warning[];
}

const MAX_BATCH = 64;
const BATCH_BYTES = 4 * 1024 * 1024;

/** Opens what the options name; `origin`: of the original. Errors: DATA_MALFORMED, DATA_MISMATCH; RUNTIME_FAILED where no random data fit. */
export async function openBatchSource(
  original: Session,
  options: VerifyOptions,
  origin: ModelOrigin,
): Promise<BatchSource> {
  if (options.data !== undefined) return fromDataset(original, options, origin, options.data);
  return fromRandom(original, options);
}

async function fromDataset(
  original: Session,
  options: VerifyOptions,
  model: ModelOrigin,
  data: SampleSource,
): Promise<BatchSource> {
  const { signal, labels, samples, preprocess, column, sampleRate } = options;
  const dataset = await datasetFor(data, {
    inputs: original.inputs,
    model,
    ...(preprocess !== undefined && { preprocess }),
    ...(column !== undefined && { column }),
    ...(sampleRate !== undefined && { sampleRate }),
    ...(labels !== undefined && { labels }),
    ...(samples !== undefined && { most: samples }),
    ...(signal !== undefined && { signal }),
  });
  const match = matchInputs(dataset, original.inputs);
  return {
    name: dataset.source,
    random: false,
    samples: Math.min(match.samples, options.samples ?? match.samples),
    batch: match.batch,
    size: sizeFor(bytesPerSample(match)),
    batches: (size, samples) => batches(match, { size, samples, ...(signal && { signal }) }),
    ...(dataset.preprocessing !== undefined && { preprocessing: dataset.preprocessing }),
    ...(dataset.warnings !== undefined && { warnings: dataset.warnings }),
    ...(labels !== undefined && { labels: await readLabels(dataset, labels, match.samples) }),
  };
}

async function fromRandom(original: Session, options: VerifyOptions): Promise<BatchSource> {
  const { inputs } = original;
  const seed = options.seed ?? 0;
  let failure: unknown;
  for (const guess of guesses(inputs)) {
    const feeds = new RandomInputs(inputs, guess, seed).next(1);
    try {
      await original.run(feeds);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof EspalierError) || error.code !== 'RUNTIME_FAILED') throw error;
      failure = error;
      continue;
    }
    const any = takesAnyBatch(inputs);
    const bytes = Object.values(feeds).reduce(
      (sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0),
      0,
    );
    async function* generate(size: number, samples: number): AsyncGenerator<Batch> {
      const random = new RandomInputs(inputs, guess, seed);
      const step = any ? size : 1;
      for (let from = 0; from < samples; from += step) {
        options.signal?.throwIfAborted();
        const count = Math.min(step, samples - from);
        yield { feeds: random.next(count), from, samples: count };
      }
    }
    return {
      name: 'random',
      random: true,
      samples: options.samples ?? RANDOM_SAMPLES,
      batch: any ? 'any' : 'one',
      size: Math.min(sizeFor(bytes), RANDOM_SAMPLES / 2),
      batches: generate,
    };
  }
  throw new EspalierError(
    'RUNTIME_FAILED',
    'the original did not run on random data of any shape that was tried',
    {},
    GIVE_DATA,
    { cause: failure },
  );
}

const sizeFor = (bytes: number): number =>
  Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / Math.max(1, bytes))));
