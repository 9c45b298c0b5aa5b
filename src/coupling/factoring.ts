import type { Dim } from '../model/dim.js';
import { equal, quotient } from '../model/dim.js';
import type { Axis, Factor } from './axis.js';
import { axisOf, isLabelled, isZero, plain } from './axis.js';
import { Frozen } from './frozen.js';
import type { Statements } from './statements.js';

/** An axis seen as the product of axes of these lengths, the first outermost. Lengths must multiply to its own. */
export function factored(statements: Statements, axis: Axis, lengths: readonly Dim[]): Axis[] {
  return new Factoring(statements).factor(axis, lengths);
}

class Factoring {
  constructor(private readonly statements: Statements) {}

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

  /**
   * The factors of the axis do not line up with the lengths: the axis is taken apart index by index, or frozen where its
   * length is not known.
   */
  #factorAnew(axis: Axis, lengths: readonly Dim[]): Axis[] {
    if (typeof axis.length !== 'number' || lengths.some((length) => typeof length !== 'number')) {
      this.statements.freezeUnknown(
        axis,
        'unknown-shape',
        'is seen as a product of lengths that are not known',
        [axis.length, ...lengths],
      );
      return lengths.map(plain);
    }
    const parts: Axis[] = [];
    let rest: Factor = { length: axis.length, labels: this.statements.labelsOf(axis), zero: isZero(axis) };
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
      return [
        this.statements.labelled(found[0], factor.zero),
        this.statements.labelled(found[1], factor.zero),
      ];
    return this.#areIndependent(labels)
      ? this.#asProduct(factor, rows, columns)
      : this.#tied(factor, rows, columns);
  }

  /** Whether each label is one independent lane, and no two are the same. */
  #areIndependent(labels: Int32Array): boolean {
    const seen = new Set<number>();
    for (const label of labels) {
      const atoms = this.statements.equations.atoms(label);
      if (atoms.length !== 1 || seen.has(atoms[0]!)) return false;
      seen.add(atoms[0]!);
    }
    return true;
  }

  /** Rows and columns get new lanes, whose products the given labels are from now on. */
  #asProduct({ labels, zero }: Factor, rows: number, columns: number): readonly [Axis, Axis] {
    const row = this.statements.equations.fresh(rows);
    const column = this.statements.equations.fresh(columns);
    const reason = this.statements.reason(
      'mismatch',
      'is always kept in part, and seen as rows and columns here',
    );
    for (let r = 0, at = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++, at++) {
        this.statements.equations.equate(
          labels![at]!,
          this.statements.equations.conjunction([row[r]!, column[c]!]),
          reason,
        );
      }
    }
    return [this.statements.labelled(row, zero), this.statements.labelled(column, zero)];
  }

  /**
   * Lanes that already mean something else are not taken apart: the shorter of rows and columns stays whole, and what
   * lies along it becomes one lane. So a channel shuffle, again and again, keeps the columns that it began with.
   */
  #tied({ labels, zero }: Factor, rows: number, columns: number): readonly [Axis, Axis] {
    const rowsStay = rows <= columns;
    const [stay, cut] = rowsStay ? [rows, columns] : [columns, rows];
    const reason = this.statements.reason(
      'mismatch',
      'is always kept in part, and seen as rows and columns here',
    );
    const tied = Int32Array.from({ length: cut }, (_, i) => {
      const line = Array.from(
        { length: stay },
        (_, k) => labels![rowsStay ? k * columns + i : i * columns + k]!,
      );
      const richest = line.reduce((a, b) =>
        this.statements.equations.atoms(b).length > this.statements.equations.atoms(a).length ? b : a,
      );
      for (const label of line) this.statements.equations.equate(richest, label, reason);
      return richest;
    });
    const lanes = this.statements.labelled(tied, zero);
    return rowsStay ? [plain(rows), lanes] : [lanes, plain(columns)];
  }

  /** Rows and columns whose conjunctions are these labels already, if there are such. */
  #products(
    labels: Int32Array,
    rows: number,
    columns: number,
  ): readonly [Int32Array, Int32Array] | undefined {
    const atoms = Array.from(labels, (label) => this.statements.equations.atoms(label));
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
      this.statements.equations.conjunction(lanes.map((lane) => lane + 1));
    return [Int32Array.from(row, label), Int32Array.from(column, label)];
  }
}
