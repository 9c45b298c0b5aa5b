import * as ort from 'onnxruntime-node';
import type { Plan } from '../../src/index.js';
import { openModel } from '../../src/index.js';
import { difference, type Feeds, randomFeeds, run } from './exact.js';
import { encodeModel, type ModelSpec, masked } from './onnx.js';
import { draws } from './random.js';

type Kept = NonNullable<Plan['interface']>['inputs'];

/** The coordinates of each element, outermost first. */
function* coordinates(dims: readonly number[]): Generator<number[]> {
  const count = dims.reduce((a, b) => a * b, 1);
  for (let i = 0; i < count; i++) {
    const at: number[] = [];
    let rest = i;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at.unshift(rest % dims[axis]!);
      rest = Math.floor(rest / dims[axis]!);
    }
    yield at;
  }
}

const staysOf = (axes: Kept[string], at: readonly number[]): boolean =>
  Object.entries(axes).every(([axis, { kept }]) => kept.includes(at[Number(axis)]!));

/** Zeros where indices leave. */
function zeroed(tensor: ort.Tensor, axes: Kept[string] = {}): ort.Tensor {
  const data = (tensor.data as Float32Array).slice();
  let i = 0;
  for (const at of coordinates(tensor.dims)) {
    if (!staysOf(axes, at)) data[i] = 0;
    i += 1;
  }
  return new ort.Tensor(data, tensor.dims);
}

/** Without the indices that leave. */
export function without(tensor: ort.Tensor, axes: Kept[string] = {}): ort.Tensor {
  const data = tensor.data as Float32Array;
  const left: number[] = [];
  let i = 0;
  for (const at of coordinates(tensor.dims)) {
    if (staysOf(axes, at)) left.push(data[i]!);
    i += 1;
  }
  const dims = tensor.dims.map((length, axis) => axes[axis]?.kept.length ?? length);
  return new ort.Tensor(Float32Array.from(left), dims);
}

const each = (
  values: Readonly<Record<string, unknown>>,
  changes: Kept,
  change: typeof zeroed,
): Record<string, ort.Tensor> =>
  Object.fromEntries(
    Object.entries(values).map(([name, tensor]) => {
      const axes = changes[name];
      return [name, axes === undefined ? (tensor as ort.Tensor) : change(tensor as ort.Tensor, axes)];
    }),
  );

/** A plan that keeps a random part of every exact group, where these inputs and outputs are free. */
export async function freedPlan(
  bytes: Uint8Array,
  free: readonly string[],
  seed: number,
): Promise<Plan | undefined> {
  using model = await openModel(bytes);
  const draw = draws(seed);
  const { groups } = await model.inspect({ free });
  const planned = groups.flatMap(({ id, lanes, exact }) => {
    const kept = Array.from({ length: lanes }, (_, lane) => lane).filter(() => draw(3) > 0);
    return !exact || kept.length === 0 || kept.length === lanes ? [] : [{ id, lanes, kept, exact }];
  });
  if (planned.length === 0) return undefined;
  return {
    format: 'espalier-plan',
    version: 1,
    model: { sha256: await model.sha256(), file: model.file },
    made: { free },
    groups: planned,
    tensors: {},
  };
}

/**
 * Prunes by a random plan: how far the pruned model, given inputs without what left of them, is from the original with zeros in what
 * left of weights and of inputs, at the indices of outputs that stay.
 *
 * @param lengths of open axes; several are tried one after the other
 */
export async function distanceFreed(
  spec: ModelSpec,
  free: readonly string[],
  seed: number,
  lengths: readonly Readonly<Record<string, number>>[] = [{}],
  feedsOf: (feeds: Feeds, lengths: Readonly<Record<string, number>>) => Feeds = (feeds) => feeds,
): Promise<{ readonly plan: Plan; readonly distance: number } | undefined> {
  const bytes = encodeModel(spec);
  const planned = await freedPlan(bytes, free, seed);
  if (planned === undefined) return undefined;
  using model = await openModel(bytes);
  const pruned = await model.apply(planned);
  const { plan } = pruned;
  const { inputs, outputs } = plan.interface ?? { inputs: {}, outputs: {} };
  const [small, large] = [await pruned.toBytes(), encodeModel(masked(spec, plan.tensors))];
  let distance = 0;
  for (const own of lengths) {
    const stated = spec.inputs.map((input) => ({
      ...input,
      shape: input.shape.map((length) => (typeof length === 'string' ? (own[length] ?? 4) : length)),
    }));
    const feeds = feedsOf(randomFeeds({ ...spec, inputs: stated }, seed), own);
    const wanted = each(await run(large, each(feeds, inputs, zeroed)), outputs, without);
    distance = Math.max(distance, difference(await run(small, each(feeds, inputs, without)), wanted));
  }
  return { plan, distance };
}
