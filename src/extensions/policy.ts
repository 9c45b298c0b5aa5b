import { presumed } from '../allocation/allocate.js';
import { type AnyPolicy, policyCatalogue } from '../allocation/policies.js';
import { ascending, type Budget, type Kept, roundedCount, type Task } from '../allocation/policy.js';
import type { Registration } from '../base/catalogue.js';
import type { Group } from '../coupling/groups.js';
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
   * Whether loss curves are to be measured, which takes trials of the model on samples; by default they are presumed of the scores.
   */
  readonly measuresLoss?: boolean;
  /**
   * How many lanes each group keeps, or which ones, by the group's id. Groups that are left out stay whole. Counts are those of lanes of
   * the highest scores. What keeps no lane, breaks the rounding, or exceeds the budget ends the call in EXTENSION_FAILED.
   */
  allocate(task: PolicyTask): KeptLanes | Promise<KeptLanes>;
}

/** By the id of a group: how many lanes stay, or their positions. */
export type KeptLanes = ReadonlyMap<string, number | readonly number[]>;

/** What a policy is given. Nothing of it is to be kept beyond the call. */
export interface PolicyTask {
  readonly groups: readonly PolicyGroup[];
  /** The share of each group that is to leave, where the caller gave one. */
  readonly ratio?: number;
  /** What may be left, where the caller gave that. */
  readonly budget?: PolicyBudget;
  /** Aborted with the call. */
  readonly signal: AbortSignal;
}

/** A group that may be cut. */
export interface PolicyGroup {
  readonly id: string;
  readonly lanes: number;
  readonly exact: boolean;
  /** [lanes]: higher stays longer. */
  readonly scores: Float64Array;
  /** [lanes]: positions, from the lane of the lowest score on. */
  readonly order: readonly number[];
  /**
   * [lanes]: what the model is predicted to lose once so many + 1 lanes have left in that order, in shares of its answers' variance
   * where it is measured; else the square of the share of the scores that has left.
   */
  readonly loss: Float64Array;
  readonly isLossMeasured: boolean;
  /** A number of lanes that stays must be a multiple of it, or all. */
  readonly step: number;
  /** The number of lanes that may stay which is nearest to a wished one. */
  rounded(lanes: number): number;
}

/** A limit on what may be left of the model. */
export interface PolicyBudget {
  readonly name: 'macs' | 'params' | 'bytes' | 'latency';
  /** In the unit of `cost`: multiply-adds, parameters, bytes, milliseconds. */
  readonly limit: number;
  /** What would be left of the whole model if so many lanes, or these, were kept. Groups that are left out stay whole. */
  cost(kept: KeptLanes): number;
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
    ...{ name, summary, takes, weighs: measuresLoss },
    allocate: async (task) => {
      const signal = task.signal ?? new AbortController().signal;
      const choice = new Choice(name, task);
      const asked = Object.freeze<PolicyTask>({
        groups: choice.views,
        ...(task.ratio !== undefined && { ratio: task.ratio }),
        ...(task.budget !== undefined && { budget: choice.budgetOf(task.budget) }),
        signal,
      });
      const given = await carriedOut(`the policy ${name}`, signal, () => own.allocate(asked));
      return choice.checked(given);
    },
  };
  return policyCatalogue.add(policy);
}

/** The groups of a task as a policy sees them, and what it says of them as the lanes that stay. */
class Choice {
  readonly views: readonly PolicyGroup[];
  readonly #byId: ReadonlyMap<string, { readonly group: Group; readonly view: PolicyGroup }>;

  constructor(
    readonly name: string,
    readonly task: Task,
  ) {
    const views = task.groups.map((group) => ({ group, view: viewOf(group, task) }));
    this.#byId = new Map(views.map((own) => [own.view.id, own]));
    this.views = Object.freeze(views.map(({ view }) => view));
  }

