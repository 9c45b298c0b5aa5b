import type { Dataset, Model, Pruned } from '../../src/index.js';

/** One way to prune. */
export interface Method {
  readonly criterion: string;
  readonly policy: string;
  readonly reconstruct: boolean;
}

/** One pruning, and what the result is worth. */
export interface Cell extends Method {
  readonly model: string;
  /** Percent of multiply-adds that were to leave. */
  readonly removed: number;
  readonly seed: number;
  /** Share of multiply-adds that stays. */
  readonly macs?: number;
  /** Of the pruning alone, until the model's bytes are there. */
  readonly seconds?: number;
  /** Samples that it was judged by. */
  readonly samples: number;
  /** The first is the one that counts; shares from 0 to 1, higher is better, unless the metric says otherwise. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Why there is nothing to measure. */
  readonly failed?: string;
}

/** An original's worth. */
export interface Original {
  readonly model: string;
  readonly samples: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Results {
  readonly originals: Original[];
  readonly cells: Cell[];
}

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Prunes to `1 - removed / 100` of the multiply-adds. */
export async function cut(
  model: Model,
  data: Dataset,
  { criterion, policy, reconstruct }: Method,
  removed: number,
  seed: number,
): Promise<{ readonly bytes: Uint8Array; readonly macs: number; readonly seconds: number }> {
  const start = performance.now();
  const macs = 1 - removed / 100;
  const common = { data, criterion, policy, reconstruct, seed };
  const pruned: Pruned =
    policy === 'uniform'
      ? await model.prune({ ...common, ratio: await ratioFor(model, macs, { data, criterion, seed }) })
      : await model.prune({ ...common, macs });
  const bytes = await pruned.toBytes();
  const seconds = (performance.now() - start) / 1000;
  return { bytes, macs: pruned.after.macs / pruned.before.macs, seconds };
}

/** The least ratio that keeps the budget: found by halving, since rounded widths make a stair of it. */
async function ratioFor(
  model: Model,
  macs: number,
  options: { readonly data: Dataset; readonly criterion: string; readonly seed: number },
): Promise<number> {
  let [less, more] = [0, 0.99];
  for (let step = 0; step < 9; step++) {
    const ratio = (less + more) / 2;
    if (await keeps(model, macs, { ...options, ratio })) more = ratio;
    else less = ratio;
  }
  return more;
}

async function keeps(
  model: Model,
  macs: number,
  options: {
    readonly data: Dataset;
    readonly criterion: string;
    readonly seed: number;
    readonly ratio: number;
  },
): Promise<boolean> {
  try {
    const { before, after } = await model.prune({ ...options, policy: 'uniform', reconstruct: false });
    return after.macs <= macs * before.macs;
  } catch (error) {
    // So little that no group loses a lane.
    if (options.ratio < 0.25) return false;
    throw error;
  }
}
