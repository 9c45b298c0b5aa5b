import type { Axes, Axis } from '../coupling/axis.js';
import { isZero, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { StatedLinearMap } from '../coupling/linearMap.js';
import type { ElementwiseStep, Fusing } from '../coupling/passage.js';
import type { Call, Rule } from '../coupling/rule.js';
import { broadcast, everyZero, someZero } from './broadcasting.js';

/** What every product of matrices does: contracts, broadcasts, states the work. */
export function multiply(
  call: Call,
  a: Axes,
  b: Axes,
): { readonly batch: Axes; readonly row: Axes; readonly column: Axes } {
  if (a.length === 0 || b.length === 0) throw new Frozen('mismatch', 'multiplies a scalar');
  const row = a.length > 1 ? [a.at(-2)!] : [];
  const column = b.length > 1 ? [b.at(-1)!] : [];
  const inner = a.at(-1)!;
  call.lanes.contract(inner, b.length > 1 ? b.at(-2)! : b[0]!);
  const batch = broadcast(call.lanes, [a.slice(0, -2), b.slice(0, -2)], someZero);
  call.work([...batch, ...row, inner, ...column]);
  return { batch, row, column };
}

/** The axes of a product's operands as letters: leading ones are aligned from behind, as they are broadcast. */
function contractsMatrices(call: Call, a: Axes, b: Axes): void {
  if (a.length < 2 || b.length < 2) return;
  const batch = (axes: Axes): string[] => axes.slice(2).map((_, i) => `batch ${axes.length - 3 - i}`);
  call.contracts({
    summed: 'k',
    sides: [
      { operand: 0, axes: [...batch(a), 'm', 'k'] },
      { operand: 1, axes: [...batch(b), 'k', 'n'] },
    ],
  });
}

/**
 * MatMul: the last axis of a is contracted with the last but one of b; leading axes are broadcast.
 *
 *   a [… m k], b [… k n]  ->  y [… m n]
 *   a [k], b [k n]        ->  y [n]
 *
 * exact: where a or b is zero in a removed lane of k: always for a weight.
 * source: https://onnx.ai/onnx/operators/onnx__MatMul.html
 */
export const matMul: Rule = {
  says: 'the last axis of a is contracted with the last but one of b; leading axes are broadcast',
  exact: 'where one operand is zero in a removed lane: always for a weight',
  axes: (call) => {
    const [a, b] = [call.input(0), call.input(1)];
    const { batch, row, column } = multiply(call, a, b);
    const rank = batch.length + row.length + column.length;
    const behind = { kind: 'behind' } as const;
    if (b.length === 2)
      call.mixes({
        ...{ data: 0, axis: a.length - 1, weight: 1, outputs: [1], input: 0, outputAxis: rank - 1 },
        bias: behind,
      });
    if (a.length === 2 && b.length > 1)
      // W stands on the left, so that the outputs are the last axis but one of y. A vector that is added behind lies on the
      // last axis, and is no bias of W.
      call.mixes({
        ...{ data: 1, axis: b.length - 2, weight: 0, outputs: [0], input: 1, outputAxis: rank - 2 },
      });
    contractsMatrices(call, a, b);
    return [[...batch, ...row, ...column]];
  },
};

/**
 * Gemm: y = α a' b' + β c, with a' and b' transposed where the attributes say so; c is broadcast to y.
 *
 *   a [m k], b [k n], c [n]  ->  y [m n]
 *   a [k m], b [n k]         ->  y [m n]        (transA = 1, transB = 1)
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__Gemm.html
 */
export const gemm: Rule = {
  says: 'a and b are contracted, transposed where the attributes say so; c is broadcast to the result',
  exact: 'where one operand is zero in a removed lane: always for a weight',
  axes: (call) => [gemmOf(call)],
};

/** What Gemm gives. `fused`: what follows in the same node. */
export function gemmOf(call: Call, fused?: Fusing): Axes {
  const { lanes, attributes } = call;
  const ranked = (index: number, transposed: boolean): readonly [Axis, Axis] => {
    const axes = call.input(index);
    if (axes.length !== 2)
      throw new Frozen('mismatch', `its operand ${index} has rank ${axes.length}, not 2`);
    return transposed ? [axes[1]!, axes[0]!] : [axes[0]!, axes[1]!];
  };
  const [row, inner] = ranked(0, attributes.int('transA', 0) !== 0);
  const [contracted, column] = ranked(1, attributes.int('transB', 0) !== 0);
  lanes.contract(inner, contracted);
  call.work([row, inner, column]);
  const transA = attributes.int('transA', 0) !== 0;
  const transB = attributes.int('transB', 0) !== 0;
  const scaled = scaledOf(call, fused);
  if (scaled !== undefined)
    call.mixes({
      // Transposed data are [inputs, positions] while y is [positions, outputs]: as the two are not laid out alike, y is not
      // named as what W x comes to.
      ...(transA ? { axis: 0 } : { axis: 1, outputAxis: 1 }),
      ...{ data: 0, weight: 1 },
      ...{ outputs: [transB ? 0 : 1], input: transB ? 1 : 0 },
      ...scaled,
    });
  const product = [row, column];
  const addend = call.optional(2)?.axes;
  if (addend === undefined) return product;
  const [y0, y1] = broadcast(lanes, [product, addend], everyZero);
  const zeroAlong = (axis: Axis, place: number): boolean => {
    const own = addend[addend.length - 2 + place];
    return isZero(axis) && own !== undefined && own.length !== 1 && isZero(own);
  };
  return [withZero(y0!, zeroAlong(row, 0)), withZero(y1!, zeroAlong(column, 1))];
}

/** The bias of α W x + β c, and what the node makes of W x; undefined where W counts for nothing. `fused`: what follows in the same node. */
function scaledOf(call: Call, fused?: Fusing): Pick<StatedLinearMap, 'bias' | 'fused'> | undefined {
  const { attributes } = call;
  const [alpha, beta] = [attributes.float('alpha', 1), attributes.float('beta', 1)];
  const bias = { kind: 'operand', operand: 2 } as const;
  if (alpha === 0) return undefined;
  if (alpha === 1 && beta === 1) return { bias, ...(fused && { fused }) };
  const isAdded = call.optional(2) !== undefined && beta !== 0;
  const steps: readonly ElementwiseStep[] = [
    { kind: 'scale', by: alpha },
    ...(isAdded ? [{ kind: 'sum', operands: [2], times: beta } as const] : []),
    ...(fused?.steps ?? []),
  ];
  const { op = 'Gemm', domain = '', without = [] } = fused?.alone ?? {};
  const alone = { op, domain, operands: 3, without: [...without, 'alpha', 'beta'], ignores: 'beta' };
  return {
    bias: beta === 0 ? { kind: 'none' } : { ...bias, times: beta / alpha },
    fused: { steps, alone },
  };
}
