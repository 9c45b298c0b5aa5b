import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { Plan } from '../../src/index.js';
import { openModel } from '../../src/index.js';
import type { Kept, ModelSpec } from './onnx.js';
import { encodeModel, masked } from './onnx.js';
import { draws, random } from './random.js';

export type Feeds = Record<string, ort.Tensor>;

/** Extent of every length that a test model leaves open. */
const OPEN = 4;

export function randomFeeds(model: ModelSpec, seed: number, positive = false): Feeds {
  const any = random(seed);
  const next = positive ? () => 0.1 + Math.abs(any()) : any;
  return Object.fromEntries(
    model.inputs.map(({ name, dtype, shape }) => {
      const dims = shape.map((length) => (typeof length === 'number' ? length : OPEN));
      const count = dims.reduce((a, b) => a * b, 1);
      const data =
        dtype === 'int64'
          ? BigInt64Array.from({ length: count }, () => BigInt(Math.floor((next() + 1) * 4)))
          : Float32Array.from({ length: count }, next);
      return [name, new ort.Tensor(data, dims)];
    }),
  );
}

export async function run(model: Uint8Array, feeds: Feeds): Promise<ort.InferenceSession.OnnxValueMapType> {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** A plan that keeps a random, non-empty part of every group: of exact ones only, unless told otherwise. */
export async function randomPlan(bytes: Uint8Array, seed: number): Promise<Plan | undefined> {
  using model = await openModel(bytes);
  const draw = draws(seed);
  const groups = model.inspect().groups.filter((group) => group.exact && group.lanes > 1);
  const planned = groups.flatMap(({ id, lanes, exact }) => {
    const kept = Array.from({ length: lanes }, (_, lane) => lane).filter(() => draw(3) > 0);
    return kept.length === 0 || kept.length === lanes ? [] : [{ id, lanes, kept, exact }];
  });
  if (planned.length === 0) return undefined;
  return {
    format: 'espalier-plan',
    version: 1,
    model: { sha256: await model.sha256(), file: model.file },
    made: {},
    groups: planned,
    tensors: {},
  };
}

/** Bound of float32 rounding over a few hundred additions, relative to the largest entry. */
export const ROUNDING = 1e-4;

/** The largest difference between two outputs, relative to the largest entry. */
export function difference(
  found: ort.InferenceSession.OnnxValueMapType,
  wanted: ort.InferenceSession.OnnxValueMapType,
): number {
  let worst = 0;
  for (const [name, tensor] of Object.entries(wanted)) {
    const [a, b] = [found[name] as ort.Tensor, tensor as ort.Tensor];
    expect(a.dims, `dims of ${name}`).toEqual(b.dims);
    const [x, y] = [Array.from(a.data as Float32Array, Number), Array.from(b.data as Float32Array, Number)];
    const scale = Math.max(1e-6, ...y.map(Math.abs));
    worst = Math.max(worst, ...x.map((value, i) => Math.abs(value - y[i]!) / scale));
    if (x.some((value, i) => Number.isNaN(value - y[i]!))) return Number.POSITIVE_INFINITY;
  }
  return worst;
}

export function expectClose(
  found: ort.InferenceSession.OnnxValueMapType,
  wanted: ort.InferenceSession.OnnxValueMapType,
): void {
  expect(difference(found, wanted), 'largest difference').toBeLessThan(ROUNDING);
}

/**
 * Prunes by a random plan; gives what was planned and how far the pruned model is from the original with `mask` of the
 * plan's tables zeroed.
 */
export async function distanceFromMasked(
  spec: ModelSpec,
  seed: number,
  { positive = false, mask = (kept: Kept): Kept => kept } = {},
): Promise<{ readonly plan: Plan; readonly distance: number } | undefined> {
  const bytes = encodeModel(spec);
  const planned = await randomPlan(bytes, seed);
  if (planned === undefined) return undefined;
  using model = await openModel(bytes);
  const pruned = await model.apply(planned);
  const feeds = randomFeeds(spec, seed, positive);
  const wanted = await run(encodeModel(masked(spec, mask(pruned.plan.tensors))), feeds);
  return { plan: pruned.plan, distance: difference(await run(await pruned.toBytes(), feeds), wanted) };
}

/** Prunes by a random plan and expects what the masked original gives, to rounding. Says whether there was a plan. */
export async function prunesExactly(spec: ModelSpec, seed: number, positive = false): Promise<boolean> {
  const result = await distanceFromMasked(spec, seed, { positive });
  if (result !== undefined) expect(result.distance, 'largest difference').toBeLessThan(ROUNDING);
  return result !== undefined;
}
