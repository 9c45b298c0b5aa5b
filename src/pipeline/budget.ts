import type { Budget } from '../allocation/curve.js';
import type { LatencyModel } from '../cost/latency/model.js';
import type { CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { OpenedPlanOptions } from '../options/opened.js';
import type { Offers } from './offers.js';
import { sizeAfter } from './size.js';

/** The budget that a call gives, if it gives one. `added`: bytes that refits may add. */
export function budgetOf(
  analysis: Analysis,
  costs: CostModel,
  offers: Offers,
  options: OpenedPlanOptions,
  latency: LatencyModel | undefined,
  added: number,
): Budget | undefined {
  if (latency !== undefined)
    return {
      name: 'latency',
      limit: options.latency! * latency.originalMs,
      cost: (choices) => latency.of(offers.decided(choices).removal),
    };
  if (options.bytes !== undefined)
    return {
      name: 'bytes',
      limit: options.bytes,
      cost: (choices) => sizeAfter(analysis, costs, offers.decided(choices)).bytes + added,
    };
  const name = (['macs', 'params'] as const).find((key) => options[key] !== undefined);
  if (name === undefined) return undefined;
  return {
    name,
    limit: options[name]! * costs.of()[name],
    cost: (choices) => costs.of(offers.decided(choices).removal)[name],
    costOfAmounts: (choices) => costs.of(offers.left(choices).kept)[name],
  };
}
