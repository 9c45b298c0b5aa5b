import type { Dim } from '../model/dim.js';
import { add, equal, freeSymbols, product, quotient } from '../model/dim.js';
import type { Values } from '../model/values.js';
import { isLiteral } from '../model/values.js';
import type { Axis, Factor, ParameterAxis } from './axis.js';
import { axisOf, isLabelled, isZero, plain, sameAxis } from './axis.js';
import { Equations } from './equations.js';
import { Frozen } from './frozen.js';
import { type Cause, type Reason, sinceText, type Why } from './reason.js';

/**
 * Labels that nodes may make: so many, and for each index of a stored tensor's axis so many more. A file of some hundred
 * bytes can double an axis forty times over; no network repeats its lanes as often as that.
 */
const LABELS = 1 << 22;
const LABELS_FOR_EACH = 256;
/** What is padded or expanded to more is no channels. */
const WIDEST_NEW = 1 << 17;
/** No layer is wider: a tensor with a longer axis is data, and that axis stays. */
const WIDEST = 1 << 24;

/**
 * The primitives that rules are written in: they state equations between the lanes of axes, and build axes out of
 * axes. `at` is the node whose rule is running; it goes into every reason.
 */
export class Lanes {
  readonly #whole = new WeakSet<Int32Array>();
  /** Open lengths by the name of their symbol, and why they are. */
  readonly #opened = new Map<string, Cause>();
  /** Lengths of the two axes that are being unified. */
  #meeting: readonly Dim[] = [];
  at = '';
  /** Indices of stored axes, and labels that nodes have made. */
  #born = 0;
  #made = 0;

  constructor(readonly equations = new Equations()) {}

  reason(why: Why, text: string, since?: Cause): Reason {
    return { why, node: this.at, text, ...(since !== undefined && { since }) };
  }

