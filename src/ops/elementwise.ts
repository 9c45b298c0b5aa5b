import { isLabelled, isZero, plain } from '../coupling/axis.js';
import type { Facts } from '../coupling/facts.js';
import { bounds } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import * as dim from '../model/dim.js';
import { knownNumbers } from '../model/values.js';
import { RELU, stepsOf } from './activations.js';
import type { ZeroLaw } from './broadcasting.js';
import {
  aligned,
  broadcast,
  everyZero,
  firstZero,
  keepNumbers,
  mapValues,
  neverZero,
  someZero,
} from './broadcasting.js';
import type { Compute } from './computing.js';
import { folded, isFloat, lifted, plainly } from './computing.js';

/**
 * An element-wise function of several operands, broadcast.
 *
 *   a [n c h w], b [c 1 1]  ->  y [n c h w]
 *
 * exact: yes. A broadcast 1 takes no part: it is coupled with nothing.
 */
export function several(
  law: ZeroLaw,
  compute?: (dtype: string | undefined, call: Call) => Compute,
  makes?: 'bool',
): Rule {
  return {
    says: 'element by element, broadcast; aligned axes are one axis',
    exact: 'yes',
    axes: (call) => {
      const operands = Array.from({ length: call.count }, (_, i) => aligned(call, i));
      const axes = broadcast(
        call.lanes,
        operands.map(({ axes }) => axes),
        law,
      );
      const dtype = operands.find((operand) => operand.dtype !== undefined)?.dtype;
      const values =
        compute &&
        mapValues(
          operands.map((operand) => operand.values),
          lifted(compute(dtype, call)),
        );
      if (values === undefined) keepNumbers(call, operands);
      return [{ axes, values, dtype: makes ?? dtype }];
    },
  };
}

/** The positions of a node's operands but one. */
export const others = (call: Call, operand: number): number[] =>
  Array.from({ length: call.count }, (_, i) => i).filter((i) => i !== operand);

/** Each operand is added to the others. */
const adding = (rule: Rule): Rule => ({
  ...rule,
  axes: (call) => {
    // Before opset 7 the attribute `axis` aligns operands otherwise than broadcasting does, which refits reckon with.
    const lie = call.node.opset >= 7 || !call.attributes.has('axis');
    for (let operand = 0; lie && operand < call.count; operand++)
      call.passes({ operand, steps: [{ kind: 'sum', operands: others(call, operand) }], passes: true });
    return rule.axes(call);
  },
});

/** An operand is multiplied by numbers that are known. `inverse`: operand 0 is divided by the other. */
export const scaling = (rule: Rule, inverse = false): Rule => ({
  ...rule,
  axes: (call) => {
    const last = inverse ? 1 : call.count;
    for (let operand = 0; operand < last; operand++) {
      const numbers = others(call, operand).map((i) => numberOf(call, i));
      if (numbers.includes(undefined)) continue;
      const factor = numbers.reduce<number>((product, number) => product * number!, 1);
      const by = inverse ? 1 / factor : factor;
      const isFloats = isFloat(call.optional(operand)?.dtype ?? 'float32');
      if (isFloats && Number.isFinite(by) && by !== 0)
        call.passes({ operand, steps: [{ kind: 'scale', by }], passes: true });
    }
    return rule.axes(call);
  },
});

/** The only number of an operand, where it is known. */
function numberOf(call: Call, operand: number): number | undefined {
  const values = call.optional(operand)?.values;
  const numbers = values && knownNumbers(values);
  return numbers?.length === 1 ? numbers[0] : undefined;
}

/** The greatest or the least of an operand and of numbers that are known. */
const limiting = (rule: Rule, side: 'low' | 'high'): Rule => ({
  ...rule,
  axes: (call) => {
    for (let operand = 0; operand < call.count; operand++) {
      const numbers = others(call, operand).map((i) => numberOf(call, i));
      if (numbers.includes(undefined)) continue;
      const all = numbers as number[];
      const steps =
        side === 'low'
          ? bounds(Math.max(...all), Number.POSITIVE_INFINITY)
          : bounds(Number.NEGATIVE_INFINITY, Math.min(...all));
      call.passes({ operand, steps });
    }
    return rule.axes(call);
  },
});

