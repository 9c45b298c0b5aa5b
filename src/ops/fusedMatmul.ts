import type { Axes } from '../coupling/axis.js';
import type { Call, Rule } from '../coupling/rule.js';
import { broadcast, everyZero } from './broadcasting.js';
import { given } from './fusedSums.js';
import { activated, fusing } from './fusing.js';
import { gemm, gemmOf, multiply } from './matmul.js';

/** An operand's axes as the product sees them: `transBatch` puts the first axis last but one, `trans` swaps the last two. */
function turned(call: Call, index: number, side: 'A' | 'B'): Axes {
  const { attributes } = call;
  let axes = call.input(index);
  if (axes.length < 2) return axes;
  if (attributes.int(`transBatch${side}`, 0) !== 0) axes = [...axes.slice(1, -1), axes[0]!, axes.at(-1)!];
  if (attributes.int(`trans${side}`, 0) !== 0) axes = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
  return axes;
}

/** Operands that are turned have their letters turned. */
function contracts(call: Call): void {
  const turned = (index: number, side: 'A' | 'B', last: readonly [string, string]): string[] => {
    const { attributes } = call;
    const rank = call.input(index).length;
    const [row, column] = attributes.int(`trans${side}`, 0) !== 0 ? [last[1], last[0]] : last;
    const batch = Array.from({ length: rank - 2 }, (_, i) => `batch ${rank - 3 - i}`);
    return attributes.int(`transBatch${side}`, 0) !== 0 ? [row, ...batch, column] : [...batch, row, column];
  };
  if ([0, 1].some((index) => call.input(index).length < 2)) return;
  call.contracts({
    summed: 'k',
    sides: [
      { operand: 0, axes: turned(0, 'A', ['m', 'k']) },
      { operand: 1, axes: turned(1, 'B', ['k', 'n']) },
    ],
  });
}

/**
 * FusedMatMul: α a' b', with a' and b' transposed where the attributes say so; an activation may follow.
 *
 *   a [… m k], b [… k n]  ->  y [… m n]
 *   a [… k m], b [… n k]  ->  y [… m n]        (transA = 1, transB = 1)
 *
 * exact: where one operand is zero in a removed lane of k.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedMatMul
 */
export const fusedMatMul: Rule = {
  says: 'a and b are contracted, transposed where the attributes say so; leading axes are broadcast',
  exact: 'where one operand is zero in a removed lane: always for a weight',
  axes: (call) => {
    const { batch, row, column } = multiply(call, turned(call, 0, 'A'), turned(call, 1, 'B'));
    contracts(call);
    mixes(call);
    return [activated(call, [...batch, ...row, ...column])];
  },
};

/** With a weight of two axes on one side; its batches are none, so that these are not turned. */
function mixes(call: Call): void {
  const { attributes } = call;
  const isTurned = (name: string): boolean => attributes.int(name, 0) !== 0;
  const [a, b] = [call.input(0), call.input(1)];
  const alpha = attributes.float('alpha', 1);
  const scales = alpha === 1 ? [] : [{ kind: 'scale', by: alpha } as const];
  const alone = { op: 'FusedMatMul', domain: 'com.microsoft', operands: 2 };
  const fused = fusing(call, scales, alone, ['alpha']);
  // Where the node applies an activation, a vector added behind it is not added to the product, and is no bias.
  const isActivated = attributes.string('activation', '') !== '';
  const behind = isActivated ? undefined : ({ kind: 'behind' } as const);
  if (b.length === 2 && a.length > 1) {
    const [asItLies, axis] = [
      !isTurned('transBatchA') || a.length === 2,
      isTurned('transA') ? a.length - 2 : a.length - 1,
    ];
    const [input, output] = isTurned('transB') ? [1, 0] : [0, 1];
    call.mixes({
      ...{ data: 0, axis, weight: 1, outputs: [output], input },
      // The axes of transposed data do not lie as those of y do, so that positions of x and y could not be paired.
      ...(asItLies && !isTurned('transA') && { outputAxis: a.length - 1 }),
      ...(behind && { bias: behind }),
      ...(fused && { fused }),
    });
  }
  if (a.length === 2 && b.length > 1) {
    const asItLies = !isTurned('transBatchB') || b.length === 2;
    const [input, output] = isTurned('transA') ? [0, 1] : [1, 0];
    const axis = isTurned('transB') ? b.length - 1 : b.length - 2;
    call.mixes({
      ...{ data: 1, axis, weight: 0, outputs: [output], input },
      ...(asItLies && !isTurned('transB') && { outputAxis: b.length - 2 }),
      ...(fused && { fused }),
    });
  }
}

/**
 * FusedGemm: Gemm, then an activation.
 *
 *   a [m k], b [k n], c [n]  ->  y [m n]        (activation = "Relu")
 *
 * exact: yes.
 */
export const fusedGemm: Rule = {
  ...gemm,
  axes: (call) => {
    const fused = fusing(call, [], { op: 'Gemm', domain: '', operands: 3 });
    return [activated(call, gemmOf(call, fused))];
  },
};

/**
 * GemmFastGelu: the product with a weight, a bias, gelu.
 *
 *   x [n s k], W [k c], b [c]  ->  y [n s c]
 *
 * exact: yes.
 */
export const gemmFastGelu: Rule = {
  says: 'the last axis is contracted with the weight; the bias is added; zero stays zero',
  exact: 'yes',
  axes: (call) => {
    const [x, weight] = [call.input(0), call.input(1)];
    const { batch, row, column } = multiply(call, x, weight);
    if (weight.length === 2 && x.length > 1)
      call.mixes({
        ...{ data: 0, axis: x.length - 1, weight: 1, outputs: [1], input: 0, outputAxis: x.length - 1 },
        bias: { kind: 'operand', operand: 2 },
        fused: {
          steps: [{ kind: 'sum', operands: [2] }],
          alone: { op: 'MatMul', domain: '', operands: 2, without: [] },
        },
      });
    return [broadcast(call.lanes, [[...batch, ...row, ...column], ...given(call, [2])], everyZero)];
  },
};
