import type { Edits } from '../model/edits.js';
import type { Node } from '../model/graph.js';
import type { Names } from '../model/names.js';

/** A bias that a use had none of; with a scale, or one for each, as integers. */
export interface NewBias {
  /** Of the values that it is added to. */
  readonly dtype: string;
  readonly values: Float64Array;
  readonly scale?: Float32Array;
  /** The node reads the integers themselves. */
  readonly plain?: boolean;
}

/** Values in units of a scale, of one for all or one for each, as whole numbers. */
export const roundedTo = (values: Float64Array, scale: Float32Array): number[] =>
  Array.from(values, (value, i) => Math.round(value / scale[scale.length > 1 ? i : 0]!));

/** Of int32, with room for the sum that it is added to. */
export const LARGEST = 2 ** 30;

/** A bias of integers, and the node that makes numbers of them. */
export function dequantisedBias(
  node: Node,
  name: string,
  { values, scale }: NewBias,
  names: Names,
): { readonly literals: Edits['literals']; readonly node: Edits['nodes'][number] } {
  const [integers, by] = [names.fresh(`${name}_quantized`), names.fresh(`${name}_scale`)];
  const each = scale!.length > 1;
  const rounded = roundedTo(values, scale!);
  return {
    literals: [
      { graph: 0, name: integers, dtype: 'int32', dims: [values.length], values: rounded },
      { graph: 0, name: by, dtype: 'float32', dims: each ? [scale!.length] : [], values: Array.from(scale!) },
    ],
    node: {
      ...{ graph: 0, before: node.id, replaces: false, op: 'DequantizeLinear', domain: '' },
      ...{ name: names.fresh(`${name}/dequantize`), inputs: [integers, by], outputs: [name] },
      attributes: each ? [{ name: 'axis', kind: 'int', ints: [0] }] : [],
    },
  };
}
