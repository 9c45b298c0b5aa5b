import type { Budget, Choices, Curve, Task } from '../allocation/curve.js';
import { type AnyPolicy, policyCatalogue } from '../allocation/policies.js';
import type { Registration } from '../base/catalogue.js';
import { shown } from '../schema/check.js';
import { action, flag, oneOf, words } from '../schema/fields.js';
import { carriedOut, definitionOf, nameField, refuseTaken, unusable } from './registration.js';

/** A policy from outside of the package: how much leaves where. */
export interface PolicyDefinition {
  /** How callers choose it: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** One line for the list of policies. */
  readonly summary: string;
  /** What callers say how much leaves by; another is refused before any file is opened. By default 'either'. */
  readonly takes?: 'ratio' | 'budget' | 'either';
  /**
   * Whether losses are to be measured, which takes trials of the model on samples; by default they are presumed of the scores.
   */
  readonly measuresLoss?: boolean;
  /**
   * What stays of each unit, by its id: one of its `amounts`. Units that are left out stay whole. What is no such amount, or exceeds the
   * budget, ends the call in EXTENSION_FAILED.
   */
  allocate(task: PolicyTask): KeptAmounts | Promise<KeptAmounts>;
}

/** By the id of a unit: the amount that stays. */
export type KeptAmounts = ReadonlyMap<string, number>;

/** What a policy is given. Nothing of it is to be kept beyond the call. */
export interface PolicyTask {
  readonly units: readonly PolicyUnit[];
  /** The share of each unit that is to leave, where the caller gave one. */
  readonly ratio?: number;
  /** What may be left, where the caller gave that. */
  readonly budget?: PolicyBudget;
  /** Aborted with the call. */
  readonly signal: AbortSignal;
}

/** What can be made smaller by choice: a group of lanes, of which the lanes of the lowest scores leave first. */
export interface PolicyUnit {
  /** The id of the group, as `inspect` gives it. */
  readonly id: string;
  /** [choices], descending from the whole unit: numbers of lanes that may stay, as `roundTo` allows. */
  readonly amounts: readonly number[];
  /**
   * [choices], 0 for the first: what the model is predicted to lose, in shares of its answers' variance where that is measured; else the
   * square of the share of the scores that has left.
   */
  readonly loss: readonly number[];
  readonly isLossMeasured: boolean;
  /** [choices - 1], ascending: the mean score of the lanes that each step takes away, as a multiple of the mean over the unit. */
  readonly worth: readonly number[];
  /** The amount that is nearest to a wished one. */
  nearest(amount: number): number;
}

/** A limit on what may be left of the model. */
export interface PolicyBudget {
  readonly name: 'macs' | 'params' | 'bytes' | 'latency';
  /** In the unit of `cost`: multiply-adds, parameters, bytes, milliseconds. */
  readonly limit: number;
  /** What would be left of the whole model if these amounts stayed. Units that are left out stay whole. */
  cost(kept: KeptAmounts): number;
}

const shape = {
  needed: {
    name: nameField,
    summary: words('one line of words'),
    allocate: action('PolicyDefinition["allocate"]'),
  },
  optional: { takes: oneOf(['ratio', 'budget', 'either']), measuresLoss: flag() },
};

/**
 * Registers a policy: from then on it is one by its name, for `plan` and `prune` of this copy of the package in this thread, and in
 * `policies()`. Errors: OPTION_INVALID for what is no policy, or where there is one of its name.
 */
export function registerPolicy(definition: PolicyDefinition): Registration {
  const own = definitionOf<PolicyDefinition>('policy', shape, definition);
  const { name, summary, takes = 'either', measuresLoss = false } = own;
  refuseTaken(
    'policy',
    name,
    policyCatalogue.all.map((policy) => policy.name),
  );
  const policy: AnyPolicy = {
    ...{ name, summary, takes, needsLoss: measuresLoss },
    allocate: async (task) => {
      const signal = task.signal ?? new AbortController().signal;
      const reader = new Reader(name, task);
      const asked = Object.freeze<PolicyTask>({
        units: Object.freeze(task.curves.map(unitOf)),
        ...(task.ratio !== undefined && { ratio: task.ratio }),
        ...(task.budget !== undefined && { budget: reader.budgetOf(task.budget) }),
        signal,
      });
      const given = await carriedOut(`the policy ${name}`, signal, () => own.allocate(asked));
      return reader.checked(given);
    },
  };
  return policyCatalogue.add(policy);
}

/** Reads what a policy says of the units of a task. */
class Reader {
  readonly #indices: ReadonlyMap<string, number>;

  constructor(
    readonly name: string,
    readonly task: Task,
  ) {
    this.#indices = new Map(task.curves.map(({ unit }, index) => [unit, index]));
  }

  budgetOf(budget: Budget): PolicyBudget {
    const { name, limit } = budget;
    const cost = (choices: Choices): number => budget.costOfAmounts?.(choices) ?? budget.cost(choices);
    return Object.freeze<PolicyBudget>({ name, limit, cost: (kept) => cost(this.#choices(kept)) });
  }

  /** errors: EXTENSION_FAILED with the policy and the unit. */
  checked(given: unknown): Choices {
    const choices = this.#choices(given);
    const { budget } = this.task;
    const cost = budget?.cost(choices) ?? 0;
    if (budget !== undefined && cost > budget.limit)
      throw unusable(
        `the policy ${this.name} leaves ${cost} where the budget (${budget.name}) is ${budget.limit}`,
        'It can ask what would be left: budget.cost(kept).',
      );
    return choices;
  }

  #choices(given: unknown): Choices {
    if (!(given instanceof Map))
      throw unusable(
        `what a policy keeps must be a Map, not ${shown(given)}`,
        'It has for the id of each unit the amount that stays.',
      );
    const choices = this.task.curves.map(() => 0);
    for (const [id, amount] of given as Map<unknown, unknown>) {
      const index = this.#indices.get(id as string);
      if (index === undefined)
        throw unusable(
          `the policy ${this.name} speaks of a unit ${shown(id)}, which is none of the task`,
          'Units are known by their id.',
        );
      const { amounts } = this.task.curves[index]!;
      const choice = amounts.indexOf(amount as number);
      if (choice < 0)
        throw unusable(
          `the policy ${this.name} keeps ${shown(amount)} of the unit "${id}", which is none of its amounts`,
          `There are ${amounts.slice(0, MOST_LISTED).join(', ')}${amounts.length > MOST_LISTED ? ', …' : ''}; unit.nearest(amount) is one of them.`,
        );
      choices[index] = choice;
    }
    return choices;
  }
}

const MOST_LISTED = 8;

function unitOf({ unit, amounts, loss, worth, isLossMeasured = false, nearest }: Curve): PolicyUnit {
  const own = Object.freeze([...amounts]);
  return Object.freeze<PolicyUnit>({
    ...{ id: unit, amounts: own, isLossMeasured },
    loss: Object.freeze(Array.from(loss)),
    worth: Object.freeze(Array.from(worth)),
    nearest: (amount) => own[nearest(amount / own[0]!)]!,
  });
}
