import type { ValueSource } from '../execution/activationCache.js';
import type { StagedRun } from '../execution/stagedRun.js';
import type { Layer, WeightUse } from '../layers/layers.js';
import { float32, taken } from '../layers/rows.js';
import type { Tensor } from '../runtime/runtime.js';
import type { PendingUpdates } from './pendingUpdates.js';

/** Values of one batch, by name. */
type BatchValues = ReadonlyMap<string, Tensor>;

/** Collects values of a model for each batch, of the first `fitted` batches. */
export async function valuesByBatch(
  model: ValueSource,
  names: readonly string[],
  fitted = Number.POSITIVE_INFINITY,
): Promise<BatchValues[]> {
  const values: BatchValues[] = [];
  await model.to(names, async (batch, tensors) => {
    if (batch < fitted) values[batch] = new Map(names.map((name) => [name, tensors.get(name)!]));
  });
  return values;
}

/** The inputs of a weight at uses that depend on its other uses, as in an unrolled recurrence. */
export class Feedback {
  constructor(
    readonly layer: Layer,
    readonly updates: PendingUpdates,
    readonly pruned: StagedRun,
    readonly fitted = Number.POSITIVE_INFINITY,
  ) {}

  /** The uses of the weight whose input is computed, or the model's; others read a stored tensor, such as an initial state of zeros. */
  get uses(): readonly WeightUse[] {
    const { parts } = this.pruned;
    return this.layer.uses.filter(({ data }) => parts.makerOf(data) !== undefined || parts.isInput(data));
  }

  /** The original's inputs at the weight's uses, cut to the kept channels. */
  keptOf(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
    const kept = this.updates.keptChannels(this.layer);
    return new Map(
      this.uses.map(({ data, axis }) => {
        const tensor = tensors.get(data)!;
        const own = taken(float32(tensor, data), tensor.dims, axis, kept);
        return [data, { type: 'float32', data: own, dims: tensor.dims.with(axis, kept.length) }];
      }),
    );
  }

  /** The inputs of the weight's uses that do not depend on the weight itself, in the pruned model. */
  async ready(): Promise<ReadonlyMap<string, Tensor>[]> {
    const { layer, uses, pruned } = this;
    const own = new Set(layer.uses.map(({ node }) => node.id));
    const names = uses.flatMap(({ data }) =>
      [...pruned.parts.between([data], new Set())].some(({ id }) => own.has(id)) ? [] : [data],
    );
    const ready: ReadonlyMap<string, Tensor>[] = [];
    await pruned.to(names, async (batch, tensors) => {
      ready[batch] = new Map(names.map((name) => [name, tensors.get(name)!]));
    });
    return ready;
  }

  /** The inputs of the weight's uses under its present values. */
  async run(
    data: readonly string[],
    ready: readonly ReadonlyMap<string, Tensor>[],
  ): Promise<ReadonlyMap<string, Tensor>[]> {
    const open = data.filter((name) => !ready[0]?.has(name));
    const now: ReadonlyMap<string, Tensor>[] = [];
    await this.pruned.peek(open, async (batch, tensors) => {
      if (batch < this.fitted) now[batch] = new Map([...ready[batch]!, ...tensors]);
    });
    return now;
  }
}

/** Whether values have the lengths of those wanted: data may decide them. */
export const alike = (wanted: readonly BatchValues[], found: readonly BatchValues[]): boolean =>
  wanted.every((tensors, batch) =>
    [...tensors].every(([name, { dims }]) => found[batch]!.get(name)!.dims.join() === dims.join()),
  );

/** The error of values against their targets, on the held-out batches, or on all where none is held out. */
export function distance(
  wanted: readonly ReadonlyMap<string, Tensor>[],
  found: readonly ReadonlyMap<string, Tensor>[],
  judges: (batch: number) => boolean,
): number {
  const some = wanted.some((_, batch) => judges(batch));
  let sum = 0;
  for (const [batch, tensors] of wanted.entries()) {
    if (some && !judges(batch)) continue;
    for (const [name, tensor] of tensors) {
      const [a, b] = [float32(tensor, name), float32(found[batch]!.get(name)!, name)];
      for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
    }
  }
  return sum;
}
