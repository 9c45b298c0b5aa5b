import type { AbstractTensor } from '../coupling/abstractTensor.js';
import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Lanes } from '../coupling/lanes.js';
import type { Call } from '../coupling/rule.js';
import { equal, isGiven, maximum } from '../model/dim.js';
import type { Element, Values } from '../model/values.js';
import { literal } from '../model/values.js';

/**
 * Of one output axis: whether each operand that has it holds zeros at removed indices, in operand order. An operand that
 * is broadcast along the axis has none, and does not.
 */
export type ZeroLaw = (zeros: readonly boolean[]) => boolean;

/** Zero where all operands are, as for a sum: 0 + 0 = 0. */
export const everyZero: ZeroLaw = (zeros) => zeros.every(Boolean);
/** Zero where one of the operands is, as for a product: 0 · x = 0. */
export const someZero: ZeroLaw = (zeros) => zeros.some(Boolean);
/** Zero where the first operand is, whatever the others are, as for a quotient: 0 / x = 0. */
export const firstZero: ZeroLaw = (zeros) => zeros[0]!;
/** Not known to be zero, whatever the operands are, as for comparisons. */
export const neverZero: ZeroLaw = () => false;

/**
 * Multidirectional broadcasting: axes are aligned from the right and unified; an axis of length 1 takes no part where
 * another operand is longer.
 * source: https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md
 */
export function broadcast(lanes: Lanes, operands: readonly Axes[], zero: ZeroLaw): Axis[] {
  const rank = Math.max(...operands.map((axes) => axes.length));
  return Array.from({ length: rank }, (_, d) => {
    const column = operands.map((axes) => axes[d - (rank - axes.length)] ?? plain(1));
    const parts = column.filter((axis) => axis.length !== 1);
    if (parts.length === 0) return plain(1);
    const lengths = new Set(parts.map((axis) => axis.length).filter((length) => typeof length === 'number'));
    if (lengths.size > 1) {
      throw new Frozen(
        'mismatch',
        `its operands' axes of lengths ${[...lengths].join(' and ')} cannot be broadcast`,
      );
    }
    return withZero(
      longest(lanes.unify(parts), parts),
      zero(column.map((axis) => axis.length !== 1 && isLabelled(axis) && isZero(axis))),
    );
  });
}

/**
 * An operand as it is aligned. Before opset 7 the attributes say how: `broadcast`, and from which `axis` on operand 1 lies
 * along operand 0, as if axes of length 1 stood behind it.
 * source: https://github.com/onnx/onnx/blob/main/docs/Changelog.md#Add-1
 */
export function aligned(call: Call, index: number): AbstractTensor & { readonly axes: Axes } {
  const axes = call.input(index);
  const tensor = call.optional(index)!;
  const explicit = call.node.opset < 7 && call.node.domain === '' && index === 1;
  if (!explicit || call.attributes.int('broadcast', 0) === 0 || !call.attributes.has('axis'))
    return { ...tensor, axes };
  const rank = call.input(0).length;
  const behind = rank - call.attributes.axis('axis', rank) - axes.length;
  if (behind < 0)
    throw new Frozen('mismatch', `its operand 1 has ${axes.length} axes, more than lie behind its axis`);
  const ones = Array.from({ length: behind }, () => 1);
  const values = tensor.values && { ...tensor.values, dims: [...tensor.values.dims, ...ones] };
  return { ...tensor, axes: [...axes, ...ones.map(plain)], values };
}

/** Of lengths that data decides each may be 1, where the axis is broadcast along it. */
function longest(united: Axis, parts: readonly Axis[]): Axis {
  if (typeof united.length === 'number' || isLabelled(united)) return united;
  return parts.reduce((one, other) => longer(one, other), united);
}

/**
 * Of two open axes that meet the longer, the other being 1 or as long. Lengths that the file leaves open by name are those
 * of its inputs: there the first says it.
 */
export function longer(one: Axis, other: Axis): Axis {
  const given = isGiven(one.length) || isGiven(other.length);
  return !given || equal(one.length, other.length) ? one : plain(maximum(one.length, other.length));
}

/** Content computed element by element, with broadcasting; undefined where one operand's content is not known. */
export function mapValues(
  operands: readonly (Values | undefined)[],
  compute: (...elements: Element[]) => Element | undefined,
): Values | undefined {
  const known = operands.filter((values) => values !== undefined);
  if (known.length < operands.length) return undefined;
  const rank = Math.max(...known.map((values) => values.dims.length));
  const dims = Array.from({ length: rank }, (_, d) =>
    known
      .map((values) => values.dims[d - (rank - values.dims.length)] ?? 1)
      .reduce((a, b) => (a === 1 ? b : a)),
  );
  const count = dims.reduce((a, b) => a * b, 1);
  if (count > MOST_ELEMENTS) return undefined;
  // Lengths that cannot be broadcast to each other are an error of the model, which its runtime reports.
  const fits = (own: readonly number[]): boolean =>
    own.every((length, d) => length === 1 || length === dims[d + rank - own.length]);
  if (!known.every((values) => fits(values.dims))) return undefined;
  const elements: Element[] = [];
  for (let flat = 0; flat < count; flat++) {
    const element = compute(...known.map((values) => values.elements[offsetIn(values.dims, dims, flat)]!));
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return { dims, elements };
}

const MOST_ELEMENTS = 1 << 16;

function offsetIn(inner: readonly number[], outer: readonly number[], flat: number): number {
  let offset = 0;
  let stride = 1;
  for (let d = outer.length - 1, rest = flat; d >= 0; d--) {
    const index = rest % outer[d]!;
    rest = Math.floor(rest / outer[d]!);
    const own = inner[d - (outer.length - inner.length)];
    if (own === undefined) continue;
    if (own !== 1) offset += index * stride;
    stride *= own;
  }
  return offset;
}

/**
 * A number that a graph computes from a length, such as 1/√d, enters the data here. The network was trained with the
 * original's, so that is what stays.
 */
export function keepNumbers(call: Call, operands: readonly (AbstractTensor | undefined)[]): void {
  for (const [index, operand] of operands.entries()) {
    const elements = operand?.values?.elements;
    if (elements === undefined) continue;
    call.restate(
      index,
      elements.map((element) => literal(element.before)),
    );
  }
}
