import { isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import type { Facts } from '../coupling/facts.js';
import { bounds } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import * as dim from '../model/dim.js';
import { equal } from '../model/dim.js';
import type { Element, Values } from '../model/values.js';
import { lift, numbersNow } from '../model/values.js';
import { CLIP, keepsZero, RELU, stepsOf } from './activations.js';
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

/** What a function of numbers does to lengths; undefined where it has no symbolic form. */
type Compute = (...operands: Dim[]) => Dim | undefined;

const lifted =
  (compute: Compute) =>
  (...operands: Element[]): Element | undefined =>
    // A node may have fewer operands than its operator takes.
    operands.length < Math.max(1, compute.length) ||
    compute(...operands.map((operand) => operand.before)) === undefined
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
function unary(zero: 'zero' | 'not zero' | 'not finite', compute?: Compute, makes?: 'bool'): Rule {
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
        {
          axes: axes.map((axis) => withZero(axis, zero === 'zero' && isZero(axis))),
          values,
          dtype: makes ?? x.dtype,
        },
      ];
    },
  };
}

/** Element by element, and f(0) = 0. */
export const zeroPreserving = unary('zero');
/** Element by element, and f(0) ≠ 0. */
export const pointwise = unary('not zero');
/** Element by element, true or false. */
export const property = unary('not zero', undefined, 'bool');
/** Element by element, with a pole at zero. */
export const poleAtZero = unary('not finite');

export const negative: Rule = { ...unary('zero', (x) => dim.multiply(x!, -1)), linear: true };
export const absolute = unary(
  'zero',
  plainly((x) => Math.abs(x!)),
);
const rounding = (compute: Compute): Rule => ({ ...unary('zero', compute), rounds: true });
export const floor = rounding((x) => dim.floorDivide(x!, 1));
export const ceil = rounding((x) => dim.ceilDivide(x!, 1));
export const round = rounding(
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
 *   a [n c h w], b [c 1 1]  ->  y [n c h w]
 *
 * exact: yes. A broadcast 1 takes no part: it is coupled with nothing.
 */
function several(
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
    // Operands that attributes align are not broadcast as they lie.
    const lie = call.node.opset >= 7 || !call.attributes.has('axis');
    for (let operand = 0; lie && operand < call.count; operand++)
      call.passes({ operand, steps: [{ kind: 'sum', operands: others(call, operand) }], passes: true });
    return rule.axes(call);
  },
});

