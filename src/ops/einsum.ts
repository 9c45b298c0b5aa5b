import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { broadcast, someZero } from './broadcasting.js';

/** The letters of one operand or of the result, in order; '...' stands for axes that are broadcast. */
type Term = readonly string[];

const ELLIPSIS = '...';

function termOf(text: string): Term {
  const letters = text.match(/\.\.\.|[A-Za-z]/g) ?? [];
  if (letters.join('') !== text || letters.filter((letter) => letter === ELLIPSIS).length > 1)
    throw new Frozen('operator', `its term "${text}" cannot be read`);
  return letters;
}

/** The terms of the operands and of the result; without "->" the result has every letter that stands once, sorted. */
function readEquation(equation: string): { readonly operands: readonly Term[]; readonly result: Term } {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->');
  if (left === undefined || more.length > 0)
    throw new Frozen('operator', `its equation "${equation}" cannot be read`);
  const operands = left.split(',').map(termOf);
  if (right !== undefined) return { operands, result: termOf(right) };
  const all = operands.flat();
  const once = all.filter((letter) => letter !== ELLIPSIS && all.indexOf(letter) === all.lastIndexOf(letter));
  return { operands, result: [...(all.includes(ELLIPSIS) ? [ELLIPSIS] : []), ...once.sort()] };
}

/** The axes that each letter names, in all operands, and the axes that each operand's '...' stands for. */
function axesByLetter(
  call: Call,
  terms: readonly Term[],
): { readonly letters: ReadonlyMap<string, Axis[]>; readonly ellipses: readonly Axes[] } {
  const letters = new Map<string, Axis[]>();
  const ellipses: Axes[] = [];
  for (const [index, term] of terms.entries()) {
    const x = call.input(index);
    const named = term.filter((letter) => letter !== ELLIPSIS).length;
    const spread = x.length - named;
    if (spread < 0 || (spread > 0 && !term.includes(ELLIPSIS)))
      throw new Frozen('mismatch', `its operand ${index} has rank ${x.length}, its term ${named} letters`);
    let place = 0;
    for (const letter of term) {
      if (letter === ELLIPSIS) {
        ellipses.push(x.slice(place, place + spread));
        place += spread;
      } else {
        letters.set(letter, [...(letters.get(letter) ?? []), x[place++]!]);
      }
    }
  }
  return { letters, ellipses };
}

/** Axes of one letter that the result has: one axis, zero where one of the factors is. */
function kept(call: Call, axes: readonly Axis[]): Axis {
  const parts = axes.filter((axis) => axis.length !== 1);
  if (parts.length === 0) return plain(1);
  return withZero(
    call.lanes.unify(parts),
    parts.some((axis) => isLabelled(axis) && isZero(axis)),
  );
}

/** Axes of one letter that is summed over: exact where one of the factors is zero in a removed lane. */
function summed(call: Call, axes: readonly Axis[]): Axis {
  const parts = axes.filter((axis) => axis.length !== 1);
  const anchor = parts.find((axis) => isLabelled(axis) && isZero(axis)) ?? parts[0];
  if (anchor === undefined) return plain(1);
  const others = parts.filter((axis) => axis !== anchor);
  for (const axis of others) call.lanes.contract(anchor, axis);
  if (others.length === 0) call.lanes.sum(anchor);
  return anchor;
}

/** Two operands that are summed over one letter of both. */
function contracts(call: Call, operands: readonly Term[], ellipses: readonly Axes[], result: Term): void {
  const [left, right] = operands;
  if (left === undefined || right === undefined || operands.length > 2) return;
  const sums = [...new Set([...left, ...right])].filter((letter) => !result.includes(letter));
  const [summed] = sums;
  if (sums.length !== 1 || !left.includes(summed!) || !right.includes(summed!)) return;
  if ([left, right].some((term) => new Set(term).size < term.length)) return;
  const spread = [...ellipses];
  const side = (operand: number, term: Term): { operand: number; axes: readonly string[] } => ({
    operand,
    axes: term.flatMap((letter) => {
      if (letter !== ELLIPSIS) return [letter];
      const own = spread.shift()!;
      return own.map((_, i) => `${ELLIPSIS}${own.length - 1 - i}`);
    }),
  });
  call.contracts({ summed: summed!, sides: [side(0, left), side(1, right)] });
}

/**
 * Einsum: axes of one letter are one axis; letters that the result lacks are multiplied and summed over. '...' stands
 * for axes that are broadcast. A repeated letter in one operand is its diagonal.
 *
 *   a [b h q d], b [b h k d]  ->  y [b h q k]        (equation = "bhqd,bhkd->bhqk")
 *
 * exact: where one factor is zero in a removed lane of a letter summed over: always for a weight.
 * source: https://onnx.ai/onnx/operators/onnx__Einsum.html
 */
export const einsum: Rule = {
  says: 'axes of one letter are one axis; letters that the result lacks are summed over',
  exact: 'where one factor is zero in a removed lane that is summed over: always for a weight',
  axes: (call) => {
    const equation = call.attributes.string('equation', '');
    const { operands, result } = readEquation(equation);
    if (operands.length !== call.count)
      throw new Frozen('mismatch', `its equation has ${operands.length} terms for ${call.count} operands`);
    const { letters, ellipses } = axesByLetter(call, operands);
    const stray = result.find((letter) => letter !== ELLIPSIS && !letters.has(letter));
    if (stray !== undefined) throw new Frozen('mismatch', `its result has a letter "${stray}" of no operand`);
    const spread = ellipses.length > 0 ? broadcast(call.lanes, ellipses, someZero) : [];
    if (spread.length > 0 && !result.includes(ELLIPSIS))
      throw new Frozen('operator', 'its result lacks the axes that "..." stands for');
    const found = new Map(
      Array.from(letters, ([letter, axes]) => [
        letter,
        result.includes(letter) ? kept(call, axes) : summed(call, axes),
      ]),
    );
    call.work([...spread, ...found.values()]);
    contracts(call, operands, ellipses, result);
    return [result.flatMap((letter) => (letter === ELLIPSIS ? spread : [found.get(letter)!]))];
  },
};
