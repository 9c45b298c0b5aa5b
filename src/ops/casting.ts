import type { Call, Rule } from '../coupling/rule.js';
import * as dim from '../model/dim.js';
import type { Values } from '../model/values.js';
import { mapValues } from './broadcasting.js';
import { isFloat, lifted, plainly } from './computing.js';

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

/** Known numbers in another element type; unknown where the types are not known. */
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
