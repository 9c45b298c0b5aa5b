import type { Survivors } from '../onnx/values.js';
import type { Equations } from './equations.js';

/** What is left once some independent lanes are removed. */
export class Removal implements Survivors {
  readonly #counts = new Map<Int32Array, number>();
  readonly #labels = new Map<number, boolean>();

  constructor(
    readonly equations: Equations,
    readonly removed: ReadonlySet<number>,
  ) {}

  keeps(label: number): boolean {
    if (label === 0) return true;
    let kept = this.#labels.get(label);
    if (kept === undefined) {
      kept = !this.equations.atoms(label).some((lane) => this.removed.has(lane));
      this.#labels.set(label, kept);
    }
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
