import type { Group } from '../coupling/groups.js';

/** The lanes that each group keeps, ascending; groups that stay whole may be left out. */
export type Kept = ReadonlyMap<Group, readonly number[]>;

/** How much leaves where. */
export interface Policy<Result extends Kept | Promise<Kept> = Kept> {
  readonly name: string;
  readonly summary: string;
  /** What says how much leaves: a share of each group, a limit on what is left, or either of them. */
  readonly takes: 'ratio' | 'budget' | 'either';
  /** Whether `Task.damage` is wanted. */
  readonly weighs?: boolean;
  allocate(task: Task): Result;
}

/** What a policy decides on. */
export interface Task {
  /** Groups that may be cut. */
  readonly groups: readonly Group[];
  /** What each lane is worth; higher stays longer. */
  readonly scores: ReadonlyMap<Group, Float64Array>;
  /** How many lanes of a group can stay. */
  readonly rounding: Rounding;
  readonly ratio?: number;
  readonly budget?: Budget;
  /** [lanes]: what the model is predicted to lose once so many + 1 lanes have left, those of the lowest scores first. */
  readonly damage?: ReadonlyMap<Group, Float64Array>;
  /** Aborts the call that the policy is asked in. */
  readonly signal?: AbortSignal;
}

/** A limit on what is left. */
export interface Budget {
  /** For messages: 'macs', '50 % of the multiply-accumulates'. */
  readonly name: 'macs' | 'params' | 'bytes' | 'latency';
  readonly limit: number;
  /** What would be left, if these lanes were kept. */
  cost(kept: ReadonlyMap<Group, readonly number[]>): number;
  /** The same by numbers of lanes alone, where that is enough: much faster. Groups that are left out stay whole. */
  costOf?(widths: ReadonlyMap<Group, number>): number;
}

/** Which numbers of lanes a group may keep. */
export interface Rounding {
  /** The step of a group of `lanes`: it keeps a multiple of it, or stays whole. */
  step(lanes: number): number;
}

/** Runtimes compute in blocks: odd widths of wide layers are slower than the original. */
export const BLOCK = 8;
export const WIDE = 32;

export const roundingTo = (multiple?: number): Rounding => ({
  step: (lanes) => multiple ?? (lanes >= WIDE ? BLOCK : 1),
});

/** The number of lanes to keep that is nearest to `wanted`; of two, the smaller. Never none. */
export function roundedCount(lanes: number, wanted: number, { step }: Rounding): number {
  const block = step(lanes);
  if (block >= lanes) return lanes;
  const below = Math.floor(wanted / block) * block;
  const nearest = wanted - below <= block / 2 + 1e-9 ? below : below + block;
  return Math.min(lanes, Math.max(block, nearest));
}

/** Lane positions from the one worth least to the one worth most; equal ones by position. */
export const ascending = (scores: Float64Array): number[] =>
  Array.from(scores, (_, lane) => lane).sort((a, b) => scores[a]! - scores[b]! || a - b);

const FEW = 4;

/**
 * Where an axis is a product (heads × dims, groups × inner lanes) one factor is cut: the outer one, or the inner where
 * there are fewer than four of the outer. Cutting both by a half would leave a quarter.
 */
export function oneFactorEach(all: readonly Group[], allowed: readonly Group[]): Group[] {
  const permitted = new Set(allowed);
  const excluded = new Set<Group>();
  const chosen: Group[] = [];
  const isOuter = (group: Group): boolean => [...group.factors.values()].includes('inner');
  const outerFirst = [...allowed].sort((a, b) => Number(isOuter(b)) - Number(isOuter(a)));
  for (const group of outerFirst) {
    if (excluded.has(group)) continue;
    const partners = [...group.factors.keys()]
      .map((index) => all[index]!)
      .filter((partner) => permitted.has(partner));
    const inner = partners.filter((partner) => !excluded.has(partner) && partner.lanes.length > 1);
    if (
      isOuter(group) &&
      group.lanes.length < FEW &&
      inner.some((partner) => partner.lanes.length >= group.lanes.length)
    )
      continue;
    chosen.push(group);
    for (const partner of partners) excluded.add(partner);
  }
  const wanted = new Set(chosen);
  return allowed.filter((group) => wanted.has(group));
}
