import type { Axes } from '../coupling/axis.js';
import { plain } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import type { Values } from '../model/values.js';
import { knownNumbers } from '../model/values.js';

/** `axes`: an attribute before opset 13, operand 1 since; undefined where neither is there. */
function statedAxes(call: Call): readonly number[] | undefined {
  const attribute = call.attributes.ints('axes');
  if (attribute !== undefined || call.optional(1) === undefined) return attribute;
  const axes = knownNumbers(call.known(1));
  if (axes === undefined) throw new Frozen('data-dependent', 'its axes depend on data');
  return axes;
}

const reshaped = (values: Values | undefined, axes: Axes): Values | undefined =>
  values && axes.every((axis) => typeof axis.length === 'number')
    ? { dims: axes.map((axis) => axis.length as number), elements: values.elements }
    : undefined;

/** The axes of length 1. Of one whose length is open the rank of what is left tells, where that is known. */
function axesOfOne(call: Call, x: Axes): number[] {
  const placesOf = (fits: (length: Dim) => boolean): number[] =>
    x.flatMap((axis, d) => (fits(axis.length) ? [d] : []));
  const ones = placesOf((length) => length === 1);
  const open = placesOf((length) => typeof length !== 'number');
  if (open.length === 0) return ones;
  const leaving = x.length - (call.rankOf(0) ?? Number.NaN);
  if (leaving === ones.length) return ones;
  if (leaving === ones.length + open.length)
    return placesOf((length) => length === 1 || typeof length !== 'number');
  throw new Frozen(
    'unknown-shape',
    'squeezes every axis of length 1, and which are is only known when it runs: its axes would have to be stated',
  );
}

/**
 * Squeeze: axes of length 1 leave.
 *
 *   x [n c 1 1], axes (2 3)  ->  y [n c]
 *
 * exact: yes.
 */
export const squeeze: Rule = {
  says: 'axes of length 1 leave',
  exact: 'yes',
  ...{ moves: true, reshapes: true },
  axes: (call) => {
    const x = call.input(0);
    const stated = statedAxes(call);
    const gone = new Set(stated?.map((axis) => axisWithin(axis, x.length)) ?? axesOfOne(call, x));
    const axes = x.filter((_, d) => !gone.has(d));
    for (const d of gone) call.lanes.freeze(x[d]!, 'operator', 'is squeezed away');
    const { values, dtype } = call.optional(0)!;
    return [{ axes, values: reshaped(values, axes), dtype }];
  },
};

/**
 * Unsqueeze: axes of length 1 come in.
 *
 *   x [n c], axes (2 3)  ->  y [n c 1 1]
 *
 * exact: yes.
 */
export const unsqueeze: Rule = {
  says: 'axes of length 1 come in',
  exact: 'yes',
  ...{ moves: true, reshapes: true },
  axes: (call) => {
    const x = call.input(0);
    const stated = statedAxes(call) ?? [];
    const rank = x.length + stated.length;
    const born = new Set(stated.map((axis) => axisWithin(axis, rank)));
    const rest = x[Symbol.iterator]();
    const axes = Array.from({ length: rank }, (_, d) =>
      born.has(d) ? plain(1) : (rest.next().value ?? plain(1)),
    );
    const { values, dtype } = call.optional(0)!;
    return [{ axes, values: reshaped(values, axes), dtype }];
  },
};
