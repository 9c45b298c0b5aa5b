import { isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import { asLength, ceilDivide, multiply, subtract } from '../model/dim.js';
import type { Element } from '../model/values.js';
import { knownNumbers, lift, literal, scalar, vector } from '../model/values.js';
import { openAxis } from './frozen.js';

/**
 * Shape: the lengths of the axes, which follow the lanes by themselves.
 *
 *   x [n c h w]  ->  y [4]
 *
 * exact: yes.
 */
export const shape: Rule = {
  says: 'the lengths of the axes; they follow the lanes by themselves',
  exact: 'yes',
  measures: true,
  axes: (call) => {
    const x = call.input(0);
    const within = (position: number): number =>
      Math.min(Math.max(position < 0 ? position + x.length : position, 0), x.length);
    const start = within(call.attributes.int('start', 0));
    const end = within(call.attributes.int('end', x.length));
    const lengths = x.slice(start, Math.max(start, end)).map(lengthOf);
    return [{ axes: [plain(lengths.length)], values: vector(lengths), dtype: 'int64' }];
  },
};

/**
 * Size: the product of the lengths.
 *
 *   x [n c h w]  ->  y []
 *
 * exact: yes.
 */
export const size: Rule = {
  says: 'the product of the lengths; it follows the lanes by itself',
  exact: 'yes',
  measures: true,
  axes: (call) => {
    const lengths = call.input(0).map(lengthOf);
    const count = lift((...dims) => dims.reduce(multiply, 1))(...lengths);
    return [{ axes: [], values: scalar(count), dtype: 'int64' }];
  },
};

/**
 * ConstantOfShape: one value everywhere. Each axis of known length gets lanes of its own, which nothing ties yet.
 *
 *   shape (a b)  ->  y [a b]
 *
 * exact: yes.   restates: operand 0.
 */
export const constantOfShape: Rule = {
  says: 'axes with lanes of their own; the stated shape follows them',
  exact: 'yes',
  axes: (call) => {
    const lengths = call.known(0);
    const filler = call.node.attributes.value === undefined ? ZERO : call.attributeValues('value');
    const [element] = filler?.elements ?? [];
    const axes = lengths.elements.map(({ before }) =>
      call.lanes.fresh(asLength(before), element?.before === 0),
    );
    call.restate(0, axes);
    const dims = knownNumbers(lengths);
    const count = dims?.reduce((a, b) => a * b, 1);
    const small = dims !== undefined && count !== undefined && count <= MOST_FILLED && element !== undefined;
    const zeros = element?.before === 0;
    return [
      {
        axes,
        zeros,
        values: small ? { dims, elements: Array.from({ length: count }, () => element) } : undefined,
      },
    ];
  },
};

/** Without the attribute `value` everything is zero. */
const ZERO = scalar(literal(0));
const MOST_FILLED = 1024;

/**
 * Range: its length follows from start, limit and step.
 *
 *   start = 0, limit = 5, step = 1  ->  y [5]
 *
 * exact: yes.
 */
export const range: Rule = {
  says: 'one axis, of the length that start, limit and step give',
  exact: 'yes',
  axes: (call) => {
    const [start, limit, step] = [0, 1, 2].map((i) => call.known(i).elements[0]!) as [
      Element,
      Element,
      Element,
    ];
    const { dtype } = call.optional(0)!;
    const numbers = [start.before, limit.before, step.before];
    if (numbers.every((number) => typeof number === 'number')) {
      const [from, to, by] = numbers as [number, number, number];
      const count = by === 0 ? 0 : Math.max(0, Math.ceil((to - from) / by));
      const values =
        count <= 1 << 16
          ? vector(Array.from({ length: count }, (_, i) => literal(from + i * by)))
          : undefined;
      for (const [i, element] of [start, limit, step].entries()) call.restate(i, [literal(element.before)]);
      return [{ axes: [plain(count)], values, dtype }];
    }
    for (const [i, element] of [start, limit, step].entries()) call.restate(i, [literal(element.before)]);
    if (typeof step.before !== 'number' || step.before === 0) return [{ axes: [openAxis(call, 0)], dtype }];
    const count = ceilDivide(subtract(limit.before, start.before), step.before);
    return [{ axes: [plain(asLength(count))], dtype }];
  },
};

/**
 * Running along one axis, which stays whole. `keepsZero`: what it makes of zeros alone is zero.
 *
 *   x [n c!], axis = 1  ->  y [n c!]
 *
 * exact: yes.
 */
function running(keepsZero: (call: Call) => boolean): Rule {
  return {
    says: 'running along one axis, which stays whole; the others pass',
    exact: 'yes',
    axes: (call) => {
      const x = call.input(0);
      const [along] = knownNumbers(call.known(1)) ?? [];
      const runsAlong = along === undefined ? x : [x[axisWithin(along, x.length)]!];
      for (const axis of runsAlong) call.lanes.freeze(axis, 'operator', `${call.node.op} runs along it`);
      const axes = x.map((axis) => withZero(axis, isZero(axis) && keepsZero(call)));
      return [{ axes, dtype: call.optional(0)!.dtype }];
    },
  };
}

/** CumSum: sums of zeros are zero. */
export const cumulativeSum = running(() => true);
/** With `exclusive` the product begins with 1, which is not zero in a removed lane. */
export const cumulativeProduct = running((call) => call.attributes.int('exclusive', 0) === 0);
