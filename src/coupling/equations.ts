import type { Reason } from './reason.js';
import { KEPT, NONE, SEVERAL, SettledEquations } from './settledEquations.js';

/**
 * Lanes and what is known of them: one union-find whose roots may be products of other lanes, or frozen.
 *
 * A label is a conjunction of lanes: 0 is the empty one (always kept), lane + 1 a single lane, a negative number an
 * interned conjunction. Equations only ever get stronger, so a label stays true whatever is stated after it; where two
 * conjunctions cannot be matched exactly their lanes are tied, which is always safe.
 */
export class Equations {
  #parent = new Int32Array(1024);
  /**
   * By lane: `ATOM` for an independent lane, `PRODUCT` for one that is a product of others, `FROZEN` for one that always
   * stays.
   */
  #kinds = new Uint8Array(1024);
  #lanes = 0;
  readonly #products = new Map<number, readonly number[]>();
  /** By lane: the place in `#reasons` of why it is frozen, 0 where it is not. */
  #reasonAt = new Int32Array(1024);
  readonly #reasons: (Reason | undefined)[] = [undefined];
  readonly #inexact = new Map<number, Reason>();
  readonly #conjunctions: (readonly number[])[] = [];
  readonly #interned = new Map<string, number>();

  get lanes(): number {
    return this.#lanes;
  }

