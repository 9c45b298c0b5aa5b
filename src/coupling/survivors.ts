import type { KeptIndices } from '../model/values.js';
import { KEPT, SEVERAL, type SettledEquations } from './settledEquations.js';

/** A set of independent lanes that leave, and what is left of any axis without them. */
export class Removal implements KeptIndices {
  readonly #removed: Uint8Array;
  readonly #counts = new Map<Int32Array, number>();

  constructor(
    readonly equations: SettledEquations,
    removed: Iterable<number>,
  ) {
    this.#removed = new Uint8Array(equations.lanes);
    for (const lane of removed) this.#removed[lane] = 1;
  }

  removes(lane: number): boolean {
    return this.#removed[lane] === 1;
  }

  keeps(label: number): boolean {
    const atom = this.equations.atom(label);
    if (atom !== SEVERAL) return atom === KEPT || this.#removed[atom] !== 1;
    return this.equations.atoms(label).every((lane) => this.#removed[lane] !== 1);
  }

  count(labels: Int32Array): number {
    let count = this.#counts.get(labels);
    if (count !== undefined) return count;
    const { lanes, products } = this.equations.compiled(labels);
    count = 0;
    for (let i = 0; i < lanes.length; i++) count += 1 - this.#removed[lanes[i]!]!;
    for (const label of products) if (this.keeps(label)) count += 1;
    count += labels.length - lanes.length - products.length;
    this.#counts.set(labels, count);
    return count;
  }

  /** The indices that stay, ascending. */
  indices(labels: Int32Array): number[] {
    const kept: number[] = [];
    for (let index = 0; index < labels.length; index++) if (this.keeps(labels[index]!)) kept.push(index);
    return kept;
  }
}