/** A rule of an operator that is linear in each operand, as one of the four arithmetic operations. */
export const linear = (arithmetic: NonNullable<Facts['arithmetic']>, rule: Rule): Rule => ({
  ...rule,
  ...{ linear: true, arithmetic },
});

/** Add, Sum: zero where every summand is. A layer in front is refitted with the other summands known. */
export const sum = linear('sum', adding(several(everyZero, () => folded(dim.add))));
/** Sub: a - b, zero where both are. */
export const difference = linear(
  'difference',
  several(everyZero, () => dim.subtract as Compute),
);
/** Mul: zero where one factor is. A known number as factor scales what a layer in front is refitted to. */
export const multiplication = linear('product', scaling(several(someZero, () => dim.multiply as Compute)));
/** Max: with a known number, constant below it, as ReLU is below 0. */
export const maximum = limiting(
  several(everyZero, () => folded(dim.maximum)),
  'low',
);
/** Min: with a known number, constant above it. */
export const minimum = limiting(
  several(everyZero, () => folded(dim.minimum)),
  'high',
);
/** Mean of the operands, element by element: zero where every operand is. */
export const mean = several(everyZero);
/** SwiGLU: a gate and what it lets through, of one shape. */
export const gated = several(someZero);
/** BitShift: zero where the number that is shifted is. */
export const shift = several(firstZero);

/**
 * Pow: zero stays zero under a positive exponent.
 *
 *   x [n c h w], exponent [c 1 1]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const power: Rule = {
  says: 'element by element, broadcast',
  exact: 'yes',
  axes: (call) => {
    const operands = [aligned(call, 0), aligned(call, 1)] as const;
    const exponents = operands[1].values && knownNumbers(operands[1].values);
    // At a removed index an exponent with lanes is 0, and x⁰ is 1 and not 0.
    const fixed = exponents !== undefined && !operands[1].axes.some(isLabelled);
    const positive = fixed && exponents.every((exponent) => exponent > 0);
    const axes = broadcast(
      call.lanes,
      operands.map((operand) => operand.axes),
      positive ? firstZero : neverZero,
    );
    if (!positive)
      for (const axis of call.input(0))
        if (isZero(axis)) call.lanes.inexact(axis, 'zero to a power that may be negative');
    const values = mapValues(
      operands.map((operand) => operand.values),
      lifted(plainly((x, y) => x! ** y!)),
    );
    if (values === undefined) keepNumbers(call, operands);
    return [{ axes, values, dtype: operands[0].dtype }];
  },
};

/**
 * Where: of the two branches; the condition only has to be aligned.
 *
 *   condition [c 1 1], a [n c h w], b [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const where: Rule = {
  says: 'element by element, broadcast; all three operands are aligned',
  exact: 'yes',
  axes: (call) => {
    const operands = [0, 1, 2].map((i) => call.optional(i));
    const axes = broadcast(
      call.lanes,
      [0, 1, 2].map((i) => call.input(i)),
      ([, yes, no]) => yes! && no!,
    );
    const values = mapValues(
      operands.map((operand) => operand?.values),
      (condition, yes, no) =>
        typeof condition!.before === 'number' ? (condition!.before === 0 ? no : yes) : undefined,
    );
    if (values === undefined) keepNumbers(call, [undefined, operands[1], operands[2]]);
    return [{ axes, values, dtype: operands[1]?.dtype }];
  },
};

/**
 * PRelu: the slope is broadcast to x; before opset 7 it lies on the channels, or is one for all.
 *
 *   x [n c h w], slope [c 1 1]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const prelu: Rule = {
  says: 'element by element; the slope is broadcast to x',
  exact: 'yes',
  axes: (call) => {
    const x = call.input(0);
    const slope = call.input(1);
    const onChannels = call.node.opset < 7 && slope.length === 1 && x.length > 1;
    const behind = onChannels ? x.slice(2).map(() => plain(1)) : [];
    if (call.isZeroConstant(1)) call.passes({ operand: 0, steps: stepsOf(RELU, {}) });
    return [broadcast(call.lanes, [x, [...slope, ...behind]], firstZero)];
  },
};
