import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import type { Dataset } from '../data/dataset.js';
import type { OpenedScoreOptions } from '../options/opened.js';
import type { Runtime } from '../runtime/runtime.js';
import { criterionCatalogue } from '../scoring/criteria.js';
import type { Importance } from '../scoring/criterion.js';

interface CachedScores {
  readonly key: string;
  readonly analysis: Analysis;
  readonly runtime: Runtime | undefined;
  readonly worth: ReadonlyMap<Group, Importance>;
}

/** What lanes were worth on samples that are held as an object: who searches for an amount asks for the same many times. */
export class ScoreCache {
  readonly #known = new WeakMap<Dataset, CachedScores[]>();

  /** As `compute` gives it, or gave it for the same groups, criterion, options and samples. */
  async of(
    analysis: Analysis,
    groups: readonly Group[],
    options: OpenedScoreOptions & { readonly parts: boolean },
    compute: () => Promise<readonly Importance[]>,
  ): Promise<ReadonlyMap<Group, Importance>> {
    const { data, runtime, criterion, criterionOptions, seed, samples, parts } = options;
    const made = async (): Promise<ReadonlyMap<Group, Importance>> => {
      const worth = await compute();
      return new Map(groups.map((group, index) => [group, worth[index]!]));
    };
    if (data === undefined) return made();
    const ids = groups.map(({ id }) => id);
    // Another criterion may have been registered under the same name before: the catalogue's revision tells them apart.
    const { revision } = criterionCatalogue;
    const key = JSON.stringify([criterion, criterionOptions, seed, samples, parts, ids, revision]);
    const all = this.#known.get(data) ?? [];
    const known = all.find((own) => own.key === key && own.analysis === analysis && own.runtime === runtime);
    if (known !== undefined) return known.worth;
    const worth = await made();
    this.#known.set(data, [...(this.#known.get(data) ?? []), { key, analysis, runtime, worth }]);
    return worth;
  }
}
