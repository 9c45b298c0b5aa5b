import type { Decision, Left, Offer } from '../compression/compression.js';
import { type Decided, decidedBy } from '../compression/decided.js';
import type { Decisions } from '../compression/sections.js';
import type { Analysis } from '../coupling/analysis.js';

/** What compressions offer for one model: their curves one after the other, and what choices among them come to. */
export class Offers {
  constructor(
    readonly analysis: Analysis,
    /** By the name of the compression. */
    readonly byName: ReadonlyMap<string, Offer>,
  ) {}

  get all(): readonly Offer[] {
    return [...this.byName.values()];
  }

  get curves(): Offer['curves'] {
    return this.all.flatMap(({ curves }) => curves);
  }

  /** One choice for each curve, by the compression that offers it; those that do nothing are left out. */
  decisions(choices: readonly number[]): Decisions {
    const names = [...this.byName.keys()];
    const found = this.#each(choices).map(({ offer, own }, index): readonly [string, Decision][] =>
      own.some((choice) => choice > 0) ? [[names[index]!, offer.decide(own)]] : [],
    );
    return new Map(found.flat());
  }

  decided(choices: readonly number[]): Decided {
    return decidedBy(this.analysis, [...this.decisions(choices).values()]);
  }

  /** What is left by amounts alone, where each compression can say so. */
  left(choices: readonly number[]): Left {
    const parts = this.#each(choices).map(({ offer, own }): Left => {
      if (offer.left !== undefined) return offer.left(own);
      const { removal, dtypes } = offer.decide(own);
      return { ...(removal && { kept: removal }), ...(dtypes && { dtypes }) };
    });
    const removing = parts.flatMap(({ kept }) => (kept === undefined ? [] : [kept]));
    const dtypes = new Map(parts.flatMap((part) => [...(part.dtypes ?? [])]));
    // Lanes that several compressions remove are counted once, so that costs are those of all removals together.
    if (removing.length > 1) return { kept: this.decided(choices).removal, dtypes };
    return { ...(removing.length === 1 && { kept: removing[0]! }), dtypes };
  }

  #each(choices: readonly number[]): readonly { readonly offer: Offer; readonly own: readonly number[] }[] {
    let at = 0;
    return this.all.map((offer) => {
      const own = choices.slice(at, at + offer.curves.length);
      at += own.length;
      return { offer, own };
    });
  }
}
