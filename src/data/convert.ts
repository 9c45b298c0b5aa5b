import { halfToNumber, isFloat, type NumericType, numberToHalf, zeros } from '../runtime/dtypes.js';
import type { NumericData } from '../runtime/runtime.js';

/**
 * Elements as another type, when nothing is lost: every value must come back as it was. A float may be rounded to a
 * narrower float, which is what the model would be fed anyway, but not beyond its range.
 *
 * A string names the first value that has no place in the other type.
 */
export function convert(data: NumericData, from: NumericType, to: NumericType): NumericData | string {
  if (from === to) return data;
  const out = zeros(to, data.length);
  const rounds = isFloat(from) && isFloat(to);
  for (let i = 0; i < data.length; i++) {
    const value = from === 'float16' ? halfToNumber(data[i] as number) : data[i]!;
    const kept = put(out, i, value, to);
    // biome-ignore lint/suspicious/noDoubleEquals: a BigInt and a number of the same value are the same value here.
    const same = kept == value || (Number.isNaN(value) && Number.isNaN(kept));
    if (!same && !(rounds && Number.isFinite(kept))) return String(value);
  }
  return out;
}

/** Writes a value, and says what it has become. */
function put(out: NumericData, i: number, value: number | bigint, to: NumericType): number | bigint {
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    if (typeof value === 'number' && !Number.isInteger(value)) return Number.NEGATIVE_INFINITY;
    out[i] = BigInt(value);
    return out[i]!;
  }
  if (to === 'float16') {
    const bits = numberToHalf(Number(value));
    out[i] = bits;
    return halfToNumber(bits);
  }
  // It is converted to a number first, and back: so a 64-bit integer that a number cannot hold is found out.
  out[i] = to === 'bool' ? Number(Number(value) !== 0) : Number(value);
  return out[i]!;
}