/** An operand is multiplied by numbers that are known. `inverse`: operand 0 is divided by the other. */
const scaling = (rule: Rule, inverse = false): Rule => ({
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
  const numbers = values && numbersNow(values);
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

/** A function of two lengths over any number of them. */
const folded =
  (compute: (a: Dim, b: Dim) => Dim): Compute =>
  (...operands) =>
    operands.reduce(compute);

const linear = (arithmetic: NonNullable<Facts['arithmetic']>, rule: Rule): Rule => ({
  ...rule,
  ...{ linear: true, arithmetic },
});

export const sum = linear('sum', adding(several(everyZero, () => folded(dim.add))));
export const difference = linear(
  'difference',
  several(everyZero, () => dim.subtract as Compute),
);
export const multiplication = linear('product', scaling(several(someZero, () => dim.multiply as Compute)));
export const maximum = limiting(
  several(everyZero, () => folded(dim.maximum)),
  'low',
);
export const minimum = limiting(
  several(everyZero, () => folded(dim.minimum)),
  'high',
);
export const mean = several(everyZero);
/** SwiGLU: a gate and what it lets through, of one shape. */
export const gated = several(someZero);
export const disjunction = several(everyZero);
export const conjunction = several(someZero);
export const shift = several(firstZero);

const truth = (law: ZeroLaw, compute: (a: number, b: number) => boolean): Rule =>
  several(law, () => plainly((a, b) => (compute(a!, b!) ? 1 : 0)), 'bool');
export const or = truth(everyZero, (a, b) => a !== 0 || b !== 0);
export const xor = truth(everyZero, (a, b) => (a !== 0) !== (b !== 0));
export const and = truth(someZero, (a, b) => a !== 0 && b !== 0);
export const less = truth(neverZero, (a, b) => a < b);
export const lessOrEqual = truth(neverZero, (a, b) => a <= b);
export const greater = truth(neverZero, (a, b) => a > b);
export const greaterOrEqual = truth(neverZero, (a, b) => a >= b);
/** Lengths are never negative, so that one which is open is no -1; a number that data decides may be. */
export const equality = several(
  neverZero,
  () => (a, b) => {
    if (equal(a!, b!)) return 1;
    const differ =
      [a!, b!].every((side) => typeof side === 'number') ||
      [
        [a!, b!],
        [b!, a!],
      ].some(([side, other]) => typeof side === 'number' && side < 0 && !dim.isSigned(other!));
    return differ ? 0 : undefined;
  },
  'bool',
);

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

/** Of floats it is linear in the dividend. */
export const division = linear(
  'quotient',
  scaling(
    quotientOf((dtype) => (isFloat(dtype) ? divideFloats : (dim.truncatedDivide as Compute))),
    true,
  ),
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
    const exponents = operands[1].values && numbersNow(operands[1].values);
    // An exponent with lanes is zero itself where one was removed.
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

/**
 * Clip: zero stays zero where it lies within the bounds. Bounds are attributes before opset 11, operands since.
 *
 *   x [n c h w]  ->  y [n c h w]
 */
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
    const keeps = keepsZero(CLIP, { min: low, max: high });
    // A bound that is computed is none that a layer in front may count on.
    const min = Number.isNaN(low) ? Number.NEGATIVE_INFINITY : low;
    const max = Number.isNaN(high) ? Number.POSITIVE_INFINITY : high;
    call.passes({ operand: 0, steps: stepsOf(CLIP, { min, max }) });
    const values = mapValues(
      [call.optional(0)!.values],
      lifted(plainly((x) => Math.min(Math.max(x!, low), high))),
    );
    return [
      {
        axes: axes.map((axis) => withZero(axis, keeps && isZero(axis))),
        values,
        dtype: call.optional(0)!.dtype,
      },
    ];
  },
};

/**
 * Identity: the value itself.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const identity: Rule = {
  says: 'the same value under another name',
  exact: 'yes',
  ...{ moves: true, identity: true, reshapes: true },
  axes: (call) => {
    call.passes({ operand: 0, steps: [], passes: true });
    return [{ ...call.optional(0)!, axes: call.input(0) }];
  },
};

/**
 * Cast: the same values in another type; a float that becomes an integer is cut towards zero.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const cast: Rule = {
  says: 'the same values in another type',
  exact: 'yes',
  ...{ moves: true, casts: true },
  axes: (call) => {
    const axes = call.input(0);
    const { values, dtype } = call.optional(0)!;
    const to = castTo(call);
    if (isFloat(dtype) && isFloat(to)) call.passes({ operand: 0, steps: [], passes: true });
    return [{ axes, values: castValues(values, dtype, to), dtype: to }];
  },
};

/** The type that Cast makes; before opset 6 it is stated by name. */
function castTo(call: Call): string | undefined {
  if (call.node.opset >= 6) return ELEMENT_TYPES[call.attributes.int('to', 0) - 1];
  const name = call.attributes.string('to', '').toLowerCase();
  return { float: 'float32', double: 'float64' }[name] ?? (ELEMENT_TYPES.includes(name) ? name : undefined);
}

/** Content in another type; unknown where the types are not. */
function castValues(
  values: Values | undefined,
  from: string | undefined,
  to: string | undefined,
): Values | undefined {
  if (to === undefined) return undefined;
  if (to === 'bool' && from !== 'bool') return mapValues([values], lifted(plainly((x) => (x === 0 ? 0 : 1))));
  if (!to.includes('int') || !(isFloat(from) || from === undefined)) return values;
  return mapValues(
    [values],
    lifted((x) => dim.truncatedDivide(x!, 1)),
  );
}

/** Element types in the order of their numbers in ONNX's TensorProto.DataType, from 1. */
const ELEMENT_TYPES: readonly string[] = (
  'float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 ' +
  'bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1 float8e8m0 uint2 int2'
).split(' ');

/**
 * BitCast: the same bits in a type as wide. Zero is zero in all of them.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const bitCast: Rule = {
  says: 'the same bits in another type',
  exact: 'yes',
  axes: (call) => [{ axes: call.input(0), dtype: ELEMENT_TYPES[call.attributes.int('to', 0) - 1] }],
};

/**
 * CastLike: the same values in the second operand's type.
 *
 *   x [n c h w], like [s]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const castLike: Rule = {
  says: 'the same values in the type of operand 1',
  exact: 'yes',
  ...{ moves: true, casts: true },
  axes: (call) => {
    const axes = call.input(0);
    const { dtype } = call.optional(1) ?? {};
    const { values, dtype: from } = call.optional(0)!;
    return [{ axes, values: castValues(values, from, dtype), dtype }];
  },
};

/**
 * Dropout: at inference the value itself, and a mask. Since opset 12 operand 2 may say that it trains; before opset 7 it
 * does unless `is_test` says otherwise.
 *
 *   x [n c h w]  ->  y [n c h w], mask [n c h w]
 *
 * exact: yes, at inference.   source: https://onnx.ai/onnx/operators/onnx__Dropout.html
 */
export const dropout: Rule = {
  says: 'the same value; the mask has its axes',
  exact: 'yes, at inference',
  axes: (call) => {
    const axes = call.input(0);
    const trains =
      call.node.opset < 7
        ? call.attributes.int('is_test', 0) === 0
        : call.optional(2) !== undefined && !call.isZeroConstant(2);
    for (let i = 1; i < call.count; i++) call.values(i);
    if (trains) for (const axis of axes) call.lanes.inexact(axis, 'drops elements at random');
    else call.passes({ operand: 0, steps: [], passes: true });
    return [
      { axes, dtype: call.optional(0)!.dtype },
      { axes: axes.map((axis) => withZero(axis, false)), dtype: 'bool' },
    ];
  },
};

/**
 * Affine: α x + β with attributes that are numbers; an experiment of old operator sets.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const affine: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const keepsZero = call.attributes.float('beta', 0) === 0;
    return [call.input(0).map((axis) => withZero(axis, keepsZero && isZero(axis)))];
  },
};

/**
 * Shrink: zero stays zero unless the threshold is negative.
 *
 *   x [n c h w]  ->  y [n c h w]
 *
 * exact: yes.
 */
export const shrink: Rule = {
  says: 'element by element',
  exact: 'yes',
  axes: (call) => {
    const keepsZero = call.attributes.float('lambd', 0.5) >= 0 || call.attributes.float('bias', 0) === 0;
    return [call.input(0).map((axis) => withZero(axis, keepsZero && isZero(axis)))];
  },
};
