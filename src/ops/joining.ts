import type { Output } from '../coupling/abstractTensor.js';
import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { add, asLength, ceilDivide, multiply, subtract } from '../model/dim.js';
import type { Element } from '../model/values.js';
import { lift, literal } from '../model/values.js';
import { cutAlong, joinAlong } from './contents.js';
import { openInstead } from './frozen.js';

/**
 * Concat: along `axis` the inputs' lanes lie end to end; each other axis is one axis, shared by all.
 *
 *   x_i [n a_i h w]  ->  y [n Σa_i h w]        (axis = 1)
 *
 * exact: yes, an element of y is an element of one x_i.   frozen: where ranks differ or are not known.
 * source: https://onnx.ai/onnx/operators/onnx__Concat.html
 */
export const concat: Rule = {
  says: 'inputs lie end to end along `axis`; the other axes are shared by all',
  exact: 'yes',
  axes: (call) => {
    const inputs = Array.from({ length: call.count }, (_, i) => call.input(i));
    const rank = inputs[0]?.length ?? 0;
    if (rank === 0) throw new Frozen('mismatch', 'it joins nothing that has axes');
    const other = inputs.find((axes) => axes.length !== rank);
    if (other !== undefined)
      throw new Frozen('mismatch', `its inputs have ranks ${rank} and ${other.length}`);
    const along = call.attributes.axis('axis', rank, call.node.opset < 4 ? 1 : undefined);
    const axes = Array.from({ length: rank }, (_, d) => {
      const column = inputs.map((x) => x[d]!);
      if (d === along) return call.lanes.join(column);
      return withZero(call.lanes.unify(column), column.every(isZero));
    });
    const parts = inputs.map((_, i) => call.optional(i)!.values);
    const values = parts.every((part) => part !== undefined) ? joinAlong(parts, along) : undefined;
    return [{ axes, values, dtype: call.optional(0)!.dtype }];
  },
};

/** The outputs of a split along one axis; its known content is split with it. */
function splitInto(
  call: Call,
  x: Axes,
  along: number,
  lengths: readonly Dim[],
): { readonly outputs: Output[]; readonly parts: Axis[] } {
  const parts = call.lanes.cut(x[along]!, lengths.map(asLength));
  const { values, dtype } = call.optional(0)!;
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce(add, 0));
  const outputs = parts.map((part, i): Output => {
    const [from, length] = [starts[i]!, lengths[i]!];
    const known = values !== undefined && typeof from === 'number' && typeof length === 'number';
    const content = known ? cutAlong(values, along, from, from + length) : undefined;
    return { axes: x.with(along, part), values: content, dtype };
  });
  return { outputs, parts };
}

/**
 * Lengths of `count` parts, equal but for the last, which since opset 18 is shorter where it does not come out even.
 * Before, what does not come out even is refused: a fraction says so, which is no length that remains.
 */
function equalParts(axis: Axis, count: number, opset: number): Element[] {
  const uneven = opset >= 18;
  if (!uneven && typeof axis.length === 'number' && axis.length % count !== 0)
    throw new Frozen('mismatch', `splits ${axis.length} into ${count} equal parts`);
  const whole = lengthOf(axis);
  return Array.from({ length: count }, (_, i) =>
    lift((length) => {
      if (!uneven && typeof length === 'number') return length / count;
      const each = ceilDivide(length!, count);
      return i < count - 1 ? each : subtract(length!, multiply(each, count - 1));
    })(whole),
  );
}

/** Parts whose lengths data decides. */
function anyParts(call: Call, x: Axes, along: number): Output[] {
  const { dtype } = call.optional(0)!;
  return call.node.outputs.map((_, i) => ({
    axes: x.with(along, openInstead(call, x[along]!, i, 'is cut where data says')),
    dtype,
  }));
}

/**
 * Split: Concat read backwards. Lengths are an attribute before opset 13, operand 1 since; without either, parts are equal.
 *
 *   x [n a+b h w]  ->  y [n a h w], y [n b h w]        (axis = 1)
 *
 * exact: yes.   restates: the lengths that remain, which need not be equal any more.
 * source: https://onnx.ai/onnx/operators/onnx__Split.html
 */
function splitRule(lengths: 'attribute' | 'operand'): Rule {
  return {
    says: 'Concat read backwards: the lengths of the parts follow their lanes',
    exact: 'yes',
    moves: true,
    takesPart: true,
    axes: (call) => {
      const x = call.input(0);
      const along = call.attributes.axis('axis', x.length, 0);
      if (lengths === 'operand' && call.optional(1) !== undefined && call.values(1) === undefined)
        return anyParts(call, x, along);
      const operand =
        lengths === 'operand' && call.optional(1) !== undefined ? call.known(1).elements : undefined;
      const stated =
        operand ??
        call.attributes.ints('split')?.map(literal) ??
        equalParts(x[along]!, call.node.outputs.length, call.node.opset);
      const { outputs, parts } = splitInto(
        call,
        x,
        along,
        stated.map((element) => element.before),
      );
      const where = lengths === 'operand' ? 1 : ({ attribute: 'split', kind: 'ints' } as const);
      call.restate(where, parts, { stated, replaces: ['num_outputs'] });
      return outputs;
    },
  };
}

/**
 * Split of opset 2..12: lengths are an attribute.
 *
 *   x [n a+b h w]  ->  y [n a h w], y [n b h w]        (axis = 1, split = [a b])
 */
export const splitByAttribute = splitRule('attribute');

/**
 * Split of opset 1: lengths may also be an operand of the data's type, whose axis then stays whole.
 *
 *   x [n a+b h w]                  ->  y [n a h w], y [n b h w]      (axis = 1, split = [a b])
 *   x [n 6 h w], lengths (2.0 4.0)  ->  y [n 2 h w], y [n 4 h w]      (axis = 1)
 *
 * exact: yes.
 */
export const splitOfOldest: Rule = {
  ...splitByAttribute,
  axes: (call) => {
    if (call.optional(1) === undefined) return splitByAttribute.axes(call);
    const x = call.input(0);
    const along = call.attributes.axis('axis', x.length, 0);
    const lengths = call.values(1)?.elements;
    if (lengths?.length !== call.node.outputs.length) return anyParts(call, x, along);
    call.lanes.freeze(x[along]!, 'operator', 'is cut into lengths that are written as floats');
    return lengths.map(({ before }) => x.with(along, plain(asLength(before))));
  },
};
/**
 * Split since opset 13: lengths are operand 1.
 *
 *   x [n a+b h w], lengths (a b)  ->  y [n a h w], y [n b h w]        (axis = 1)
 */
export const splitByOperand = splitRule('operand');
