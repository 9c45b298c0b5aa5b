import type { Dim } from '../model/dim.js';
import { freeSymbols } from '../model/dim.js';
import { Equations } from './equations.js';
import { Frozen } from './frozen.js';
import type { Cause, Reason } from './reason.js';
import { Roles } from './roles.js';

/**
 * Labels that nodes may make: so many, and for each index of a stored tensor's axis so many more. A file of some hundred
 * bytes can double an axis forty times over; no network repeats its lanes as often as that.
 */
const LABELS = 1 << 22;
const LABELS_FOR_EACH = 256;

/** What is noted of one model while it is walked: equations of labels, how many there are, roles of stored axes, why lengths are open. */
export class Labelling {
  /** Open lengths by the name of their symbol, and why they are. */
  readonly #opened = new Map<string, Cause>();
  /** Labels of axes that are frozen index by index already. */
  readonly #whole = new WeakSet<Int32Array>();
  /** Indices of stored axes, and labels that nodes have made. */
  #born = 0;
  #made = 0;

  constructor(
    readonly equations = new Equations(),
    readonly roles = new Roles(),
  ) {}

  /** An open length is what it is because of this. */
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
    // Lengths that are stated by such a symbol are called after it.
    for (const { text } of open)
      for (const [name, cause] of this.#opened) if (text.includes(name)) return cause;
    return undefined;
  }

  /** Labels of new lanes, one for each index of an axis of a stored tensor or an input. */
  born(length: number): Int32Array {
    this.#born += length;
    return this.equations.fresh(length);
  }

  /** Before labels are made: whether there may be so many. errors: Frozen */
  make(count: number): void {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new Frozen('unknown-shape', `a length comes to ${count}`);
    if (this.#made + count > LABELS + LABELS_FOR_EACH * this.#born)
      throw new Frozen('unknown-shape', 'lengths grow beyond all bounds');
    this.#made += count;
  }

  /** The indices of an axis with these labels stay. Axes share their labels, so that most are asked for again and again. */
  freeze(labels: Int32Array, reason: Reason): void {
    if (this.#whole.has(labels)) return;
    for (const label of labels) this.equations.freeze(label, reason);
    this.#whole.add(labels);
  }
}
