import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

type Interval = readonly [low: number, high: number];

/** The normal distribution's 97.5 % point. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval of 95 % for a share of `of` samples: never outside 0 to 1, and not empty at its ends.
 * source: Wilson, Journal of the American Statistical Association 22, 1927
 */
export function wilson(share: number, of: number): Interval {
  const scale = 1 + (Z * Z) / of;
  const middle = (share + (Z * Z) / (2 * of)) / scale;
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / of + (Z * Z) / (4 * of * of));
  return [Math.max(0, Math.min(share, middle - half)), Math.min(1, Math.max(share, middle + half))];
}

const RESAMPLES = 1000;

/**
 * The 2.5 % and 97.5 % points of the means of resamples: for means of values of any distribution. Of a single value, itself.
 * source: Efron, Annals of Statistics 7, 1979
 */
export function bootstrap(values: readonly number[], seed: number): Interval {
  const generator = xoroshiro128plus(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[uniformInt(generator, 0, values.length - 1)]!;
    return sum / values.length;
  }).sort();
  const tail = Math.floor(0.025 * RESAMPLES);
  return [means[tail]!, means[RESAMPLES - 1 - tail]!];
}