  /** An open length is what it is because of this. */
  opens(symbol: string, cause: Cause): void {
    if (!this.#opened.has(symbol)) this.#opened.set(symbol, cause);
  }

  /** What first made one of these lengths open, where a node did. */
  #openedBy(lengths: readonly Dim[]): Cause | undefined {
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

  /** Frozen, as these lengths do not tell where its lanes lie. */
  freezeUnknown(axis: Axis, why: Why, text: string, lengths: readonly Dim[] = [axis.length]): void {
    const since = isLabelled(axis) ? this.#openedBy(lengths) : undefined;
    this.freeze(axis, why, since === undefined ? text : text + sinceText(since), since);
  }

  /** A new axis that nothing is known of yet: padding, or what a constant is expanded to. `zero`: it holds zeros. */
  fresh(length: Dim, zero: boolean): Axis {
    if (typeof length !== 'number' || length <= 1 || length > WIDEST_NEW) return plain(length);
    this.#make(length);
    return axisOf([{ length, labels: this.equations.fresh(length), zero }]);
  }

  /** An axis of an input that may shrink: a lane is born for each index, and what lies at a removed one is zero. */
  given(length: Dim): Axis {
    if (typeof length !== 'number' || length <= 1 || length > WIDEST) return plain(length);
    this.#born += length;
    return axisOf([{ length, labels: this.equations.fresh(length), zero: true }]);
  }

  /** The axis of a stored tensor: a lane is born for each index. */
  born(slot: Omit<ParameterAxis, 'labels' | 'contracted'>, length: number, zero: boolean): Axis {
    if (length <= 1 || length > WIDEST) return plain(length);
    this.#born += length;
    const labels = this.equations.fresh(length);
    return axisOf([{ length, labels, zero, slot: { ...slot, labels, contracted: false } }]);
  }

  /** Before labels are made: whether there may be so many. errors: Frozen */
  #make(count: number): void {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new Frozen('unknown-shape', `a length comes to ${count}`);
    if (this.#made + count > LABELS + LABELS_FOR_EACH * this.#born)
      throw new Frozen('unknown-shape', 'lengths grow beyond all bounds');
    this.#made += count;
  }

  freeze(axis: Axis, why: Why, text: string, since?: Cause): void {
    const reason = this.reason(why, text, since);
    for (const { labels } of axis.factors) {
      if (labels === undefined || this.#whole.has(labels)) continue;
      for (const label of labels) this.equations.freeze(label, reason);
      this.#whole.add(labels);
    }
  }

  /** What is computed from lengths stays as it is: lanes that any of them counts are frozen. */
  freezeContent({ elements }: Values, why: Why, text: string): void {
    const reason = this.reason(why, text);
    const count = (labels: Int32Array): number => {
      for (const label of labels) this.equations.freeze(label, reason);
      return labels.length;
    };
    for (const element of elements) if (!isLiteral(element)) element.after({ count });
  }

  /** What is computed over these lanes changes when one is removed instead of zeroed. */
  inexact(axis: Axis, text: string): void {
    const reason = this.reason('operator', text);
    for (const { labels } of axis.factors) {
      if (labels === undefined) continue;
      for (const label of labels) this.equations.inexact(label, reason);
    }
  }

  /** All of these are one axis, index by index. Returns the first that says most about it. */
  unify(axes: readonly Axis[]): Axis {
    let [result] = axes;
    for (const axis of axes.slice(1)) {
      this.#unifyTwo(result!, axis);
      if (typeof result!.length !== 'number' && typeof axis.length === 'number') result = axis;
      else if (!isLabelled(result!) && isLabelled(axis) && equal(result!.length, axis.length)) result = axis;
    }
    return result!;
  }

  /** Unifies two axes that are multiplied and summed over: the lanes are consumed here. */
  contract(a: Axis, b: Axis): void {
    this.unify([a, b]);
    for (const factor of [...a.factors, ...b.factors])
      if (factor.slot !== undefined) factor.slot.contracted = true;
    if (!isZero(a) && !isZero(b)) {
      this.inexact(a, 'sums products over the lane, and neither factor is zero where it was removed');
    }
  }

  /** Sums over the axis: exact where removed entries were zero. */
  sum(axis: Axis): void {
    if (!isZero(axis))
      this.inexact(axis, 'sums over the lane, and what it sums is not zero where it was removed');
  }

  #unifyTwo(a: Axis, b: Axis): void {
    if (sameAxis(a, b)) return;
    this.#meeting = [a.length, b.length];
    const [left, right] = this.#solved(a, b);
    const x = [...left.factors];
    const y = [...right.factors];
    while (x.length > 0 && y.length > 0) {
      const [f, g] = [x.shift()!, y.shift()!];
      if (equal(f.length, g.length)) {
        this.#unifyFactors(f, g);
      } else if (
        !this.#unifyWithWhole(f, g, x) &&
        !this.#unifyWithWhole(g, f, y) &&
        !this.#unifyRun(f, x, g, y)
      ) {
        this.#mismatch([f, ...x, g, ...y]);
        return;
      }
    }
    // What is left on one side has length 1 on the other: a symbolic factor that must be 1, and nothing labelled.
    this.#mismatch([...x, ...y].filter((factor) => factor.labels !== undefined));
  }

  /** A single open length of one side follows from the other side's known one. */
  #solved(a: Axis, b: Axis): readonly [Axis, Axis] {
    const solve = (axis: Axis, length: Dim): Axis => {
      const open = axis.factors.filter((factor) => typeof factor.length !== 'number');
      if (typeof length !== 'number' || open.length !== 1) return axis;
      const known = product(
        axis.factors.filter((factor) => factor !== open[0]).map((factor) => factor.length),
      );
      const solution = quotient(length, known);
      if (solution === undefined) return axis;
      return axisOf(
        axis.factors.map((factor) => (factor === open[0] ? { length: solution, zero: false } : factor)),
      );
    };
    return [solve(a, b.length), solve(b, a.length)];
  }

  #unifyFactors(f: Factor, g: Factor): void {
    if (f.labels === g.labels) return;
    if (f.labels === undefined || g.labels === undefined) {
      const text = 'meets an axis of the same length that no weight gave it';
      this.freezeUnknown(axisOf([f, g]), 'graph-input', text, this.#meeting);
      return;
    }
    const reason = this.reason('mismatch', 'is always kept on one side');
    for (let i = 0; i < f.labels.length; i++) this.equations.equate(f.labels[i]!, g.labels[i]!, reason);
  }

