import { blockOf } from '../../base/blocks.js';
import type { SingleNode } from '../../model/write.js';
import type { Bench } from './bench.js';
import type { Cache } from './cache.js';
import type { MeasurableNode } from './layers.js';

/** What a layer costs on a grid of its widths, and between them. */
export interface Table {
  readonly layer: MeasurableNode;
  /** For each width the counts that were measured, ascending. */
  readonly grid: readonly (readonly number[])[];
  /** Milliseconds, row-major over the grid. */
  readonly ms: readonly number[];
}

/** Shares of a width that are measured. */
const SHARES = [1 / 4, 1 / 2, 3 / 4, 1];

/**
 * The widths at which a layer of `whole` lanes is measured, ascending: a quarter, a half, three quarters and all of
 * them; those of wide layers in whole blocks, as policies keep them.
 */
export const gridOf = (whole: number): readonly number[] => [
  ...new Set(
    SHARES.map((share) => {
      if (share === 1) return whole;
      const block = blockOf(whole);
      return Math.max(block, Math.round((share * whole) / block) * block);
    }),
  ),
];

/** How long measuring the layers may take, who hears of its progress, and how it is aborted. */
export interface MeasureOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    readonly phase: string;
    readonly done: number;
    readonly total: number;
  }) => void;
  /** How long it may take, in milliseconds; layers that it does not reach have no table. */
  readonly patience: number;
}

/**
 * Tables of layers, those of the most work first: what the cache has is not measured again, and what is measured goes
 * there. A layer that the runtime does not take alone has none. All is measured twice, if there is time, and the lesser
 * counts: what disturbs a machine for a while seldom comes again at the same place.
 */
export async function tablesOf(
  layers: readonly MeasurableNode[],
  cache: Cache,
  bench: Bench,
  options: MeasureOptions,
): Promise<{ readonly tables: readonly Table[]; readonly measured: number }> {
  const { signal, onProgress, patience } = options;
  const start = performance.now();
  const ordered = [...layers].sort((a, b) => b.macs - a.macs);
  const fresh = new Map<string, number | undefined>();
  const again = new Set<string>();
  for (const pass of [0, 1]) {
    for (const [index, layer] of ordered.entries()) {
      onProgress?.({ phase: 'measure', done: pass * ordered.length + index, total: 2 * ordered.length });
      for (const [key, node] of pointsOf(layer)) {
        signal?.throwIfAborted();
        const before = fresh.get(key);
        const missing = pass === 0 ? !fresh.has(key) && cache.get(key) === undefined : before !== undefined;
        if (!missing || again.has(key) || performance.now() - start > patience) continue;
        if (pass === 1) again.add(key);
        const ms = await bench.node(node);
        fresh.set(key, before === undefined || ms === undefined ? ms : Math.min(before, ms));
      }
    }
  }
  for (const [key, ms] of fresh) if (ms !== undefined) cache.set(key, ms);
  const tables = ordered.flatMap((layer): Table[] => {
    const ms = pointsOf(layer).map(([key]) => cache.get(key));
    if (ms.includes(undefined)) return [];
    return [{ layer, grid: layer.widths.map(({ whole }) => gridOf(whole)), ms: ms as number[] }];
  });
  return { tables, measured: [...fresh.values()].filter((ms) => ms !== undefined).length };
}

/** A layer at every point of its grid, row-major, and what it is known by. */
const pointsOf = (layer: MeasurableNode): (readonly [key: string, node: SingleNode])[] =>
  product(layer.widths.map(({ whole }) => gridOf(whole))).map((counts) => {
    const node = layer.at(counts);
    return [JSON.stringify(node), node];
  });

/** Every combination of one of each, the last changing fastest. */
function product(grid: readonly (readonly number[])[]): number[][] {
  return grid.reduce<number[][]>(
    (all, counts) => all.flatMap((before) => counts.map((count) => [...before, count])),
    [[]],
  );
}

/**
 * Milliseconds at widths between those of the grid: linear in each. Below the grid the line of its first two points goes
 * on, and never below zero.
 */
export function interpolated({ grid, ms }: Table, counts: readonly number[]): number {
  const at = (axis: number, offset: number): number => {
    const points = grid[axis];
    if (points === undefined) return ms[offset]!;
    const rest = grid.slice(axis + 1).reduce((all, next) => all * next.length, 1);
    const value = (place: number): number => at(axis + 1, offset + place * rest);
    if (points.length === 1) return value(0);
    const above = points.findIndex((point) => point >= counts[axis]!);
    const high = Math.max(1, above < 0 ? points.length - 1 : above);
    const [x0, x1] = [points[high - 1]!, points[high]!];
    const share = (counts[axis]! - x0) / (x1 - x0);
    return value(high - 1) * (1 - share) + value(high) * share;
  };
  return Math.max(0, at(0, 0));
}
