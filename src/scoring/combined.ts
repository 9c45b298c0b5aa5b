import * as v from 'valibot';
import { argument } from '../schema/check.js';
import { type Field, oneOf, positive, words } from '../schema/fields.js';
import { type Criterion, scoresOf } from './criterion.js';
import { optionValues } from './options.js';
import type { OptionValues } from './optionTypes.js';

/** Several criteria as one: what `combine` gives, and what `criterion` takes instead of a name. */
export interface Combination {
  /** For people and for the plan: '2 entropy + l2, by rank'. */
  readonly name: string;
  readonly parts: readonly Required<CombinedPart>[];
  readonly by: 'rank' | 'share';
}

/** A criterion that takes part in a combination, its weight in the weighted mean, and its own options. */
export interface CombinedPart {
  /** A name from `criteria()`. */
  readonly criterion: string;
  /** What it counts for beside the others; by default 1. */
  readonly weight?: number;
  readonly options?: OptionValues;
}

/** How scores are made comparable. */
export const MODES = ['rank', 'share'] as const;

const partsField: Field<readonly CombinedPart[]> = v.pipe(
  v.array(
    v.strictObject(
      {
        criterion: words('the name of a criterion'),
        weight: v.optional(positive()),
        options: v.optional(optionValues),
      },
      'an object such as { criterion, weight, options }',
    ),
    'an array of criteria',
  ),
  v.minLength(1, 'an array of one criterion at least'),
) as unknown as Field<readonly CombinedPart[]>;

/**
 * Several criteria as one. Scores are of different units, so that each criterion's are made comparable within each group before
 * they are added up, each times its weight:
 *
 * - by rank: 0 for the lane worth least to 1 for the one worth most; equal scores share their mean rank
 * - by share: the score over the group's mean; 1 for all lanes where that is not above 0
 *
 * errors: OPTION_INVALID for no criteria, or a weight that is not above 0; unknown names and options when it is used.
 */
export function combine(parts: readonly CombinedPart[], by: 'rank' | 'share' = 'rank'): Combination {
  argument(
    'parts',
    partsField,
    parts,
    "Name two or more: [{ criterion: 'entropy', weight: 2 }, { criterion: 'l2' }].",
  );
  argument('by', oneOf(MODES), by);
  const full = parts.map(({ criterion, weight = 1, options = {} }) => ({ criterion, weight, options }));
  const terms = full.map(({ criterion, weight }) => (weight === 1 ? criterion : `${weight} ${criterion}`));
  return { name: `${terms.join(' + ')}, by ${by}`, parts: full, by };
}

/** A combination as a criterion; its parts are the single criteria's own scores. */
export function combined(
  { name, parts, by }: Combination,
  resolve: (part: Required<CombinedPart>) => {
    readonly criterion: Criterion;
    readonly options: OptionValues;
  },
): Criterion {
  const own = parts.map((part) => ({ ...resolve(part), weight: part.weight }));
  const asks = (needs: Criterion['needs']): boolean => own.some(({ criterion }) => criterion.needs === needs);
  return {
    name,
    summary: 'several criteria as one',
    source: own.map(({ criterion }) => criterion.source).join('; '),
    needs: asks('data') ? 'data' : asks('weights') ? 'weights' : 'nothing',
    needsData: () => own.some(({ criterion, options }) => criterion.needsData?.(options) ?? false),
    options: {},
    score: async (groups, _, calibration) => {
      const worths: (readonly Float64Array[])[] = [];
      // One after another: what they read of the data is read once.
      for (const { criterion, options } of own)
        worths.push((await criterion.score(groups, options, calibration)).map(scoresOf));
      return groups.map((_, group) => {
        const scores = new Float64Array(worths[0]![group]!.length);
        for (const [index, { weight }] of own.entries()) {
          const values = comparable[by](worths[index]![group]!);
          for (const [lane, value] of values.entries()) scores[lane]! += weight * value;
        }
        const named = own.map(({ criterion }, index) => [
          partName(own, index, criterion),
          worths[index]![group]!,
        ]);
        return { scores, parts: Object.fromEntries(named) as Record<string, Float64Array> };
      });
    },
  };
}

/** The criterion's name; of one that is there twice, the second is `entropy 2`. */
function partName(
  own: readonly { readonly criterion: Criterion }[],
  index: number,
  { name }: Criterion,
): string {
  const before = own.slice(0, index).filter(({ criterion }) => criterion.name === name).length;
  return before === 0 ? name : `${name} ${before + 1}`;
}

const comparable: Readonly<Record<Combination['by'], (scores: Float64Array) => Float64Array>> = {
  rank: (scores) => {
    const order = Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
    const ranks = new Float64Array(scores.length);
    const last = Math.max(1, scores.length - 1);
    for (let first = 0; first < order.length; ) {
      let end = first + 1;
      while (end < order.length && scores[order[end]!] === scores[order[first]!]) end++;
      for (const lane of order.slice(first, end)) ranks[lane] = (first + end - 1) / 2 / last;
      first = end;
    }
    return ranks;
  },
  share: (scores) => {
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    return scores.map((score) => (mean > 0 ? score / mean : 1));
  },
};
