import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import * as dim from '../model/dim.js';
import type { Values } from '../model/values.js';
import { knownNumbers, lift } from '../model/values.js';
import { openInstead } from './frozen.js';

/**
 * The axes that a reduction runs over: an attribute in old operator sets, an operand in new ones, else all. Undefined
 * where data decides.
 */
function reducedAxes(call: Call, rank: number): ReadonlySet<number> | undefined {
  const operand = call.optional(1) === undefined ? undefined : call.known(1);
  const stated = call.attributes.ints('axes') ?? (operand && knownNumbers(operand));
  if (stated === undefined && operand !== undefined) return undefined;
  if (stated === undefined || stated.length === 0) {
    const none = call.attributes.int('noop_with_empty_axes', 0) !== 0;
    return new Set(none ? [] : Array.from({ length: rank }, (_, d) => d));
  }
  return new Set(stated.map((axis) => axisWithin(axis, rank)));
}

/**
 * A reduction: the axes it runs over leave, or become 1; the others pass.
 *
 *   x [n c h w], axes (2 3)  ->  y [n c 1 1]
 *   x [n c h w]              ->  y [n c]            (axes = [2 3], keepdims = 0, opset 11)
 */
function reduction(
  exact: string,
  over: (call: Call, axis: Axis) => void,
  zeroStays: boolean,
  combine?: (a: Dim, b: Dim) => Dim,
): Rule {
  return {
    says: 'the axes it runs over leave or become 1; the others pass',
    exact,
    axes: (call) => {
      const x = call.input(0);
      const tensor = call.optional(0)!;
      const reduced = reducedAxes(call, x.length);
      const keep = call.attributes.int('keepdims', 1) !== 0;
      if (reduced === undefined) return [{ axes: reducedByData(call, x, keep), dtype: tensor.dtype }];
      const axes = x.flatMap((axis, d) => {
        if (!reduced.has(d)) return [withZero(axis, zeroStays && isZero(axis))];
        if (isLabelled(axis)) over(call, axis);
        return keep ? [plain(1)] : [];
      });
      const whole = reduced.size === x.length;
      return [
        {
          axes,
          values: combine && whole ? reduceValues(tensor.values, keep, combine) : undefined,
          dtype: tensor.dtype,
        },
      ];
    },
  };
}

/** Any of the axes may be reduced. */
function reducedByData(call: Call, x: Axes, keep: boolean): Axes {
  if (!keep) throw new Frozen('data-dependent', 'data decides which axes it runs over');
  return x.map((axis, d) => openInstead(call, axis, d, 'data decides whether it is reduced'));
}

function reduceValues(
  values: Values | undefined,
  keep: boolean,
  combine: (a: Dim, b: Dim) => Dim,
): Values | undefined {
  if (values === undefined || values.elements.length === 0) return undefined;
  return {
    dims: keep ? values.dims.map(() => 1) : [],
    elements: [lift((...elements) => elements.reduce(combine))(...values.elements)],
  };
}

const sums = (call: Call, axis: Axis): void => call.lanes.sum(axis);
const changes = (call: Call, axis: Axis): void => call.lanes.inexact(axis, `${call.node.op} runs over it`);

/** ReduceSum: zeros add nothing. Of a shape it is the sum of its lengths. */
export const reduceSum = reduction('where what it sums is zero in a removed lane', sums, true, dim.add);
/** ReduceL1, ReduceL2, ReduceSumSquare: zeros add nothing. Not followed in computations of shapes. */
export const reduceNorm = reduction('where what it sums is zero in a removed lane', sums, true);
/** ReduceMean: fewer lanes make another divisor, so it is exact only along axes without lanes. */
export const reduceMean = reduction('no, where it runs over lanes', changes, true);
/** ReduceMax: a removed lane's zeros may be the greatest, so it is exact only along axes without lanes. */
export const reduceMax = reduction('no, where it runs over lanes', changes, true, dim.maximum);
/** ReduceMin: a removed lane's zeros may be the least, so it is exact only along axes without lanes. */
export const reduceMin = reduction('no, where it runs over lanes', changes, true, dim.minimum);
/** ReduceProd: a removed lane's zeros make the product 0, so it is exact only along axes without lanes. */
export const reduceProduct = reduction('no, where it runs over lanes', changes, true, dim.multiply);
/** ReduceLogSumExp: of zeros it is not zero. */
export const reduceLogSumExp = reduction('no, where it runs over lanes', changes, false);

const logSum = reduction('where what it is applied to is not zero in a removed lane', sums, false);

/** ReduceLogSum: the logarithm of a sum, without bounds where a lane is zero in all that is summed. */
export const reduceLogSum: Rule = {
  ...logSum,
  axes: (call) => {
    const x = call.input(0);
    const reduced = reducedAxes(call, x.length);
    for (const [d, axis] of x.entries())
      if (reduced?.has(d) === false && isLabelled(axis) && isZero(axis))
        call.lanes.inexact(axis, `${call.node.op} of zeros is not finite`);
    return logSum.axes(call);
  },
};

/**
 * ArgMax, ArgMin: positions along the axis, which must therefore stay.
 *
 *   x [n c h!]  ->  y [n c 1]        (axis = 2)
 *
 * exact: yes.
 */
export const argument: Rule = {
  says: 'the axis it runs over stays whole; the others pass',
  exact: 'yes',
  decides: 'one',
  axes: (call) => {
    const x = call.input(0);
    const along = call.attributes.axis('axis', x.length, 0);
    call.lanes.freeze(x[along]!, 'operator', `${call.node.op} counts positions along it`);
    const keep = call.attributes.int('keepdims', 1) !== 0;
    const axes = x.flatMap((axis, d) => (d === along ? (keep ? [plain(1)] : []) : [withZero(axis, false)]));
    return [{ axes, dtype: 'int64' }];
  },
};
