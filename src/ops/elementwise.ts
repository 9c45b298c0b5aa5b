import { isZero, withZero } from '../lanes/axis.js';
import type { Call, Rule } from '../lanes/rule.js';
import type { Dim } from '../onnx/dim.js';
import * as dim from '../onnx/dim.js';
import { equal } from '../onnx/dim.js';
import type { Element } from '../onnx/values.js';
import { lift, numbersNow } from '../onnx/values.js';
import type { ZeroLaw } from './broadcasting.js';
import {
  broadcast,
  everyZero,
  firstZero,
  keepNumbers,
  mapValues,
  neverZero,
  someZero,
} from './broadcasting.js';

/** What a function of numbers does to lengths; undefined where it has no symbolic form. */
type Compute = (...operands: Dim[]) => Dim | undefined;

const lifted =
  (compute: Compute) =>
  (...operands: Element[]): Element | undefined =>
    compute(...operands.map((operand) => operand.now)) === undefined
      ? undefined
      : lift((...dims) => compute(...dims)!)(...operands);

/** A function of plain numbers only. */
const plainly =
  (compute: (...operands: number[]) => number): Compute =>
  (...operands) =>
    operands.every((operand) => typeof operand === 'number') ? compute(...operands) : undefined;

const isFloat = (dtype: string | undefined): boolean => dtype?.startsWith('float') ?? false;

/**
 * y = f(x), element by element.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes. Whether f(0) = 0 decides whether y is zero where a lane was removed.
 */
function unary(zero: 'zero' | 'not zero' | 'not finite', compute?: Compute): Rule {
  return {
    says: 'element by element',
    exact: zero === 'not finite' ? 'where what it is applied to is not zero in a removed lane' : 'yes',
    axes: (call) => {
      const axes = call.input(0);
      const x = call.optional(0)!;
      if (zero === 'not finite') {
        for (const axis of axes)
          if (isZero(axis)) call.lanes.inexact(axis, `${call.node.op} of zero is not finite`);
      }
      const values = compute && mapValues([x.values], lifted(compute));
      return [
        { axes: axes.map((axis) => withZero(axis, zero === 'zero' && isZero(axis))), values, dtype: x.dtype },
      ];
    },
  };
}

/** Element by element, and f(0) = 0. */
export const zeroPreserving = unary('zero');
/** Element by element, and f(0) ≠ 0. */
export const pointwise = unary('not zero');
/** Element by element, with a pole at zero. */
export const poleAtZero = unary('not finite');

export const negative = unary('zero', (x) => dim.multiply(x!, -1));
export const absolute = unary(
  'zero',
  plainly((x) => Math.abs(x!)),
);
export const floor = unary('zero', (x) => dim.floorDivide(x!, 1));
export const ceil = unary('zero', (x) => dim.ceilDivide(x!, 1));
export const round = unary(
  'zero',
  plainly((x) => (Math.abs(x! % 1) === 0.5 ? 2 * Math.round(x! / 2) : Math.round(x!))),
);
export const squareRoot = unary(
  'zero',
  plainly((x) => Math.sqrt(x!)),
);
export const reciprocal = unary(
  'not finite',
  plainly((x) => 1 / x!),
);
export const not = unary(
  'not zero',
  plainly((x) => (x === 0 ? 1 : 0)),
);

/**
 * An element-wise function of several operands, broadcast.
 *
 *   [n c h w], [c 1 1]  ->  [n c h w]
 *
 * exact: yes. A broadcast 1 takes no part: it is coupled with nothing.
 */
function several(law: ZeroLaw, compute?: (dtype: string | undefined, call: Call) => Compute): Rule {
  return {
    says: 'element by element, broadcast; aligned axes are one axis',
    exact: 'yes',
    axes: (call) => {
      const operands = Array.from({ length: call.count }, (_, i) => call.optional(i));
      const axes = broadcast(
        call.lanes,
        operands.map((_, i) => call.input(i)),
        law,
      );
      const dtype = operands.find((operand) => operand?.dtype !== undefined)?.dtype;
      const values =
        compute &&
        mapValues(
          operands.map((operand) => operand?.values),
          lifted(compute(dtype, call)),
        );
      if (values === undefined) keepNumbers(call, operands);
      return [{ axes, values, dtype }];
    },
  };
}

/** A function of two lengths over any number of them. */
const folded =
  (compute: (a: Dim, b: Dim) => Dim): Compute =>
  (...operands) =>
    operands.reduce(compute);

export const sum = several(everyZero, () => folded(dim.add));
export const difference = several(everyZero, () => dim.subtract as Compute);
export const multiplication = several(someZero, () => dim.multiply as Compute);
export const maximum = several(everyZero, () => folded(dim.maximum));
export const minimum = several(everyZero, () => folded(dim.minimum));
export const mean = several(everyZero);
export const disjunction = several(everyZero);
export const conjunction = several(someZero);
export const shift = several(firstZero);
const truth = (compute: (a: number, b: number) => boolean): Compute =>
  plainly((a, b) => (compute(a!, b!) ? 1 : 0));
export const less = several(neverZero, () => truth((a, b) => a < b));
export const lessOrEqual = several(neverZero, () => truth((a, b) => a <= b));
export const greater = several(neverZero, () => truth((a, b) => a > b));
export const greaterOrEqual = several(neverZero, () => truth((a, b) => a >= b));
/** Lengths are never negative, so that one which is open is no -1. */
export const equality = several(neverZero, () => (a, b) => {
  if (equal(a!, b!)) return 1;
  const differ =
    [a!, b!].every((side) => typeof side === 'number') ||
    [a!, b!].some((side) => typeof side === 'number' && side < 0);
  return differ ? 0 : undefined;
});

