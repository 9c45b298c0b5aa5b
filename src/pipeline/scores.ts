import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import type { NativeModel } from '../native/index.js';
import type { OpenedScoreOptions } from '../options/opened.js';
import { criterionNamed, defaultCriterion } from '../scoring/criteria.js';
import { type Importance, scoresOf } from '../scoring/criterion.js';
import { optionsFor } from '../scoring/options.js';
import { calibrationStatisticsOf } from './calibrationStatistics.js';
import { ScoreCache } from './scoreCache.js';
import type { Sessions } from './sessions.js';

/** What lanes are worth under the criterion of a call. */
export class GroupScores {
  readonly #worths = new ScoreCache();

  constructor(
    readonly native: NativeModel,
    readonly sessions: Sessions,
  ) {}

  /** [lanes] by group; higher stays longer. */
  async of(
    analysis: Analysis,
    groups: readonly Group[],
    options: OpenedScoreOptions,
  ): Promise<ReadonlyMap<Group, Float64Array>> {
    const worth = await this.worth(analysis, groups, options, false);
    return new Map([...worth].map(([group, own]) => [group, scoresOf(own)]));
  }

  /** parts: whether what scores are made of is wanted too, where that takes time. */
  worth(
    analysis: Analysis,
    groups: readonly Group[],
    options: OpenedScoreOptions,
    parts: boolean,
  ): Promise<ReadonlyMap<Group, Importance>> {
    const criterion = criterionNamed(options.criterion ?? defaultCriterion(options.data !== undefined));
    const session = this.sessions.of(analysis, options);
    return this.#worths.of(analysis, groups, { ...options, parts }, () => {
      const calibration = calibrationStatisticsOf(this.native, analysis, options, session, parts);
      return criterion.score(groups, optionsFor(criterion, options.criterionOptions), calibration);
    });
  }
}
