import type { Survivors } from '../onnx/values.js';
import type { Equations } from './equations.js';

const UNKNOWN = 0;
const KEPT = 1;
const GONE = 2;

/** What is left once some independent lanes are removed. */
export class Removal implements Survivors {
  readonly #counts = new Map<Int32Array, number>();
  /** By label; those of conjunctions are negative. */
  readonly #single: Uint8Array;
  readonly #conjunctions = new Map<number, boolean>();

  constructor(
    readonly equations: Equations,
    readonly removed: ReadonlySet<number>,
  ) {
    this.#single = new Uint8Array(equations.lanes + 1);
    this.#single[0] = KEPT;
  }

  keeps(label: number): boolean {
    if (label < 0) {
      const known = this.#conjunctions.get(label);
      if (known !== undefined) return known;
    } else if (this.#single[label] !== UNKNOWN) return this.#single[label] === KEPT;
    const kept = !this.equations.atoms(label).some((lane) => this.removed.has(lane));
    if (label < 0) this.#conjunctions.set(label, kept);
    else this.#single[label] = kept ? KEPT : GONE;
    return kept;
  }

  count(labels: Int32Array): number {
    let count = this.#counts.get(labels);
    if (count === undefined) {
      count = 0;
      for (const label of labels) if (this.keeps(label)) count += 1;
      this.#counts.set(labels, count);
    }
    return count;
  }

  /** The indices that stay, ascending. */
  indices(labels: Int32Array): number[] {
    const kept: number[] = [];
    for (const [index, label] of labels.entries()) if (this.keeps(label)) kept.push(index);
    return kept;
  }
}
