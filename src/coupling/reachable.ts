import { equal, ratioOf } from '../model/dim.js';
import type { Element } from '../model/values.js';

/** Removals at their extremes: of each axis one index is left, or one is gone. */
const PROBES = [
  { count: (labels: Int32Array) => Math.min(1, labels.length) },
  { count: (labels: Int32Array) => Math.max(1, labels.length - 1) },
];

/** Can what is wanted be computed from what is said, as far as the probes tell? Open lengths only by a constant factor. */
export const isReachable = (wanted: Element, said: Element): boolean =>
  typeof wanted.before === 'number' ||
  PROBES.every((probe) => {
    const [want, have] = [wanted.after(probe), said.after(probe)];
    return typeof want === 'number' || equal(want, have) || ratioOf(want, have) !== undefined;
  });
