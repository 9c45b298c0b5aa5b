import type { Axis } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call } from '../coupling/rule.js';
import { equal, multiply } from '../model/dim.js';

/** A recurrent operator: what it has more of than the others, and when a state that starts at zero stays there. */
export interface Cell {
  readonly gates: number;
  /** Position of the cell state's initial value. */
  readonly initialCell?: number;
  /** Position of the peepholes, and how many gates have one. */
  readonly peepholes?: { readonly operand: number; readonly gates: number };
  /** The activations of one direction, unless the attribute names others. */
  readonly activations: readonly string[];
  /**
   * Indices in that list of the functions that must give 0 at 0 so that the cell state stays zero; and of those that the
   * hidden state needs besides.
   */
  readonly cellZero: readonly number[];
  readonly hiddenZero: readonly number[];
  /** Gates in which R h is changed before W x is added, as GRU's reset gate does. */
  readonly apart?: readonly number[];
  /** The operands that hold scale and zero point of W and of R, where both are integers. Both weights are transposed then. */
  readonly integers?: { readonly 1: ScaleAndZeroPoint; readonly 2: ScaleAndZeroPoint };
}

interface ScaleAndZeroPoint {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Position of the hidden state's initial value, of all recurrent operators. */
export const INITIAL_HIDDEN = 5;

/** The axes of an operand that must have this rank. */
export function ranked<R extends keyof Ranked>(call: Call, index: number, rank: R): Ranked[R] {
  const axes = call.input(index);
  if (axes.length !== rank)
    throw new Frozen('mismatch', `its operand ${index} has rank ${axes.length}, not ${rank}`);
  return axes as readonly Axis[] as Ranked[R];
}

interface Ranked {
  readonly 1: readonly [Axis];
  readonly 2: readonly [Axis, Axis];
  readonly 3: readonly [Axis, Axis, Axis];
}

/** What W, R, B and P say of the hidden lanes, once the gates are taken off. */
export function gatesOf(
  call: Call,
  cell: Cell,
  directions: number,
): { readonly input: Axis; readonly recurrent: Axis; readonly hidden: readonly Axis[] } {
  const { gates, peepholes } = cell;
  const [weightDirections, weight, input] = weightOf(call, cell, 1);
  const [recurrentDirections, recurrentGates, recurrent] = weightOf(call, cell, 2);
  const size = call.attributes.int('hidden_size') ?? recurrent.length;
  const vector = (index: number, count: number): readonly (readonly [Axis, Axis, number])[] =>
    call.optional(index) === undefined ? [] : [[...ranked(call, index, 2), count]];
  const parts = [
    [weightDirections, weight, gates],
    [recurrentDirections, recurrentGates, gates],
    ...vector(3, 2 * gates),
    ...(peepholes === undefined ? [] : vector(peepholes.operand, peepholes.gates)),
    ...([1, 2] as const).flatMap((weight) => parametersOf(call, cell, weight, directions)),
  ] as const;
  const hidden = parts.map(([own, gated, count]) => {
    isDirections(call, own, directions);
    if (typeof gated.length === 'number' && !equal(gated.length, multiply(size, count)))
      throw new Frozen('mismatch', `${gated.length} rows are not ${count} gates of ${size}`);
    const [gate, lane] = call.lanes.factor(gated, [count, size]) as [Axis, Axis];
    call.lanes.freeze(gate, 'operator', `is a gate of ${call.node.op}`);
    return lane;
  });
  return { input, recurrent, hidden };
}

/** Directions, gates and inputs of W or R. */
function weightOf(call: Call, { integers }: Cell, index: 1 | 2): Ranked[3] {
  const axes = ranked(call, index, 3);
  if (integers === undefined) return axes;
  const { scale, zeroPoint } = integers[index];
  if (call.optional(zeroPoint) !== undefined && !call.isZeroConstant(zeroPoint))
    throw new Frozen('operator', 'its weights are quantised about other numbers than zero');
  if (call.input(scale).length === 1) call.quantised(index, { scale, zeroPoint, axis: 0 });
  return [axes[0], axes[2], axes[1]];
}

/** Scales and zero points that lie on the gates; those of whole directions have no lanes. */
function parametersOf(
  call: Call,
  { gates, integers }: Cell,
  weight: 1 | 2,
  directions: number,
): (readonly [Axis, Axis, number])[] {
  if (integers === undefined) return [];
  const { scale, zeroPoint } = integers[weight];
  return [scale, zeroPoint].flatMap((index) => {
    if (call.optional(index) === undefined) return [];
    call.parameter(index);
    if (call.input(index).length === 2) return [[...ranked(call, index, 2), gates] as const];
    isDirections(call, ranked(call, index, 1)[0], directions);
    return [];
  });
}

/** The initial states that are given, the directions taken off. */
export function initialStates(
  call: Call,
  { initialCell }: Cell,
  directions: number,
  batchFirst: boolean,
): { readonly index: number; readonly batch: Axis; readonly hidden: Axis }[] {
  const positions = [INITIAL_HIDDEN, ...(initialCell === undefined ? [] : [initialCell])];
  return positions
    .filter((index) => call.optional(index) !== undefined)
    .map((index) => {
      const [first, second, hidden] = ranked(call, index, 3);
      const [own, batch] = batchFirst ? [second, first] : [first, second];
      isDirections(call, own, directions);
      return { index, batch, hidden };
    });
}

function isDirections(call: Call, axis: Axis, directions: number): void {
  if (typeof axis.length === 'number' && axis.length !== directions)
    throw new Frozen('mismatch', `an operand has ${axis.length} directions, not ${directions}`);
  call.lanes.freeze(axis, 'operator', 'is a direction');
}
