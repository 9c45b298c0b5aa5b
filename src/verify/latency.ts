import { LEAST_RUNS } from '../options/verifying.js';
import type { Feeds, Session } from '../runtime/runtime.js';

/** Median latencies of the original and the pruned model, measured in turns on the same inputs. */
export interface Latency {
  /** Medians, in milliseconds. */
  readonly originalMs: number;
  readonly prunedMs: number;
  /** Measured runs of each. */
  readonly runs: number;
  /** The pruned model is slower, beyond what the runs scatter. */
  readonly slower: boolean;
}

const WARM_UP = 3;
const IN_A_ROW = 5;
/** Without a number of runs asked for: many of a fast model, within a second; of a slow one few, within some more. */
const USUAL = 30;
const MANY = 500;
const QUICK_MS = 1000;
const PATIENCE_MS = 5000;

/**
 * Medians of interleaved runs: some of one model, then some of the other, whoever was second goes first the next time, so
 * that what else the machine does strikes both. The first run of each row is not measured: the other model's threads
 * may still be winding down in it.
 */
export async function measure(
  original: Session,
  pruned: Session,
  feeds: Feeds,
  { runs, signal }: { readonly runs?: number; readonly signal?: AbortSignal },
): Promise<Latency> {
  const models = [
    { session: original, ms: [] as number[] },
    { session: pruned, ms: [] as number[] },
  ];
  for (const { session } of models) for (let i = 0; i < WARM_UP; i++) await session.run(feeds);

  const start = performance.now();
  const enough = () => {
    const done = models[0]!.ms.length;
    if (runs !== undefined) return done >= runs;
    const elapsed = performance.now() - start;
    return done >= (elapsed < QUICK_MS ? MANY : elapsed < PATIENCE_MS ? USUAL : LEAST_RUNS);
  };
  while (!enough()) {
    const row = Math.min(IN_A_ROW, (runs ?? MANY) - models[0]!.ms.length);
    for (const { session, ms } of models) {
      signal?.throwIfAborted();
      await session.run(feeds);
      for (let i = 0; i < row; i++) ms.push((await session.run(feeds)).ms);
    }
    models.reverse();
    // Both models are run equally often, so that either's number of runs tells whether there were enough.
  }
  const sorted = (session: Session) =>
    models.find((model) => model.session === session)!.ms.sort((a, b) => a - b);
  const [a, b] = [sorted(original), sorted(pruned)];
  const [originalMs, prunedMs] = [at(a, 1 / 2), at(b, 1 / 2)];
  const slower = a.length >= LEAST_RUNS && prunedMs > 1.05 * originalMs && at(b, 1 / 4) > at(a, 1 / 2);
  return { originalMs, prunedMs, runs: a.length, slower };
}

/** The value below which this share of the sorted values lies; between two of them, on the line that joins them. */
function at(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}
