import type { Registration } from '../base/catalogue.js';
import type { Group } from '../coupling/groups.js';
import { shown } from '../schema/check.js';
import { action, isRecord, oneOf, words } from '../schema/fields.js';
import { criterionCatalogue } from '../scoring/criteria.js';
import type { Criterion, Importance } from '../scoring/criterion.js';
import type { CriterionOptions, OptionValues, ValuesOf } from '../scoring/optionTypes.js';
import { type GroupView, Views } from './groups.js';
import { checkDefaults, optionDeclarations } from './options.js';
import { carriedOut, definitionOf, nameField, refuseTaken, unusable } from './registration.js';
import {
  type ActivationStatistics,
  activationStatistics,
  type WeightStatistics,
  weightStatistics,
} from './statistics.js';

/** A criterion from outside of the package: what each lane is worth. */
export interface CriterionDefinition<O extends CriterionOptions = CriterionOptions> {
  /** How callers choose it: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** One line for the list of criteria: 'a lane is worth …'. */
  readonly summary: string;
  /** Where its idea comes from. */
  readonly source?: string;
  /** What it looks at; by default 'weights'. Calls without samples refuse one that needs 'data' before any file is opened. */
  readonly needs?: 'nothing' | 'weights' | 'data';
  /**
   * Its options by their names: callers give them in `criterionOptions`, or as flags on the command line (`maxRows` is `--max-rows`).
   */
  readonly options?: O;
  /**
   * What the lanes of each group are worth, in the order of the groups: arrays [lanes] of finite numbers, 0 at least. Lanes of lower
   * scores leave first; between groups, policies compare scores over their group's mean. Anything else ends the call in EXTENSION_FAILED.
   */
  score(task: CriterionTask<ValuesOf<O>>): readonly Scores[] | Promise<readonly Scores[]>;
}

/** Scores, or scores and what they are made of, which `score()` reports as `parts`: [lanes] each. */
export type Scores =
  | Float64Array
  | { readonly scores: Float64Array; readonly parts: Readonly<Record<string, Float64Array>> };

/** What a criterion is given. Nothing of it is to be kept beyond the call. */
export interface CriterionTask<Values = OptionValues> {
  readonly groups: readonly GroupView[];
  /** Its options: what the caller gave, over the defaults. */
  readonly options: Values;
  readonly weights: WeightStatistics;
  readonly activations: ActivationStatistics;
  /** Whether there are samples: without, `activations` refuses every call. */
  readonly hasData: boolean;
  /** Of what is drawn at random: the same seed, the same scores. */
  readonly seed: number;
  /** Aborted with the call: what takes long should look at it. */
  readonly signal: AbortSignal;
}

const shape = {
  needed: {
    name: nameField,
    summary: words('one line of words'),
    score: action('CriterionDefinition["score"]'),
  },
  optional: {
    source: words('words'),
    needs: oneOf(['nothing', 'weights', 'data']),
    options: optionDeclarations,
  },
};

/**
 * Registers a criterion: from then on it is one by its name, for `score`, `plan`, `prune` and `combine` of this copy of the package in
 * this thread, and in `criteria()`. Errors: OPTION_INVALID for what is no criterion, or where there is one of its name.
 */
export function registerCriterion<const O extends CriterionOptions = Record<never, never>>(
  definition: CriterionDefinition<O>,
): Registration {
  const own = definitionOf<CriterionDefinition>('criterion', shape, definition);
  const { name, summary, source = 'registered', needs = 'weights', options = {} } = own;
  checkDefaults(name, options);
  refuseTaken(
    'criterion',
    name,
    criterionCatalogue.all.map((criterion) => criterion.name),
  );
  const criterion: Criterion = {
    ...{ name, summary, source, needs, options },
    score: async (groups, values, calibration) => {
      const { seed, hasData } = calibration;
      const views = new Views(groups, calibration);
      const signal = calibration.signal ?? new AbortController().signal;
      const task = Object.freeze<CriterionTask>({
        groups: views.views,
        options: Object.freeze({ ...values }),
        weights: weightStatistics(views),
        activations: activationStatistics(views),
        ...{ hasData, seed, signal },
      });
      const scores = await carriedOut(`the criterion ${name}`, signal, () => own.score(task));
      return checkedScores(name, groups, scores);
    },
  };
  return criterionCatalogue.add(criterion);
}

function checkedScores(name: string, groups: readonly Group[], given: unknown): readonly Importance[] {
  if (!Array.isArray(given) || given.length !== groups.length)
    throw unusable(
      `the criterion ${name} gave ${shown(given)} for ${groups.length} groups`,
      'It must give an array of one Float64Array for each group, in the order of the groups.',
    );
  return groups.map((group, index) => checkedWorth(name, group, given[index]));
}

function checkedWorth(name: string, group: Group, given: unknown): Importance {
  if (!isRecord(given) || ArrayBuffer.isView(given))
    return lanesOf(`the criterion ${name}`, group, given, true);
  const { scores, parts } = given;
  if (!isRecord(parts))
    throw unusable(
      `the criterion ${name} gave ${shown(parts)} for the parts of the group "${group.id}"`,
      'They must be an object of one Float64Array for each part.',
    );
  const named = Object.entries(parts).map(([part, values]) => [
    part,
    lanesOf(`the part "${part}" of the criterion ${name}`, group, values, false),
  ]);
  return {
    scores: lanesOf(`the criterion ${name}`, group, scores, true),
    parts: Object.fromEntries(named) as Record<string, Float64Array>,
  };
}

/** A copy of one number for each lane. `isScore`: none may be below 0 or infinite. */
function lanesOf(what: string, { id, lanes }: Group, given: unknown, isScore: boolean): Float64Array {
  if (!(given instanceof Float64Array) || given.length !== lanes.length)
    throw unusable(
      `${what} gave ${shown(given)} for the group "${id}" of ${lanes.length} lanes`,
      'It must give a Float64Array with one number for each lane.',
    );
  const fits = (value: number): boolean =>
    isScore ? value >= 0 && Number.isFinite(value) : !Number.isNaN(value);
  const wrong = given.findIndex((value) => !fits(value));
  if (wrong >= 0)
    throw unusable(
      `${what} gave ${given[wrong]} for lane ${wrong} of the group "${id}"`,
      isScore ? 'Scores must be finite numbers, 0 at least.' : 'It must be a number.',
    );
  return given.slice();
}