/** Frozen-free division: a lane is exact where the divisor is not zero in a removed lane. */
function quotientOf(compute: (dtype: string | undefined, call: Call) => Compute): Rule {
  const rule = several(firstZero, compute);
  return {
    ...rule,
    exact: 'where the divisor is not zero in a removed lane',
    axes: (call) => {
      for (const axis of call.input(1))
        if (isZero(axis)) call.lanes.inexact(axis, 'divides by what is zero where the lane was removed');
      return rule.axes(call);
    },
  };
}

export const division = quotientOf((dtype) =>
  isFloat(dtype) ? divideFloats : (dim.truncatedDivide as Compute),
);
/** Mod: the sign is the divisor's, or with `fmod` the dividend's. */
export const remainder = quotientOf((_, call) =>
  call.attributes.int('fmod', 0) === 0 ? (dim.modulo as Compute) : plainly((a, b) => a! % b!),
);

const divideFloats: Compute = (a, b) =>
  typeof a === 'number' && typeof b === 'number'
    ? a / b
    : typeof b === 'number'
      ? dim.multiply(a!, 1 / b)
      : dim.quotient(a!, b!);

/** Pow: zero stays zero under a positive exponent. exact: yes. */
export const power: Rule = {
  says: 'element by element, broadcast',
  exact: 'yes',
  axes: (call) => {
    const operands = [call.optional(0), call.optional(1)];
    const exponents = operands[1]?.values && numbersNow(operands[1].values);
    const positive = exponents?.every((exponent) => exponent > 0) ?? false;
    const axes = broadcast(call.lanes, [call.input(0), call.input(1)], positive ? firstZero : neverZero);
    if (!positive)
      for (const axis of call.input(0))
        if (isZero(axis)) call.lanes.inexact(axis, 'zero to a power that may be negative');
    const values = mapValues(
      operands.map((operand) => operand?.values),
      lifted(plainly((x, y) => x! ** y!)),
    );
    if (values === undefined) keepNumbers(call, operands);
    return [{ axes, values, dtype: operands[0]?.dtype }];
  },
};

/** Where: of the two branches; the condition only has to be aligned. exact: yes. */
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
        typeof condition!.now === 'number' ? (condition!.now === 0 ? no : yes) : undefined,
    );
    if (values === undefined) keepNumbers(call, [undefined, operands[1], operands[2]]);
    return [{ axes, values, dtype: operands[1]?.dtype }];
  },
};

/** PRelu: the slope is broadcast to x. exact: yes. */
export const prelu: Rule = {
  says: 'element by element; the slope is broadcast to x',
  exact: 'yes',
  axes: (call) => [broadcast(call.lanes, [call.input(0), call.input(1)], firstZero)],
};

/** Clip: zero stays zero where it lies within the bounds. Bounds are attributes before opset 11, operands since. */
export const clip: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const axes = call.input(0);
    const bound = (name: string, operand: number, otherwise: number): number => {
      if (call.attributes.has(name)) return call.attributes.float(name, otherwise);
      const tensor = call.optional(operand);
      if (tensor === undefined) return otherwise;
      const [value] = (tensor.values && numbersNow(tensor.values)) ?? [Number.NaN];
      return value!;
    };
    const low = bound('min', 1, Number.NEGATIVE_INFINITY);
    const high = bound('max', 2, Number.POSITIVE_INFINITY);
    const keepsZero = low <= 0 && high >= 0;
    const values = mapValues(
      [call.optional(0)!.values],
      lifted(plainly((x) => Math.min(Math.max(x!, low), high))),
    );
    return [
      {
        axes: axes.map((axis) => withZero(axis, keepsZero && isZero(axis))),
        values,
        dtype: call.optional(0)!.dtype,
      },
    ];
  },
};

/** HardSigmoid: max(0, min(1, α x + β)); zero only stays zero where β ≤ 0. exact: yes. */
export const hardSigmoid: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const keepsZero = call.attributes.float('beta', 0.5) <= 0;
    return [call.input(0).map((axis) => withZero(axis, keepsZero && isZero(axis)))];
  },
};

/** Identity: the value itself. exact: yes. */
export const identity: Rule = {
  says: 'the same value under another name',
  exact: 'yes',
  moves: true,
  axes: (call) => [{ ...call.optional(0)!, axes: call.input(0) }],
};

/** Cast: the same values in another type; a float that becomes an integer is cut towards zero. exact: yes. */
export const cast: Rule = {
  says: 'the same values in another type',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const axes = call.input(0);
    const { values, dtype } = call.optional(0)!;
    const to = CAST_TO[call.attributes.int('to', 0)] ?? 'other';
    const becomesInteger = to.includes('int') && isFloat(dtype);
    const content = becomesInteger
      ? mapValues(
          [values],
          lifted((x) => dim.truncatedDivide(x!, 1)),
        )
      : values;
    return [{ axes, values: content, dtype: to }];
  },
};

/** ONNX's TensorProto.DataType numbers of the types that lengths are computed in. */
const CAST_TO: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** CastLike: the same values in the second operand's type. exact: yes. */
export const castLike: Rule = {
  says: 'the same values in the type of operand 1',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const { dtype } = call.optional(1) ?? {};
    const { values, dtype: from } = call.optional(0)!;
    return [{ axes: call.input(0), values: isFloat(from) && !isFloat(dtype) ? undefined : values, dtype }];
  },
};

/** Dropout at inference: the value itself, and a mask. exact: yes. */
export const dropout: Rule = {
  says: 'the same value; the mask has its axes',
  exact: 'yes',
  axes: (call) => {
    const axes = call.input(0);
    for (let i = 1; i < call.count; i++) call.optional(i);
    return [axes, axes.map((axis) => withZero(axis, false))];
  },
};
