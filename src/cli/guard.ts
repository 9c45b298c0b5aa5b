import { InvalidArgumentError, Option } from 'commander';
import { GUARD_METRICS, type GuardMetric } from '../guard/metrics.js';
import type { Guard } from '../options/types.js';
import { parseName, parseNumber } from './values.js';

const metric = parseName(GUARD_METRICS);

/** `--guard METRIC>=X` or `METRIC<=X`; may be repeated. */
export const guardOption = (): Option =>
  new Option(
    "--guard <'METRIC>=X'>",
    `remove less where this does not hold on held-out samples of --data: ${GUARD_METRICS.join(', ')} (<= for kl; quote it); may be repeated`,
  ).argParser(parseGuard);

function parseGuard(text: string, before: readonly Guard[] = []): readonly Guard[] {
  const [, name, sign, limit] = /^\s*([^<>=\s]+)\s*([<>]=)\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || sign === undefined || limit === undefined)
    throw new InvalidArgumentError(
      "Give a metric, >= or <=, and a number, in quotes, since a shell writes to a file at a bare >: --guard 'fidelity>=0.98'.",
    );
  const value = parseNumber(limit);
  const guarded = { metric: metric(name) as GuardMetric };
  return [...before, sign === '>=' ? { ...guarded, atLeast: value } : { ...guarded, atMost: value }];
}