  budgetOf(budget: Budget): PolicyBudget {
    return Object.freeze<PolicyBudget>({
      name: budget.name,
      limit: budget.limit,
      cost: (kept) => {
        const widths = budget.costOf === undefined ? undefined : this.#widths(kept);
        return widths === undefined ? budget.cost(this.#kept(kept)) : budget.costOf!(widths);
      },
    });
  }

  /** errors: EXTENSION_FAILED with the policy and the group. */
  checked(given: unknown): Kept {
    const kept = this.#kept(given as KeptLanes);
    for (const [{ id, lanes }, own] of kept) {
      const { step } = this.#found(id).view;
      if (own.length !== lanes.length && own.length % step !== 0)
        throw unusable(
          `the policy ${this.name} keeps ${own.length} of the ${lanes.length} lanes of the group "${id}", which is no multiple of ${step}`,
          'A group can be asked for the nearest number: group.rounded(lanes).',
        );
    }
    const { budget } = this.task;
    const cost = budget?.cost(kept) ?? 0;
    if (budget !== undefined && cost > budget.limit)
      throw unusable(
        `the policy ${this.name} leaves ${cost} where the budget (${budget.name}) is ${budget.limit}`,
        'It can ask what would be left: budget.cost(kept).',
      );
    return kept;
  }

  /** How many lanes of every group stay, where nothing says which. */
  #widths(given: KeptLanes): Map<Group, number> | undefined {
    const widths = new Map(this.task.groups.map((group) => [group, group.lanes.length]));
    for (const [id, own] of entriesOf(given)) {
      if (typeof own !== 'number') return undefined;
      const { group, view } = this.#found(id);
      widths.set(group, this.#count(view, own));
    }
    return widths;
  }

  #kept(given: KeptLanes): Map<Group, readonly number[]> {
    const kept = new Map<Group, readonly number[]>();
    for (const [id, own] of entriesOf(given)) {
      const { group, view } = this.#found(id);
      kept.set(
        group,
        typeof own === 'number' ? highest(view, this.#count(view, own)) : this.#positions(view, own),
      );
    }
    return kept;
  }

  #found(id: string): { readonly group: Group; readonly view: PolicyGroup } {
    const found = this.#byId.get(id);
    if (found === undefined)
      throw unusable(
        `the policy ${this.name} speaks of a group ${shown(id)}, which is none of the task`,
        'Groups are known by their id.',
      );
    return found;
  }

  #count({ id, lanes }: PolicyGroup, count: number): number {
    if (Number.isInteger(count) && count >= 1 && count <= lanes) return count;
    throw unusable(
      `the policy ${this.name} keeps ${count} lanes of the group "${id}", which has ${lanes}`,
      `It must be a whole number from 1 to ${lanes}.`,
    );
  }

  #positions({ id, lanes }: PolicyGroup, given: unknown): readonly number[] {
    const all: readonly unknown[] = Array.isArray(given) ? given : [];
    const isLane = (lane: unknown): lane is number =>
      typeof lane === 'number' && Number.isInteger(lane) && lane >= 0 && lane < lanes;
    const positions = [...new Set(all.filter(isLane))].sort((a, b) => a - b);
    if (positions.length > 0 && positions.length === all.length) return positions;
    throw unusable(
      `the policy ${this.name} keeps ${shown(given)} of the group "${id}", which has ${lanes} lanes`,
      `It must be a number of lanes, or an array of different positions from 0 to ${lanes - 1}, one at least.`,
    );
  }
}

function entriesOf(kept: unknown): Iterable<readonly [string, number | readonly number[]]> {
  if (kept instanceof Map) return kept as Map<string, number | readonly number[]>;
  throw unusable(
    `what a policy keeps must be a Map, not ${shown(kept)}`,
    'It has for the id of each group how many lanes stay, or which.',
  );
}

const highest = ({ order, lanes }: PolicyGroup, count: number): readonly number[] =>
  order.slice(lanes - count).sort((a, b) => a - b);

function viewOf(group: Group, { scores, damage, rounding }: Task): PolicyGroup {
  const lanes = group.lanes.length;
  const own = scores.get(group)!;
  const order = ascending(own);
  const measured = damage?.get(group);
  return Object.freeze<PolicyGroup>({
    ...{ id: group.id, lanes, exact: group.exact, scores: own.slice(), order: Object.freeze(order) },
    loss: (measured ?? presumed(own, order)).slice(),
    isLossMeasured: measured !== undefined,
    step: Math.min(lanes, rounding.step(lanes)),
    rounded: (wanted) => roundedCount(lanes, wanted, rounding),
  });
}
