import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { ceilDivide, multiply } from '../model/dim.js';
import { lift } from '../model/values.js';

/** A number that an attribute must state. */
function stated(call: Call, name: string): number {
  const value = call.attributes.int(name);
  if (value === undefined) throw new Frozen('unknown-shape', `has no attribute "${name}"`);
  return value;
}

/** An operand [rows, columns], or the same flat; undefined where it is absent. */
function rowsOf(call: Call, index: number, rows: number, columns: number): readonly Axis[] | undefined {
  if (call.optional(index) === undefined) return undefined;
  const axes = call.input(index);
  if (axes.length === 2) return axes;
  if (axes.length !== 1 || axes[0]!.length !== rows * columns)
    throw new Frozen('mismatch', `its operand ${index} is not [${rows}, ${columns}]`);
  return call.lanes.factor(axes[0]!, [rows, columns]);
}

/**
 * MatMulNBits: y = a · dequantised(B)ᵀ + bias, where each row of B is packed in blocks with a scale each. Rows of B are
 * the columns of y; along k lanes are whole blocks, and only where no byte holds zero points of two of them.
 *
 *   a [… k*16], B [n k 8], scales [n k], _, _, bias [n]
 *     ->  y [… n]        (N = n, K = k*16, bits = 4, block_size = 16)
 *
 * exact: yes, a block without a scale is zero.   restates: `N`, `K`.   frozen: k, where `g_idx` permutes it.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const matMulNBits: Rule = {
  says: 'columns are the rows of B, its scales and zero points; along k blocks stay whole',
  exact: 'yes',
  axes: (call) => {
    const { lanes } = call;
    const a = call.input(0);
    const [n, k, size] = [stated(call, 'N'), stated(call, 'K'), stated(call, 'block_size')];
    const bits = call.attributes.int('bits', 4);
    const count = Math.ceil(k / size);
    const [columns, blocks, bytes] = call.input(1);
    const inner = a.at(-1);
    if (inner === undefined || columns === undefined || blocks === undefined || bytes === undefined)
      throw new Frozen('mismatch', 'its operands have too few axes');
    lanes.freeze(bytes, 'operator', 'is packed');
    const scales = rowsOf(call, 2, n, count)!;
    const perByte = call.optional(3)?.dtype === 'uint8' ? 8 / bits : 1;
    const points = rowsOf(call, 3, n, Math.ceil(count / perByte));
    call.parameter(1);
    call.parameter(3);

    const apart = Number.isInteger(perByte) && k % (size * perByte) === 0 && call.optional(4) === undefined;
    const along = [blocks, scales[1]!];
    if (apart) {
      const [whole, within] = lanes.factor(inner, [count, size]);
      lanes.freeze(within!, 'operator', 'lies within a block that has one scale');
      lanes.unify(along);
      lanes.contract(withZero(whole!, isZero(inner)), withZero(blocks, isScaled(scales[1]!)));
      if (points !== undefined) {
        const [bytesOfPoints, ofOneByte] = lanes.factor(blocks, [count / perByte, perByte]);
        lanes.freeze(ofOneByte!, 'operator', 'has its zero point in one byte with another block');
        lanes.unify([bytesOfPoints!, points[1]!]);
      }
      call.restate({ attribute: 'K', kind: 'int' }, [lift((own) => multiply(own!, size))(lengthOf(blocks))]);
    } else {
      const why =
        call.optional(4) !== undefined
          ? 'g_idx deals its indices out to blocks of other scales'
          : Number.isInteger(k / size)
            ? 'is packed in blocks whose zero points share bytes, one of them with nothing'
            : `is no multiple of the ${size} in a block`;
      for (const axis of [inner, ...along, ...(points === undefined ? [] : [points[1]!])])
        lanes.freeze(axis, 'operator', why);
      if (call.optional(4) !== undefined) call.values(4);
    }
    const bias = call.optional(5)?.axes?.[0];
    const others = [scales[0]!, points?.[0], bias].filter((axis) => axis !== undefined);
    const column = lanes.unify([columns, ...others]);
    call.restate({ attribute: 'N', kind: 'int' }, [column]);
    call.work([...a.slice(0, -1), inner, column]);
    const zero = isScaled(scales[0]!) && (bias === undefined || isZero(bias));
    return [{ axes: [...a.slice(0, -1), withZero(column, zero)], dtype: call.optional(0)?.dtype }];
  },
};

/** Whether the scale is zero at removed indices, so that whatever is stored there counts as zero. */
const isScaled = (axis: Axis): boolean => isLabelled(axis) && isZero(axis);

/**
 * MatMulBnb4: B is packed end to end, with a scale for each run of its elements: nothing of it can be cut.
 *
 *   a [… k!], B [bytes], scales [blocks]  ->  y [… 3]        (N = 3, K = k)
 *
 * exact: yes, nothing is removed.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const matMulBnb4: Rule = {
  says: 'nothing of B can be cut: it is packed end to end',
  exact: 'yes',
  axes: (call) => {
    const a = call.input(0);
    if (a.length === 0) throw new Frozen('mismatch', 'multiplies a scalar');
    for (const axis of [a.at(-1)!, ...call.input(1), ...call.input(2)])
      call.lanes.freeze(axis, 'operator', 'is packed end to end');
    return [[...a.slice(0, -1), plain(stated(call, 'N'))]];
  },
};

/**
 * GatherBlockQuantized: rows of a packed table, dequantised. Data chooses the rows, and blocks share scales: the table
 * stays whole.
 *
 *   table [v! d!], indices [n s], scales [v! 2]
 *     ->  y [n s d!]        (gather_axis = 0, quantize_axis = 1, block_size = 16, d := 32)
 *
 * exact: yes, nothing is removed.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const gatherBlockQuantized: Rule = {
  says: 'the table stays whole; axes of the indices take the place of the one that they choose from',
  exact: 'yes',
  axes: (call) => {
    const { lanes, attributes } = call;
    const table = call.input(0);
    const scales = call.input(2);
    const points: Axes = call.optional(3) === undefined ? [] : call.input(3);
    for (const axis of [...table, ...scales, ...points])
      lanes.freeze(axis, 'operator', 'is quantised in blocks, and chosen from by data');
    const chosen = attributes.axis('gather_axis', table.length, 0);
    const blocked = attributes.axis('quantize_axis', table.length, 1);
    const each = call.optional(0)?.dtype === 'uint8' ? Math.floor(8 / attributes.int('bits', 4)) : 1;
    const whole = table.map((axis, d) =>
      d === blocked ? plain(multiply(axis.length, each)) : plain(axis.length),
    );
    const most = ceilDivide(whole[blocked]!.length, attributes.int('block_size', 128));
    if (scales[blocked]?.length !== most) throw new Frozen('mismatch', 'its scales do not fit its blocks');
    return [[...whole.slice(0, chosen), ...call.input(1), ...whole.slice(chosen + 1)]];
  },
};
