import type { Axis } from './axis.js';
import type { Reason } from './reason.js';

/** Labels of an axis, sorted by what they come to. */
export interface Compiled {
  /** Of labels that are one independent lane: the lane. */
  readonly lanes: Int32Array;
  /** Labels that are a product of several. */
  readonly products: Int32Array;
}

/** `atom` of a label that stands for no lane: the index is frozen, or was never a lane, and always stays. */
export const KEPT = -1;
/**
 * `atom` of a label that is a product of several lanes, such as head × dim: the index leaves as soon as one of them
 * does.
 */
export const SEVERAL = -2;

/** The atoms of what is always kept. */
export const NONE: readonly number[] = [];

/**
 * What all equations of a model come to: for each label the independent lanes that it is a product of. Nothing can be stated here,
 * so that answers are remembered.
 */
export class SettledEquations {
  readonly #atoms: Int32Array;
  readonly #products: ReadonlyMap<number, readonly number[]>;
  readonly #conjunctions: readonly (readonly number[])[];
  readonly #because: Because;
  /** The atoms of conjunctions that were asked for. */
  readonly #known = new Map<number, readonly number[]>();
  readonly #compiled = new WeakMap<Int32Array, Compiled>();

  /**
   * @param atoms by lane, what `atom` says of it
   * @param products the factors of lanes that are a product of several, outermost first
   * @param conjunctions the lanes of label -1, -2 and so on
   * @param inexact independent lanes over which something is computed that changes when one is removed instead of zeroed, and what
   */
  constructor(
    atoms: Int32Array,
    products: ReadonlyMap<number, readonly number[]>,
    conjunctions: readonly (readonly number[])[],
    because: Because,
    readonly inexact: ReadonlyMap<number, Reason>,
  ) {
    this.#atoms = atoms;
    this.#products = products;
    this.#conjunctions = conjunctions;
    this.#because = because;
  }

  /** How many lanes there are, independent or not. */
  get lanes(): number {
    return this.#atoms.length;
  }

  /** The independent lanes that a label comes to, outermost first; empty where it is always kept. */
  atoms(label: number): readonly number[] {
    if (label < 0) return this.#atomsOfConjunction(label);
    const single = this.atom(label);
    if (single === SEVERAL) return this.#products.get(label - 1)!;
    return single === KEPT ? NONE : [single];
  }

  /**
   * As `atoms`, without a list where there is one lane or none: that lane, `KEPT` where the label is always kept, `SEVERAL`
   * where it is a product.
   */
  atom(label: number): number {
    if (label > 0) return this.#atoms[label - 1]!;
    if (label === 0) return KEPT;
    const atoms = this.#atomsOfConjunction(label);
    return atoms.length > 1 ? SEVERAL : (atoms[0] ?? KEPT);
  }

  /** Labels sorted by what they come to: one lane, a product of several; those left out are always kept. */
  compiled(labels: Int32Array): Compiled {
    let found = this.#compiled.get(labels);
    if (found === undefined) {
      const lanes: number[] = [];
      const products: number[] = [];
      for (const label of labels) {
        const atom = this.atom(label);
        if (atom >= 0) lanes.push(atom);
        else if (atom === SEVERAL) products.push(label);
      }
      found = { lanes: Int32Array.from(lanes), products: Int32Array.from(products) };
      this.#compiled.set(labels, found);
    }
    return found;
  }

  /** Why a label is always kept, wholly or in part; undefined where nothing in it is frozen. */
  frozenBecause(label: number): Reason | undefined {
    const { at, all } = this.#because;
    if (label >= 0) return label === 0 ? undefined : all[at[label - 1]!];
    const lane = this.#conjunctions[-label - 1]!.find((own) => at[own]! > 0);
    return lane === undefined ? undefined : all[at[lane]!];
  }

  /** The same, where these labels are always kept besides. Of two reasons for one lane the first counts. */
  keeping(statements: Iterable<KeptLabels>): SettledEquations {
    const kept = new Map<number, Reason>();
    for (const [labels, reason] of statements)
      for (const label of labels)
        for (const lane of this.atoms(label)) if (!kept.has(lane)) kept.set(lane, reason);
    if (kept.size === 0) return this;
    const all = this.#because.all.slice();
    const placeOf = new Map<Reason, number>();
    for (const reason of kept.values()) if (!placeOf.has(reason)) placeOf.set(reason, all.push(reason) - 1);
    const atoms = this.#atoms.slice();
    const at = this.#because.at.slice();
    const products = new Map<number, readonly number[]>();
    const because = (lane: number, factor: number): void => {
      if (at[lane] === 0) at[lane] = placeOf.get(kept.get(factor)!)!;
    };
    for (const [lane, atom] of this.#atoms.entries()) {
      if (atom < 0 || !kept.has(atom)) continue;
      atoms[lane] = KEPT;
      because(lane, atom);
    }
    for (const [lane, factors] of this.#products) {
      const left = factors.filter((factor) => !kept.has(factor));
      if (left.length > 1) products.set(lane, left);
      atoms[lane] = left.length > 1 ? SEVERAL : (left[0] ?? KEPT);
      if (left.length < factors.length) because(lane, factors.find((factor) => kept.has(factor))!);
    }
    const inexact = new Map([...this.inexact].filter(([lane]) => !kept.has(lane)));
    return new SettledEquations(atoms, products, this.#conjunctions, { at, all }, inexact);
  }

  #atomsOfConjunction(label: number): readonly number[] {
    let found = this.#known.get(label);
    if (found === undefined) {
      found = [...new Set(this.#conjunctions[-label - 1]!.flatMap((lane) => this.atoms(lane + 1)))];
      this.#known.set(label, found);
    }
    return found;
  }
}

/** Labels that must stay, and why. */
export type KeptLabels = readonly [labels: Iterable<number>, reason: Reason];

/** Reasons, and by lane the place of its own; at place 0, of lanes that nothing in is frozen, there is none. */
interface Because {
  readonly at: Int32Array;
  readonly all: readonly (Reason | undefined)[];
}

/** The independent lanes at each index of an axis whose length is known, outermost first. */
export function* atomsAlong(
  { factors }: Axis,
  equations: Pick<SettledEquations, 'atoms'>,
): Generator<readonly number[]> {
  const [first, ...rest] = factors;
  if (first === undefined) {
    yield NONE;
    return;
  }
  for (let index = 0; index < (first.length as number); index++) {
    const outer = first.labels === undefined ? NONE : equations.atoms(first.labels[index]!);
    for (const inner of atomsAlong({ factors: rest, length: 1 }, equations))
      yield outer.length === 0 || inner.length === 0
        ? [...outer, ...inner]
        : [...new Set([...outer, ...inner])];
  }
}
