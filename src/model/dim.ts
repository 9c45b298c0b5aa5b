import { sha256 } from '../platform/index.js';

/**
 * Symbolic lengths: a number, or a polynomial over the lengths that a file leaves open. Two lengths are equal when
 * their normal forms are; quotients that do not divide become symbols of their own, named by what they compute.
 */
export type Dim = number | Polynomial;

/** A length that is not known before the model runs. */
export interface Unknown {
  readonly name: string;
  /** What it computes from other symbols; absent for a free one. */
  readonly value?: (assign: Assignment) => number;
  /** Data decides it: a count, at least 0; an integer of any sign; any number. Absent for lengths that are no one's. */
  readonly given?: GivenKind;
}

/**
 * What is known of a number that data decide: a count is a whole number from 0 on, an integer may be negative, a real
 * need not be whole.
 */
export type GivenKind = 'count' | 'integer' | 'real';

/** A number for each free symbol. */
export type Assignment = (name: string) => number;

interface Term {
  readonly factors: readonly Unknown[]; // sorted by name, repeated for powers
  readonly coefficient: number;
}

/**
 * A length as a polynomial with integer coefficients over lengths that the file leaves open, such as `2*height*width
 * + 1`. Immutable.
 */
export class Polynomial {
  /** Keyed by the product of symbol names; '' is the constant. Never empty, never only a constant. */
  readonly terms: ReadonlyMap<string, Term>;
  /** Normal form: equal polynomials have equal texts. */
  readonly text: string;

  constructor(terms: ReadonlyMap<string, Term>) {
    this.terms = terms;
    this.text = [...terms]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { coefficient }]) =>
        key === '' ? `${coefficient}` : coefficient === 1 ? key : `${coefficient}*${key}`,
      )
      .join(' + ');
  }

  toString(): string {
    return this.text;
  }
}

/** The length that is one unknown: a free one, or, with `value`, a function of other symbols. */
export function symbol(name: string, value?: Unknown['value'], given?: GivenKind): Dim {
  const unknown = { name, ...(value !== undefined && { value }), ...(given !== undefined && { given }) };
  return new Polynomial(new Map([[name, { factors: [unknown], coefficient: 1 }]]));
}

const givenAs = (dim: Dim, kinds: readonly GivenKind[]): boolean =>
  typeof dim !== 'number' &&
  [...dim.terms.values()].some(({ factors }) =>
    factors.some(({ given }) => given !== undefined && kinds.includes(given)),
  );

const subtracts = (dim: Dim): boolean =>
  typeof dim !== 'number' && [...dim.terms.values()].some(({ coefficient }) => coefficient < 0);

/** Computed from a number that data decides. */
export const isGiven = (dim: Dim): boolean => givenAs(dim, ['count', 'integer', 'real']);
/** Computed from a number that data decides and that may be negative: it need not be a length. */
export const isSigned = (dim: Dim): boolean =>
  givenAs(dim, ['integer', 'real']) || (isGiven(dim) && subtracts(dim));
/** Computed from a number that data decides and that need not be an integer. */
const isReal = (dim: Dim): boolean => givenAs(dim, ['real']);

/** A number as the length that it states. One that may be negative states a length of its own, the same wherever it does. */
export function asLength(dim: Dim): Dim {
  if (!isSigned(dim)) return dim;
  const name = `length(${dim})`;
  return name.length > MOST_TEXT ? beyond('length', dim, 0, 'count') : symbol(name, undefined, 'count');
}

/** The most terms, and characters, of a symbolic length: a longer one is not followed any more. */
const MOST_TERMS = 256;
const MOST_TEXT = 4096;

/** A length that computes more than is followed: as if the file left it open. The same from the same. */
function beyond(kind: string, a: Dim, b: Dim, given = givenTogether(a, b)): Dim {
  const digest = sha256(`${kind}(${a}, ${b})`);
  return symbol(`${kind}#${digest.slice(0, 16)}`, undefined, given);
}

const givenTogether = (a: Dim, b: Dim): GivenKind | undefined => {
  if (isReal(a) || isReal(b)) return 'real';
  return isGiven(a) || isGiven(b) ? 'integer' : undefined;
};

