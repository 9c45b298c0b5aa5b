import type { Feeds, Session } from '../runtime/runtime.js';

export interface Latency {
  /** Medians, in milliseconds. */
  readonly originalMs: number;
  readonly prunedMs: number;
  /** Measured runs of each. */
  readonly runs: number;
}

const WARM_UP = 3;
const IN_A_ROW = 5;
const LEAST = 5;
/** Without a number of runs asked for, measuring ends after this long. */
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

  const wanted = runs ?? 30;
  const start = performance.now();
  const enough = () =>
    models[0]!.ms.length >= wanted ||
    (runs === undefined && models[0]!.ms.length >= LEAST && performance.now() - start > PATIENCE_MS);
  while (!enough()) {
    const row = Math.min(IN_A_ROW, wanted - models[0]!.ms.length);
    for (const { session, ms } of models) {
      signal?.throwIfAborted();
      await session.run(feeds);
      for (let i = 0; i < row; i++) ms.push((await session.run(feeds)).ms);
    }
    models.reverse();
    // Both have as many runs, so `enough` may look at either.
  }
  const of = (session: Session) => median(models.find((model) => model.session === session)!.ms);
  return { originalMs: of(original), prunedMs: of(pruned), runs: models[0]!.ms.length };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