  /** An unlabelled factor swallows the other one if its length is a multiple; the rest of it goes back in line. */
  #unifyWithWhole(whole: Factor, part: Factor, rest: Factor[]): boolean {
    if (whole.labels !== undefined) return false;
    const left = quotient(whole.length, part.length);
    if (left === undefined) return false;
    const text = 'meets an axis that no weight gave its length';
    this.freezeUnknown(axisOf([part]), 'graph-input', text, this.#meeting);
    rest.unshift({ length: left, zero: false });
    return true;
  }

  /** The shortest runs of factors on both sides that multiply to the same known length are unified index by index. */
  #unifyRun(f: Factor, x: Factor[], g: Factor, y: Factor[]): boolean {
    const left = [f];
    const right = [g];
    for (;;) {
      const m = product(left.map((factor) => factor.length));
      const n = product(right.map((factor) => factor.length));
      if (typeof m !== 'number' || typeof n !== 'number') return false;
      if (m === n) break;
      const next = m < n ? x.shift() : y.shift();
      if (next === undefined) return false;
      (m < n ? left : right).push(next);
    }
    const a = this.labelsOf(axisOf(left));
    const b = this.labelsOf(axisOf(right));
    const reason = this.reason('mismatch', 'is always kept on one side');
    for (let i = 0; i < a.length; i++) this.equations.equate(a[i]!, b[i]!, reason);
    return true;
  }

  #mismatch(factors: readonly Factor[]): void {
    const axis = axisOf(factors);
    const open = factors.filter(({ length }) => typeof length !== 'number').map(({ length }) => length);
    if (open.length === 0) this.freeze(axis, 'mismatch', 'two ways to see one axis do not fit together');
    else this.freezeUnknown(axis, 'unknown-shape', 'meets an axis whose length is not known', open);
  }

  /** One label for each index. `axis.length` must be known. */
  labelsOf(axis: Axis): Int32Array {
    const { factors } = axis;
    if (factors.length === 1 && factors[0]!.labels !== undefined) return factors[0]!.labels;
    let labels: Int32Array = Int32Array.of(0);
    for (const factor of factors) {
      const inner = factor.labels;
      const length = factor.length as number;
      this.#make(labels.length * length);
      const next = new Int32Array(labels.length * length);
      for (let i = 0, at = 0; i < labels.length; i++) {
        for (let j = 0; j < length; j++, at++) {
          const outer = labels[i]!;
          const own = inner === undefined ? 0 : inner[j]!;
          next[at] = outer === 0 ? own : own === 0 ? outer : this.equations.conjunction([outer, own]);
        }
      }
      labels = next;
    }
    return labels;
  }

  /** An axis out of one label for each index. */
  labelled(labels: Int32Array, zero: boolean): Axis {
    return axisOf([
      labels.every((label) => label === 0)
        ? { length: labels.length, zero }
        : { length: labels.length, labels, zero },
    ]);
  }

  /** Axes end to end. */
  join(axes: readonly Axis[]): Axis {
    if (axes.length === 1) return axes[0]!;
    const length = axes.map((axis) => axis.length).reduce(add, 0);
    if (!axes.some(isLabelled)) return plain(length);
    if (typeof length !== 'number' || axes.some((axis) => typeof axis.length !== 'number')) {
      const lengths = axes.map((axis) => axis.length);
      for (const axis of axes)
        this.freezeUnknown(axis, 'unknown-shape', 'is joined with an axis of unknown length', lengths);
      return plain(length);
    }
    for (const axis of axes) this.#make(axis.length as number);
    const labels = new Int32Array(length);
    let at = 0;
    for (const axis of axes) {
      labels.set(isLabelled(axis) ? this.labelsOf(axis) : new Int32Array(axis.length as number), at);
      at += axis.length as number;
    }
    return this.labelled(labels, axes.every(isZero));
  }

  /** The indices of an axis, in this order; labels go with them. */
  pick(axis: Axis, indices: readonly number[]): Axis {
    if (!isLabelled(axis) || typeof axis.length !== 'number') return plain(indices.length);
    const labels = this.labelsOf(axis);
    this.#make(indices.length);
    return this.labelled(
      Int32Array.from(indices, (index) => labels[index]!),
      isZero(axis),
    );
  }

  /** Consecutive parts of an axis. Where a length is not known, the axis is frozen. */
  cut(axis: Axis, lengths: readonly Dim[]): Axis[] {
    if (lengths.length === 1 && equal(lengths[0]!, axis.length)) return [axis];
    if (!isLabelled(axis)) return lengths.map(plain);
    if (typeof axis.length !== 'number' || lengths.some((length) => typeof length !== 'number')) {
      this.freezeUnknown(axis, 'unknown-shape', 'is cut at a place that is not known', [
        axis.length,
        ...lengths,
      ]);
      return lengths.map(plain);
    }
    const labels = this.labelsOf(axis);
    let at = 0;
    return lengths.map((length) => {
      const part = this.labelled(labels.slice(at, at + (length as number)), isZero(axis));
      at += length as number;
      return part;
    });
  }

  /** Axes multiplied into one, the first outermost. */
  merge(axes: readonly Axis[]): Axis {
    return axes.length === 1 ? axes[0]! : axisOf(axes.flatMap((axis) => axis.factors));
  }

  /** An axis seen as the product of axes of these lengths, the first outermost. Lengths must multiply to its own. */
  factor(axis: Axis, lengths: readonly Dim[]): Axis[] {
    if (lengths.length === 1) return [axis];
    if (!isLabelled(axis)) return lengths.map(plain);
    const rest = [...axis.factors];
    const parts: Axis[] = [];
    for (const length of lengths) {
      const part = this.#takeFront(rest, length);
      if (part === undefined) return this.#factorAnew(axis, lengths);
      parts.push(axisOf(part));
    }
    return parts;
  }

  /** Factors from the front of the line that multiply to `length`, splitting the last where need be. */
  #takeFront(line: Factor[], length: Dim): Factor[] | undefined {
    const taken: Factor[] = [];
    let missing = length;
    while (!equal(missing, 1)) {
      const factor = line.shift();
      if (factor === undefined) return undefined;
      const after = quotient(missing, factor.length);
      if (after !== undefined) {
        taken.push(factor);
        missing = after;
        continue;
      }
      const left = quotient(factor.length, missing);
      if (left === undefined) return undefined;
      if (factor.labels === undefined) {
        taken.push({ length: missing, zero: false });
        line.unshift({ length: left, zero: false });
      } else {
        const [outer, inner] = this.#split(factor, missing as number, left as number);
        taken.push(...outer.factors);
        line.unshift(...inner.factors);
      }
      missing = 1;
    }
    return taken;
  }

  /** No way along the factors: index by index, or frozen where the length is not known. */
  #factorAnew(axis: Axis, lengths: readonly Dim[]): Axis[] {
    if (typeof axis.length !== 'number' || lengths.some((length) => typeof length !== 'number')) {
      this.freezeUnknown(axis, 'unknown-shape', 'is seen as a product of lengths that are not known', [
        axis.length,
        ...lengths,
      ]);
      return lengths.map(plain);
    }
    const parts: Axis[] = [];
    let rest: Factor = { length: axis.length, labels: this.labelsOf(axis), zero: isZero(axis) };
    for (const [i, length] of lengths.entries()) {
      if (i === lengths.length - 1 || rest.labels === undefined) {
        parts.push(axisOf([{ ...rest, length: length as number }]));
        if (rest.labels === undefined)
          rest = { length: (rest.length as number) / (length as number), zero: false };
        continue;
      }
      const inner = (rest.length as number) / (length as number);
      const [outer, next] = this.#split(rest, length as number, inner);
      parts.push(outer);
      rest = next.factors[0] ?? { length: inner, zero: false };
    }
    return parts;
  }

  /** A labelled factor of rows × columns as two axes: label (r, c) is row r ∧ column c. */
  #split(factor: Factor, rows: number, columns: number): readonly [Axis, Axis] {
    const labels = factor.labels!;
    if (!(rows >= 1 && columns >= 1 && rows * columns === labels.length))
      throw new Frozen('mismatch', `${labels.length} indices are not ${rows} × ${columns}`);
    if (rows === 1) return [plain(1), axisOf([factor])];
    if (columns === 1) return [axisOf([factor]), plain(1)];
    const found = this.#products(labels, rows, columns);
    if (found !== undefined)
      return [this.labelled(found[0], factor.zero), this.labelled(found[1], factor.zero)];
    return this.#areIndependent(labels)
      ? this.#asProduct(factor, rows, columns)
      : this.#tied(factor, rows, columns);
  }

  /** Each label is one lane, and no two are the same. */
  #areIndependent(labels: Int32Array): boolean {
    const seen = new Set<number>();
    for (const label of labels) {
      const atoms = this.equations.atoms(label);
      if (atoms.length !== 1 || seen.has(atoms[0]!)) return false;
      seen.add(atoms[0]!);
    }
    return true;
  }

  /** Lanes of their own for rows and columns. */
  #asProduct({ labels, zero }: Factor, rows: number, columns: number): readonly [Axis, Axis] {
    const row = this.equations.fresh(rows);
    const column = this.equations.fresh(columns);
    const reason = this.reason('mismatch', 'is always kept in part, and seen as rows and columns here');
    for (let r = 0, at = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++, at++) {
        this.equations.equate(labels![at]!, this.equations.conjunction([row[r]!, column[c]!]), reason);
      }
    }
    return [this.labelled(row, zero), this.labelled(column, zero)];
  }

  /**
   * Lanes that already mean something else are not taken apart: the shorter of rows and columns stays whole, and what
   * lies along it becomes one lane. So a channel shuffle, again and again, keeps the columns that it began with.
   */
  #tied({ labels, zero }: Factor, rows: number, columns: number): readonly [Axis, Axis] {
    const rowsStay = rows <= columns;
    const [stay, cut] = rowsStay ? [rows, columns] : [columns, rows];
    const reason = this.reason('mismatch', 'is always kept in part, and seen as rows and columns here');
    const tied = Int32Array.from({ length: cut }, (_, i) => {
      const line = Array.from(
        { length: stay },
        (_, k) => labels![rowsStay ? k * columns + i : i * columns + k]!,
      );
      const richest = line.reduce((a, b) =>
        this.equations.atoms(b).length > this.equations.atoms(a).length ? b : a,
      );
      for (const label of line) this.equations.equate(richest, label, reason);
      return richest;
    });
    const lanes = this.labelled(tied, zero);
    return rowsStay ? [plain(rows), lanes] : [lanes, plain(columns)];
  }

  /** Rows and columns whose conjunctions are these labels already, if there are such. */
  #products(
    labels: Int32Array,
    rows: number,
    columns: number,
  ): readonly [Int32Array, Int32Array] | undefined {
    const atoms = Array.from(labels, (label) => this.equations.atoms(label));
    const common = (first: number, step: number, count: number): readonly number[] => {
      let shared = atoms[first]!;
      for (let i = 1; i < count && shared.length > 0; i++) {
        const other = atoms[first + i * step]!;
        shared = shared.filter((lane) => other.includes(lane));
      }
      return shared;
    };
    const row = Array.from({ length: rows }, (_, r) => common(r * columns, 1, columns));
    const column = Array.from({ length: columns }, (_, c) => common(c, columns, rows));
    for (let r = 0, at = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++, at++) {
        if (!atoms[at]!.every((lane) => row[r]!.includes(lane) || column[c]!.includes(lane)))
          return undefined;
      }
    }
    const label = (lanes: readonly number[]): number =>
      this.equations.conjunction(lanes.map((lane) => lane + 1));
    return [Int32Array.from(row, label), Int32Array.from(column, label)];
  }
}
