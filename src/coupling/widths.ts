import type { KeptIndices } from '../model/values.js';
import type { Analysis } from './analysis.js';
import type { Group } from './groups.js';

/**
 * What is left when each group keeps a number of lanes, whichever they are. Lanes of a group lie on the same axes equally
 * often, so that lengths, and with them costs, depend on those numbers alone.
 */
export class Widths implements KeptIndices {
  readonly #analysis: Analysis;
  readonly #groupOf: Int32Array;
  /** By axis: products of groups, and how often each lies there. */
  readonly #terms = new Map<Int32Array, readonly Term[]>();
  readonly #kept: Float64Array;
  state = 0;

  constructor(analysis: Analysis) {
    this.#analysis = analysis;
    this.#groupOf = new Int32Array(analysis.equations.lanes).fill(-1);
    for (const [index, { lanes }] of analysis.groups.entries())
      for (const lane of lanes) this.#groupOf[lane] = index;
    this.#kept = Float64Array.from(analysis.groups, () => 1);
  }

  /** Keeps this number of lanes of a group. */
  set(group: Group, lanes: number): void {
    this.state += 1;
    this.#kept[this.#groupOf[group.lanes[0]!]!] = lanes / group.lanes.length;
  }

  count(labels: Int32Array): number {
    let terms = this.#terms.get(labels);
    if (terms === undefined) {
      terms = this.#termsOf(labels);
      this.#terms.set(labels, terms);
    }
    let count = 0;
    for (const { groups, times } of terms) {
      let product = times;
      for (const group of groups) product *= this.#kept[group]!;
      count += product;
    }
    return Math.round(count);
  }

  #termsOf(labels: Int32Array): Term[] {
    const { equations } = this.#analysis;
    const found = new Map<string, { readonly groups: readonly number[]; times: number }>();
    for (const label of labels) {
      const groups = equations
        .atoms(label)
        .map((lane) => this.#groupOf[lane]!)
        .filter((group) => group >= 0);
      const key = groups.join();
      const term = found.get(key) ?? { groups, times: 0 };
      term.times += 1;
      found.set(key, term);
    }
    return [...found.values()];
  }
}

interface Term {
  readonly groups: readonly number[];
  readonly times: number;
}
