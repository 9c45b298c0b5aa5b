import { policyFor } from '../options/policyFor.js';
import type { SweepPoint } from '../options/sweepTypes.js';
import type { SweepOptions } from '../options/types.js';
import { defaultCriterion } from '../scoring/criteria.js';

/** One way to prune, before it is tried. */
export type Trial = Pick<
  SweepPoint,
  'criterion' | 'policy' | 'reconstruct' | 'seed' | 'ratio' | 'macs' | 'params'
>;

/** All combinations that were asked for: amounts within seeds within policies within criteria, so that what is shared is computed once. */
export function trialsOf(options: SweepOptions): readonly Trial[] {
  const {
    criterion: criteria = [defaultCriterion(true)],
    policy: policies,
    seeds = 1,
    reconstruct = true,
  } = options;
  const amounts = amountsOf(options);
  return criteria.flatMap((criterion) =>
    (policies ?? [undefined]).flatMap((policy) =>
      Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
        amounts.map((amount) => ({
          ...{ criterion, policy: policy ?? policyFor({ ...amount, data: true }), reconstruct, seed },
          ...amount,
        })),
      ),
    ),
  );
}

/** The amounts, those that leave most in front. */
function amountsOf({
  ratio,
  macs,
  params,
}: SweepOptions): readonly Pick<Trial, 'ratio' | 'macs' | 'params'>[] {
  const falling = (values: readonly number[] = []): readonly number[] =>
    [...new Set(values)].sort((a, b) => b - a);
  return [
    ...falling(macs).map((value) => ({ macs: value })),
    ...falling(params).map((value) => ({ params: value })),
    ...falling(ratio)
      .toReversed()
      .map((value) => ({ ratio: value })),
  ];
}

/** Whether a point is what came of a trial. */
export const isOf = (point: SweepPoint, trial: Trial): boolean => trialKey(point) === trialKey(trial);

/** Equal for equal ways to prune. */
export const trialKey = ({ criterion, policy, reconstruct, seed, ratio, macs, params }: Trial): string =>
  JSON.stringify([criterion, policy, reconstruct, seed, ratio, macs, params]);

/**
 * Seed 0 takes all samples, each other seed another three quarters of them, in their order.
 *
 * random: numbers from 0 to 1, exclusive
 */
export function drawn(samples: number, seed: number, random: () => number): readonly number[] {
  const all = Array.from({ length: samples }, (_, index) => index);
  if (seed === 0) return all;
  const shuffled = [...all];
  for (let left = samples; left > 1; left--) {
    const other = Math.floor(random() * left);
    [shuffled[left - 1], shuffled[other]] = [shuffled[other]!, shuffled[left - 1]!];
  }
  return shuffled.slice(0, Math.ceil((3 * samples) / 4)).sort((a, b) => a - b);
}
