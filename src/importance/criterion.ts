import type { Group } from '../lanes/groups.js';
import type { SliceRequest, Statistic } from '../native/statistics.js';

/** One option of a criterion. */
export type OptionValue = string | number | boolean;

/** What a criterion may ask for. */
export interface Evidence {
  /** A statistic of the stored weights on these slots: one number for each lane of each request. */
  statistics(requests: readonly SliceRequest[], statistic: Statistic): Promise<readonly Float64Array[]>;
  /** Number of axes of a stored tensor. */
  rankOf(tensor: number): number;
  readonly seed: number;
}

/** What each lane is worth: those of the lowest score leave first. */
export interface Criterion {
  readonly name: string;
  readonly summary: string;
  /** Where its idea comes from. */
  readonly source: string;
  readonly needs: 'nothing' | 'weights';
  /** Its options and their defaults; an option's type is its default's. */
  readonly defaults: Readonly<Record<string, OptionValue>>;
  /** Options that take one of a few words. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** One array [group.lanes] for each group, never NaN. */
  score(
    groups: readonly Group[],
    options: Readonly<Record<string, OptionValue>>,
    evidence: Evidence,
  ): Promise<readonly Float64Array[]>;
}

/**
 * The slices that make a group's lanes: filters and rows, not what consumes them. Vectors (biases, BatchNorm) count only
 * where there is nothing else, since their values are on another scale; scales and zero points likewise. Quantised weights
 * count as what they stand for.
 */
export function producers(group: Group, rankOf: (tensor: number) => number): SliceRequest {
  const makers = group.slots.filter(({ slot }) => !slot.contracted);
  const weights = makers.filter(({ slot }) => slot.parameter !== true);
  const matrices = weights.filter(({ slot }) => rankOf(slot.tensor) > 1);
  const chosen = [matrices, weights, makers, group.slots].find((slots) => slots.length > 0) ?? [];
  return {
    lanes: group.lanes.length,
    slices: chosen.map(({ slot, lanes }) => ({
      tensor: slot.tensor,
      axis: slot.axis,
      lanes,
      ...(slot.quantised !== undefined && { dequantise: slot.quantised }),
    })),
  };
}
