import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Rule } from '../coupling/rule.js';

/**
 * CDist: distances between the rows of two matrices.
 *
 *   a [m c], b [k c]  ->  y [m k]
 *
 * exact: where both are zero in a removed lane of c.   frozen: metrics that are not Euclidean.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.CDist
 */
export const distances: Rule = {
  says: 'columns are one axis, summed over; rows pass',
  exact: 'where both operands are zero in a removed lane',
  axes: (call) => {
    const [a, b] = [call.input(0), call.input(1)];
    const metric = call.attributes.string('metric', 'sqeuclidean');
    if (metric !== 'sqeuclidean' && metric !== 'euclidean')
      throw new Frozen('operator', `measures by "${metric}", which is not followed`);
    if (a.length !== 2 || b.length !== 2) throw new Frozen('mismatch', 'its operands are no matrices');
    const zero = isZero(a[1]!) && isZero(b[1]!);
    call.lanes.sum(withZero(call.lanes.unify([a[1]!, b[1]!]), zero));
    return [[withZero(a[0]!, false), withZero(b[0]!, false)]];
  },
};

/**
 * ComplexMul and its like, Inverse, Trilu work on the last `count` axes as a whole; the others pass.
 *
 *   x [n h! w!]  ->  y [n h! w!]
 */
export const wholeAtTheEnd = (count: number, keepsZero: boolean): Rule => ({
  says: `the last ${count} axes stay whole; the others pass`,
  exact: keepsZero ? 'yes' : 'where what it is applied to is not zero in a removed lane',
  axes: (call) => {
    const x = call.input(0);
    const whole = (d: number): boolean => d >= x.length - count;
    return [
      x.map((axis, d) => {
        if (whole(d)) call.lanes.freeze(axis, 'operator', `${call.node.op} works on it as a whole`);
        else if (!keepsZero && isZero(axis))
          call.lanes.inexact(axis, `${call.node.op} of zero is not defined`);
        return whole(d) ? plain(axis.length) : axis;
      }),
    ];
  },
});
