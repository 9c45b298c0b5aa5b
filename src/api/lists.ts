export { combine } from '../scoring/combined.js';

import { criteria as allCriteria } from '../scoring/criteria.js';

export { defaultCriterion } from '../scoring/criteria.js';

import { policies as allPolicies } from '../allocation/policies.js';
import { rows } from '../ops/registry.js';
import type { OptionValue } from '../scoring/criterion.js';

export interface CriterionInfo {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly needs: string;
  /** Its options and their defaults. */
  readonly defaults: Readonly<Record<string, OptionValue>>;
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/** Every criterion; the first is the default without data, the second the default with data. */
export const criteria = (): CriterionInfo[] =>
  allCriteria.map(({ name, summary, source, needs, defaults, choices }) => ({
    name,
    summary,
    source,
    needs,
    defaults,
    choices: choices ?? {},
  }));

export interface PolicyInfo {
  readonly name: string;
  readonly summary: string;
}

/** Every policy. */
export const policies = (): PolicyInfo[] => allPolicies.map(({ name, summary }) => ({ name, summary }));

export interface OperatorInfo {
  /** '' is ai.onnx. */
  readonly domain: string;
  readonly op: string;
  /** Versions of its domain's operator set: '13..' or '1..12'. */
  readonly opsets: string;
  readonly exact: string;
  readonly summary: string;
}

/** Every operator that is known, by domain and name: with its rule, or why it is not followed. */
export const operators = (): OperatorInfo[] =>
  rows
    .map(({ domain, op, opsets: [first, last], rule }) => ({
      domain,
      op,
      opsets: `${first}..${Number.isFinite(last) ? last : ''}`,
      exact: rule.exact,
      summary: rule.says,
    }))
    .sort((a, b) => (a.domain + a.op < b.domain + b.op ? -1 : a.domain + a.op > b.domain + b.op ? 1 : 0));
