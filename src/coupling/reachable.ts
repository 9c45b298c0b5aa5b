import { equal, ratioOf } from '../model/dim.js';
import type { Element } from '../model/values.js';

/** Removals at their extremes, at which lengths are compared: one index of each axis is left, or one is gone. */
const PROBES = [
  { count: (labels: Int32Array) => Math.min(1, labels.length) },
  { count: (labels: Int32Array) => Math.max(1, labels.length - 1) },
];

/**
 * Whether the wanted length can be computed from the stated one whatever is removed: it is a number, the same length, or the
 * same times a constant. It is tried on a few removals.
 */
export const isReachable = (wanted: Element, said: Element): boolean =>
  typeof wanted.before === 'number' ||
  PROBES.every((probe) => {
    const [want, have] = [wanted.after(probe), said.after(probe)];
    return typeof want === 'number' || equal(want, have) || ratioOf(want, have) !== undefined;
  });