const isLong = (dim: Dim): boolean => typeof dim !== 'number' && dim.text.length > MOST_TEXT;

const termsOf = (dim: Dim): ReadonlyMap<string, Term> =>
  typeof dim === 'number' ? new Map([['', { factors: [], coefficient: dim }]]) : dim.terms;

function normalised(terms: Map<string, Term>): Dim {
  for (const [key, term] of terms) if (term.coefficient === 0) terms.delete(key);
  if (terms.size === 0) return 0;
  if (terms.size === 1 && terms.has('')) return terms.get('')!.coefficient;
  return new Polynomial(terms);
}

/** A length has one zero. */
const unsigned = (value: number): number => value + 0;

/** a + b; a symbol of its own where the polynomial would have too many terms. */
export function add(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = new Map(termsOf(a));
  for (const [key, term] of termsOf(b)) {
    sum.set(key, { factors: term.factors, coefficient: term.coefficient + (sum.get(key)?.coefficient ?? 0) });
  }
  if (sum.size > MOST_TERMS) return beyond('add', a, b);
  const result = normalised(sum);
  return isLong(result) ? beyond('add', a, b) : result;
}

/** a - b, which may be negative. */
export const subtract = (a: Dim, b: Dim): Dim => add(a, multiply(b, -1));

/** a · b; a symbol of its own where the polynomial would have too many terms. */
export function multiply(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return unsigned(a * b);
  if (termsOf(a).size * termsOf(b).size > MOST_TERMS) return beyond('multiply', a, b);
  const product = new Map<string, Term>();
  for (const left of termsOf(a).values()) {
    for (const right of termsOf(b).values()) {
      const factors = [...left.factors, ...right.factors].sort((x, y) => (x.name < y.name ? -1 : 1));
      const key = factors.map((factor) => factor.name).join('*');
      const coefficient = left.coefficient * right.coefficient + (product.get(key)?.coefficient ?? 0);
      product.set(key, { factors, coefficient });
    }
  }
  const result = normalised(product);
  return isLong(result) ? beyond('multiply', a, b) : result;
}

/** The product of all the lengths; 1 where there are none. */
export const product = (dims: readonly Dim[]): Dim => dims.reduce(multiply, 1);

/** Two that are no number at all, such as weights may be, are one. */
export const equal = (a: Dim, b: Dim): boolean =>
  typeof a === 'number' || typeof b === 'number'
    ? a === b || (Number.isNaN(a) && Number.isNaN(b))
    : a === b || a.text === b.text;

/** a / b where it comes out even for every assignment; undefined otherwise. b may be a number or a single term. */
export function quotient(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    return b !== 0 && Number.isInteger(a / b) ? a / b : undefined;
  }
  if (equal(a, b)) return 1;
  if (a === 0) return 0;
  const divisors = [...termsOf(b).values()];
  if (divisors.length !== 1) return undefined;
  const divisor = divisors[0]!;
  const result = new Map<string, Term>();
  for (const term of termsOf(a).values()) {
    const factors = [...term.factors];
    for (const factor of divisor.factors) {
      const at = factors.findIndex((f) => f.name === factor.name);
      if (at < 0) return undefined;
      factors.splice(at, 1);
    }
    const coefficient = term.coefficient / divisor.coefficient;
    if (!Number.isInteger(coefficient)) return undefined;
    result.set(factors.map((f) => f.name).join('*'), { factors, coefficient });
  }
  return normalised(result);
}

type Opaque = 'floor' | 'ceil' | 'mod' | 'min' | 'max' | 'truncate' | 'round';
const COMPUTE: Readonly<Record<Opaque, (a: number, b: number) => number>> = {
  floor: (a, b) => Math.floor(a / b),
  ceil: (a, b) => Math.ceil(a / b),
  truncate: (a, b) => Math.trunc(a / b),
  round: (a, b) => Math.round(a / b),
  mod: (a, b) => a - b * Math.floor(a / b),
  min: Math.min,
  max: Math.max,
};

