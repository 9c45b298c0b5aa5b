export { type Combination, combine, MODES as COMBINED_BY } from '../scoring/combined.js';

import { criterionCatalogue } from '../scoring/criteria.js';

export { defaultCriterion } from '../scoring/criteria.js';

import { policyCatalogue } from '../allocation/policies.js';
import { operatorCatalogue } from '../ops/registry.js';
import { meaningOf } from '../schema/fields.js';
import { defaultsOf, fieldOf } from '../scoring/options.js';
import type { CriterionOption, OptionValue, OptionValues } from '../scoring/optionTypes.js';

/** An option of a criterion. */
export interface OptionInfo {
  readonly default: OptionValue;
  /** What it takes, in words: 'a whole number from 2 to 64'. */
  readonly takes: string;
  /** What it does, in a few words. */
  readonly help: string;
  /** What else there is to say of it, in sentences. */
  readonly more?: string;
  /** The words that there are to choose from, where it takes one of a few. */
  readonly choices?: readonly string[];
}

/**
 * An importance criterion as `criteria()` lists it: what it measures, the publication it comes from, whether it needs
 * data, and its options.
 */
export interface CriterionInfo {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly needs: string;
  /** Its options, by their names. */
  readonly options: Readonly<Record<string, OptionInfo>>;
  /** The defaults of its options alone. */
  readonly defaults: OptionValues;
  /** The words that options take, of those that take one of a few. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/** Every criterion, registered ones last; the first is the default without data, the second the default with data. */
export const criteria = (): CriterionInfo[] =>
  criterionCatalogue.all.map(({ name, summary, source, needs, options: declared }) => {
    const options = Object.fromEntries(
      Object.entries(declared).map(([own, option]) => [own, infoOf(option)]),
    );
    const choices = Object.entries(options).flatMap(([own, option]) =>
      option.choices === undefined ? [] : [[own, option.choices] as const],
    );
    const defaults = defaultsOf(declared);
    return { name, summary, source, needs, options, defaults, choices: Object.fromEntries(choices) };
  });

function infoOf(option: CriterionOption): OptionInfo {
  const { says, choices } = meaningOf(fieldOf(option));
  const words = choices?.();
  const { help, more } = option;
  return {
    default: option.default,
    takes: words?.join(', ') ?? says,
    help,
    ...(more !== undefined && { more }),
    ...(words !== undefined && { choices: words }),
  };
}

/** A policy as `policies()` lists it: a way to divide the pruning among the groups, such as the same ratio for each. */
export interface PolicyInfo {
  readonly name: string;
  readonly summary: string;
}

/** Every policy, registered ones last. */
export const policies = (): PolicyInfo[] =>
  policyCatalogue.all.map(({ name, summary }) => ({ name, summary }));

/**
 * An ONNX operator as `operators()` lists it: for which opsets it is known, how lanes pass through it, and when that
 * is exact.
 */
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
  operatorCatalogue.all
    .map(({ domain, op, opsets: [first, last], rule }) => ({
      domain,
      op,
      opsets: `${first}..${Number.isFinite(last) ? last : ''}`,
      exact: rule.exact,
      summary: rule.says,
    }))
    .sort((a, b) => (a.domain + a.op < b.domain + b.op ? -1 : a.domain + a.op > b.domain + b.op ? 1 : 0));
