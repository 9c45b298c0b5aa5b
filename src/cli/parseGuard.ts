import { InvalidArgumentError } from 'commander';
import { GUARD_METRICS, type GuardMetric } from '../guard/metrics.js';
import type { Guard } from '../options/types.js';
import { parseName, parseNumber } from './values.js';

const metric = parseName(GUARD_METRICS);

/** `METRIC>=X` or `METRIC<=X`, of several guards one after the other. */
export function parseGuard(text: string, before: readonly Guard[] = []): readonly Guard[] {
  const [, name, sign, limit] = /^\s*([^<>=\s]+)\s*([<>]=)\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || sign === undefined || limit === undefined)
    throw new InvalidArgumentError(
      "Give a metric, >= or <=, and a number, in quotes, since a shell writes to a file at a bare >: --guard 'fidelity>=0.98'.",
    );
  const value = parseNumber(limit);
  const guarded = { metric: metric(name) as GuardMetric };
  return [...before, sign === '>=' ? { ...guarded, atLeast: value } : { ...guarded, atMost: value }];
}