/** A function of lengths that has no polynomial form: a number where both are, else a symbol named by its text. */
function opaque(kind: Opaque, a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return unsigned(COMPUTE[kind](a, b));
  const given = givenBy(kind, a, b);
  const name = `${kind}(${a}, ${b})`;
  if (name.length > MOST_TEXT) return beyond(kind, a, b, given);
  return symbol(name, (assign) => COMPUTE[kind](evaluate(a, assign), evaluate(b, assign)), given);
}

/** What is known of a function of numbers that data decides. */
function givenBy(kind: Opaque, a: Dim, b: Dim): GivenKind | undefined {
  if (!isGiven(a) && !isGiven(b)) return undefined;
  const atLeastZero = (dim: Dim): boolean => (typeof dim === 'number' ? dim >= 0 : !isSigned(dim));
  const rounds = kind !== 'mod' && kind !== 'min' && kind !== 'max';
  const integer = rounds || (!isReal(a) && !isReal(b));
  const sides = [atLeastZero(a), atLeastZero(b)];
  if (integer && (kind === 'max' ? sides.some(Boolean) : sides.every(Boolean))) return 'count';
  return integer ? 'integer' : 'real';
}

/** a / b where both are integers and it comes out even. */
const evenly = (a: Dim, b: Dim): Dim | undefined => (isReal(a) || isReal(b) ? undefined : quotient(a, b));

/** ⌊a / b⌋; a symbol of its own where b does not divide a as a polynomial. */
export const floorDivide = (a: Dim, b: Dim): Dim => evenly(a, b) ?? opaque('floor', a, b);
/** ⌈a / b⌉; a symbol of its own where b does not divide a as a polynomial. */
export const ceilDivide = (a: Dim, b: Dim): Dim => evenly(a, b) ?? opaque('ceil', a, b);
/** Integer division of ONNX's Div, which rounds towards zero. */
export const truncatedDivide = (a: Dim, b: Dim): Dim => evenly(a, b) ?? opaque('truncate', a, b);
/** a / b rounded to the nearest whole number, halves up; a symbol of its own where b does not divide a as a polynomial. */
export const roundDivide = (a: Dim, b: Dim): Dim => evenly(a, b) ?? opaque('round', a, b);
/** a - b ⌊a / b⌋, which has the sign of b; 0 where b divides a as a polynomial. */
export const modulo = (a: Dim, b: Dim): Dim => (evenly(a, b) === undefined ? opaque('mod', a, b) : 0);
/** The lesser of two lengths; a symbol of its own unless both are numbers, or equal. */
export const minimum = (a: Dim, b: Dim): Dim => (equal(a, b) ? a : opaque('min', a, b));
/** The greater of two lengths; a symbol of its own unless both are numbers, or equal. */
export const maximum = (a: Dim, b: Dim): Dim => (equal(a, b) ? a : opaque('max', a, b));

/** wanted / stated as a fraction [p, q], where the two are open and differ by a constant factor only. */
export function ratioOf(wanted: Dim, stated: Dim): readonly [number, number] | undefined {
  if (
    !(wanted instanceof Polynomial) ||
    !(stated instanceof Polynomial) ||
    wanted.terms.size !== stated.terms.size
  )
    return undefined;
  let ratio: readonly [number, number] | undefined;
  for (const [key, term] of wanted.terms) {
    const other = stated.terms.get(key);
    if (other === undefined) return undefined;
    if (ratio === undefined) ratio = [term.coefficient, other.coefficient];
    else if (ratio[0] * other.coefficient !== ratio[1] * term.coefficient) return undefined;
  }
  return ratio;
}

/** The number that a length comes to. */
export function evaluate(dim: Dim, assign: Assignment): number {
  if (typeof dim === 'number') return dim;
  let sum = 0;
  for (const { factors, coefficient } of dim.terms.values()) {
    let term = coefficient;
    for (const factor of factors) term *= factor.value?.(assign) ?? assign(factor.name);
    sum += term;
  }
  return sum;
}

/** The free symbols that a length depends on. */
export function freeSymbols(dim: Dim, into: Set<string> = new Set()): Set<string> {
  if (typeof dim === 'number') return into;
  for (const { factors } of dim.terms.values()) {
    for (const factor of factors) {
      if (factor.value === undefined) into.add(factor.name);
      else {
        factor.value((name) => {
          into.add(name);
          return 1;
        });
      }
    }
  }
  return into;
}