  /** Labels of `count` new lanes. */
  fresh(count: number): Int32Array {
    const first = this.#lanes;
    this.#lanes += count;
    if (this.#lanes > this.#parent.length) {
      const grown = new Int32Array(Math.max(this.#lanes, this.#parent.length * 2));
      grown.set(this.#parent);
      this.#parent = grown;
      const kinds = new Uint8Array(grown.length);
      kinds.set(this.#kinds);
      this.#kinds = kinds;
      const reasons = new Int32Array(grown.length);
      reasons.set(this.#reasonAt);
      this.#reasonAt = reasons;
    }
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      this.#parent[first + i] = first + i;
      labels[i] = first + i + 1;
    }
    return labels;
  }

  /** The label of an index that stays where all of these labels' indices stay. */
  conjunction(labels: readonly number[]): number {
    const lanes: number[] = [];
    for (const label of labels)
      for (const lane of this.#stated(label)) if (!lanes.includes(lane)) lanes.push(lane);
    if (lanes.length === 0) return 0;
    if (lanes.length === 1) return lanes[0]! + 1;
    const key = lanes.join();
    let label = this.#interned.get(key);
    if (label === undefined) {
      this.#conjunctions.push(lanes);
      label = -this.#conjunctions.length;
      this.#interned.set(key, label);
    }
    return label;
  }

  /** The independent lanes that a label comes to by what is stated so far, outermost first; empty where it is always kept. */
  atoms(label: number): readonly number[] {
    const single = this.#single(label);
    if (single !== SEVERAL) return single === KEPT ? NONE : [single];
    const found: number[] = [];
    for (const lane of this.#stated(label)) this.#collect(lane, found);
    return found;
  }

  /**
   * As `atoms`, without a list where there is one lane or none: that lane, `KEPT` where the label is always kept, `SEVERAL`
   * where it is a product.
   */
  atom(label: number): number {
    const single = this.#single(label);
    if (single !== SEVERAL) return single;
    const atoms = this.atoms(label);
    return atoms.length > 1 ? SEVERAL : (atoms[0] ?? KEPT);
  }

  /** As `atom`, without resolving products: `SEVERAL` also for a product that has come down to one lane or none. */
  #single(label: number): number {
    if (label <= 0) return label === 0 ? KEPT : SEVERAL;
    const root = this.#find(label - 1);
    if (this.#kinds[root] === ATOM) return root;
    return this.#kinds[root] === FROZEN ? KEPT : SEVERAL;
  }

  /** What all that is stated comes to. Later statements are not part of it. */
  settle(): SettledEquations {
    const atoms = new Int32Array(this.#lanes);
    const reasons = new Int32Array(this.#lanes);
    const products = new Map<number, readonly number[]>();
    for (let lane = 0; lane < this.#lanes; lane++) {
      const root = this.#find(lane);
      if (this.#kinds[root] === ATOM) {
        atoms[lane] = root;
        continue;
      }
      reasons[lane] = this.#reasonOf(root);
      const factors = products.get(root) ?? this.atoms(root + 1);
      atoms[lane] = factors.length > 1 ? SEVERAL : (factors[0] ?? KEPT);
      if (factors.length > 1) products.set(lane, factors);
    }
    const inexact = new Map<number, Reason>();
    for (const [lane, reason] of this.#inexact)
      for (const atom of atoms[lane] === SEVERAL ? products.get(lane)! : [atoms[lane]!])
        if (atom !== KEPT && !inexact.has(atom)) inexact.set(atom, reason);
    const because = { at: reasons, all: this.#reasons.slice() };
    return new SettledEquations(atoms, products, this.#conjunctions.slice(), because, inexact);
  }

  /** Why a label is always kept, wholly or in part; undefined where nothing in it is frozen. */
  frozenBecause(label: number): Reason | undefined {
    for (const lane of this.#stated(label)) {
      const reason = this.#reasonOf(lane);
      if (reason > 0) return this.#reasons[reason];
    }
    return undefined;
  }

  /** What is computed over a label's lanes changes when one is removed instead of zeroed. The first reason stays. */
  inexact(label: number, reason: Reason): void {
    for (const lane of this.atoms(label)) if (!this.#inexact.has(lane)) this.#inexact.set(lane, reason);
  }

  freeze(label: number, reason: Reason): void {
    for (const lane of this.atoms(label)) this.#freeze(lane, reason);
  }

  #freeze(lane: number, reason: Reason): void {
    if (this.#reasons.at(-1) !== reason) this.#reasons.push(reason);
    this.#reasonAt[lane] = this.#reasons.length - 1;
    this.#kinds[lane] = FROZEN;
  }

  #multiply(lane: number, factors: readonly number[]): void {
    this.#products.set(lane, factors);
    if (this.#kinds[lane] !== FROZEN) this.#kinds[lane] = PRODUCT;
  }

  /** Both labels survive together. `reason` is why a lane gets frozen that meets what is always kept. */
  equate(a: number, b: number, reason: Reason): void {
    if (a === b) return;
    if (a > 0 && b > 0) {
      const x = this.#find(a - 1);
      const y = this.#find(b - 1);
      if (x === y) return;
      if (this.#isAtom(x) && this.#isAtom(y)) {
        this.#parent[y] = x;
        return;
      }
    }
    this.#match(this.atoms(a), this.atoms(b), this.frozenBecause(a) ?? this.frozenBecause(b) ?? reason);
  }

  #match(left: readonly number[], right: readonly number[], reason: Reason): void {
    const onlyLeft = left.filter((lane) => !right.includes(lane));
    const onlyRight = right.filter((lane) => !left.includes(lane));
    if (left.length === 0 || right.length === 0) {
      for (const lane of [...left, ...right]) this.#freeze(lane, reason);
    } else if (onlyLeft.length === onlyRight.length) {
      for (const [i, lane] of onlyLeft.entries()) this.#tie(lane, onlyRight[i]!);
    } else if (onlyLeft.length === 1 && onlyRight.length > 1) {
      this.#multiply(onlyLeft[0]!, onlyRight);
    } else if (onlyRight.length === 1 && onlyLeft.length > 1) {
      this.#multiply(onlyRight[0]!, onlyLeft);
    } else {
      // Where all lanes of one side are on the other side too, what the other has more is tied to a lane that both have.
      const shared = left.find((lane) => right.includes(lane));
      const anchor = onlyLeft.length === 0 || onlyRight.length === 0 ? shared! : onlyLeft[0]!;
      for (const lane of [...onlyLeft, ...onlyRight]) this.#tie(anchor, lane);
    }
  }

  /** Two independent lanes become one. An earlier tie of the same equation may have joined them already. */
  #tie(a: number, b: number): void {
    const x = this.#find(a);
    const y = this.#find(b);
    if (x !== y) this.#parent[y] = x;
  }

  #isAtom(root: number): boolean {
    return this.#kinds[root] === ATOM;
  }

  #stated(label: number): readonly number[] {
    if (label === 0) return NONE;
    return label > 0 ? [label - 1] : this.#conjunctions[-label - 1]!;
  }

  #collect(lane: number, into: number[]): void {
    const root = this.#find(lane);
    if (this.#kinds[root] === FROZEN) return;
    const parts = this.#products.get(root);
    if (parts !== undefined) for (const part of parts) this.#collect(part, into);
    else if (!into.includes(root)) into.push(root);
  }

  /** The place of the reason why a lane is kept, wholly or in part; 0 where nothing in it is frozen. */
  #reasonOf(lane: number): number {
    const root = this.#find(lane);
    if (this.#kinds[root] === FROZEN) return this.#reasonAt[root]!;
    for (const part of this.#products.get(root) ?? NONE) {
      const inner = this.#reasonOf(part);
      if (inner > 0) return inner;
    }
    return 0;
  }

  #find(lane: number): number {
    const parent = this.#parent;
    let at = lane;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  }
}

const [ATOM, FROZEN, PRODUCT] = [0, 1, 2];
