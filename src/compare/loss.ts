import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';
import { isAnswered, sumsOf } from './elements.js';
import { commonOf } from './lengths.js';

/** What an output has lost. */
export interface Loss {
  /** Squared differences as a share of the original's own variance: 0 for equal, 1 for a constant that is its mean. */
  readonly loss: number;
  /** The pruned model gives NaN or infinity where the original does not: all of it is lost, or more. */
  readonly overflows: boolean;
}

/**
 * What one output of a pruned model has lost against the original's answer to the same samples. What one of the two has beyond
 * the other's end is lost too.
 *
 * returns: undefined for what is no floats, and where there is nothing to lose: an original that is the same everywhere, or that
 * gives no answer either.
 */
export function lossBetween(original: Tensor, pruned: Tensor): Loss | undefined {
  if (!isFloat(original.type) || !isFloat(pruned.type)) return undefined;
  const common = commonOf(original, pruned);
  if (common === undefined) return { loss: 1, overflows: false };
  const pair = { original: numbersOf(common.original), pruned: numbersOf(common.pruned) };
  const sums = sumsOf(pair);
  if (!isAnswered(sums)) return undefined;
  const energy = varianceOf(pair.original);
  if (!(energy > 0)) return undefined;
  const overflows = sums.apart > 0 || !Number.isFinite(sums.difference);
  const own = sums.difference / energy;
  const loss = own < 1 ? 1 - common.share * (1 - own) : own;
  return { loss: overflows ? Math.max(1, Number.isFinite(loss) ? loss : 1) : loss, overflows };
}

/** Σ (x - mean)² over what is finite. */
function varianceOf(values: ArrayLike<number>): number {
  let [sum, count, energy] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) continue;
    sum += values[i]!;
    count += 1;
  }
  const mean = sum / count;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]!)) energy += (values[i]! - mean) ** 2;
  return energy;
}
