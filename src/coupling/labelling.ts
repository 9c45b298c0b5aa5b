import type { Dim } from '../model/dim.js';
import { freeSymbols } from '../model/dim.js';
import { Equations } from './equations.js';
import { Frozen } from './frozen.js';
import type { Cause, Reason } from './reason.js';
import { Roles } from './roles.js';

/**
 * The most labels that nodes may make: a fixed number, and more for each index of the stored tensors' axes. Without a limit a
 * file of some hundred bytes could double an axis forty times over, and fill the memory; no network repeats its lanes as
 * often as that.
 */
const LABELS = 1 << 22;
const LABELS_FOR_EACH = 256;

/** What is noted of one model while it is walked: equations of labels, how many there are, roles of stored axes, why lengths are open. */
export class Labelling {
  /** Why lengths are open, by the name of their symbol. */
  readonly #opened = new Map<string, Cause>();
  /** Labels of axes that were frozen before: as axes share their labels, the same ones are frozen again and again. */
  readonly #whole = new WeakSet<Int32Array>();
  /** Indices of stored axes, and labels that nodes have made. */
  #born = 0;
  #made = 0;

  constructor(
    readonly equations = new Equations(),
    readonly roles = new Roles(),
  ) {}

  /** Notes why the length of this symbol is open; the first cause counts. */
  opens(symbol: string, cause: Cause): void {
    if (!this.#opened.has(symbol)) this.#opened.set(symbol, cause);
  }

  /** What first made one of these lengths open, where a node did. */
  openedBy(lengths: readonly Dim[]): Cause | undefined {
    if (this.#opened.size === 0) return undefined;
    const open = lengths.filter((length) => typeof length !== 'number');
    for (const length of open)
      for (const name of freeSymbols(length)) {
        const cause = this.#opened.get(name);
        if (cause !== undefined) return cause;
      }
    // A length that was computed from an open one, and that no formula of it is known for, is a symbol named after that one.
    for (const { text } of open)
      for (const [name, cause] of this.#opened) if (text.includes(name)) return cause;
    return undefined;
  }

  /** Labels of new lanes, one for each index of an axis of a stored tensor or an input. */
  born(length: number): Int32Array {
    this.#born += length;
    return this.equations.fresh(length);
  }

  /** Counts labels that a node is about to make. errors: Frozen where there would be more than the limit */
  make(count: number): void {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new Frozen('unknown-shape', `a length comes to ${count}`);
    if (this.#made + count > LABELS + LABELS_FOR_EACH * this.#born)
      throw new Frozen('unknown-shape', 'lengths grow beyond all bounds');
    this.#made += count;
  }

  /** All indices of an axis with these labels stay. */
  freeze(labels: Int32Array, reason: Reason): void {
    if (this.#whole.has(labels)) return;
    for (const label of labels) this.equations.freeze(label, reason);
    this.#whole.add(labels);
  }
}
