import { expect } from 'vitest';
import { ROUNDING } from './exact.js';
import type { ModelSpec } from './onnx.js';
import { distanceAt, groupsOf, Sheet } from './sheet.js';

/** Width of the data, heads, dims of queries and keys, dims of values: told apart by their numbers. */
export const [WIDTH, HEADS, DIMS, VALUES] = [9, 4, 6, 10];
export const HIDDEN = HEADS * DIMS;
export const HEAD_SLOTS = 'wq/1 bq/0 wk/1 bk/0 wv/1 bv/0 wo/0';

export interface Parts {
  readonly q: string;
  readonly k: string;
  readonly v: string;
}

/** [n s h*d] -> [n h s d] by numbers; `open`: batch and sequence out of a Shape. */
export function split(sheet: Sheet, x: string, heads: number, dims: number, open = false): string {
  const lengths = open ? [sheet.length(x, 0), sheet.length(x, 1), heads, dims] : [0, -1, heads, dims];
  return sheet.transpose(sheet.reshape(x, lengths), 0, 2, 1, 3);
}

/** Three projections, seen as heads. */
export function separate(sheet: Sheet, x: string, open = false, kvHeads = HEADS, values = VALUES): Parts {
  const part = (name: string, heads: number, dims: number): string =>
    split(sheet, sheet.linear(x, name, WIDTH, heads * dims), heads, dims, open);
  return { q: part('q', HEADS, DIMS), k: part('k', kvHeads, DIMS), v: part('v', kvHeads, values) };
}

/** softmax(q kᵀ / √d + bias) v, merged and projected. */
export function attend(
  sheet: Sheet,
  { q, k, v }: Parts,
  options: {
    readonly bias?: (scores: string) => string;
    readonly open?: boolean;
    readonly values?: number;
  } = {},
): string {
  const { values = VALUES } = options;
  const scores = sheet.node('MatMul', [q, sheet.transpose(k, 0, 1, 3, 2)]);
  const scaled = sheet.node('Mul', [scores, sheet.weight('scale', [], 1 / Math.sqrt(DIMS))]);
  const weights = sheet.node('Softmax', [options.bias?.(scaled) ?? scaled], { axis: -1 });
  const mixed = sheet.transpose(sheet.node('MatMul', [weights, v]), 0, 2, 1, 3);
  const merged = options.open
    ? sheet.reshape(mixed, [sheet.length(mixed, 0), sheet.length(mixed, 1), HEADS * values])
    : sheet.reshape(mixed, [0, 0, -1]);
  return sheet.linear(merged, 'o', HEADS * values, WIDTH);
}

/** A model of one attention: x [n s c] -> y [n s c]. */
export function modelOf(
  build: (sheet: Sheet, x: string) => string,
  length: number | string = 's',
  opset = 17,
): ModelSpec {
  const sheet = new Sheet(opset);
  const y = build(sheet, sheet.input('x', ['n', length, WIDTH]));
  sheet.output(y, 'y', ['n', length, WIDTH]);
  return sheet.model();
}

const LENGTHS = [
  { n: 1, s: 5, p: 3 },
  { n: 3, s: 7, p: 2 },
];

/** The groups are these, and pruned models do what the masked original does, at two batches. */
export async function comesOut(model: ModelSpec, groups: readonly string[]): Promise<void> {
  expect(await groupsOf(model)).toEqual([...groups].sort());
  let pruned = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const distance = await distanceAt(model, seed, LENGTHS);
    if (distance === undefined) continue;
    pruned += 1;
    expect(distance, `seed ${seed}`).toBeLessThan(ROUNDING);
  }
  if (groups.length > 0) expect(pruned).toBeGreaterThan(2);
}

export const THREE = [`${HEADS} ${HEAD_SLOTS}`, `${DIMS} wq/1 bq/0 wk/1 bk/0`, `${VALUES} wv/1 bv/0 wo/0`];
