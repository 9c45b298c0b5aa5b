import type { Element, Values } from '../model/values.js';

/** The content of small tensors, moved as the operators move elements. */

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The most numbers that are followed: tensors of lengths and indices are smaller. */
const MOST_ELEMENTS = 1 << 16;

/** The entries at these places of one axis, in this order; undefined where one lies beyond it. */
export function pickAlong(values: Values, axis: number, places: readonly number[]): Values | undefined {
  const { dims, elements } = values;
  const length = dims[axis] ?? 0;
  if (places.some((place) => place < 0 || place >= length)) return undefined;
  const inner = product(dims.slice(axis + 1));
  const outer = product(dims.slice(0, axis));
  if (outer * places.length * inner > MOST_ELEMENTS) return undefined;
  const picked = Array.from({ length: outer }, (_, o) =>
    places.flatMap((place) => elements.slice((o * length + place) * inner, (o * length + place + 1) * inner)),
  );
  return { dims: dims.with(axis, places.length), elements: picked.flat() };
}

/** Contents end to end along an axis; their other lengths are the same. Undefined where they come to too much. */
export function joinAlong(parts: readonly Values[], axis: number): Values | undefined {
  const length = parts.map(({ dims }) => dims[axis]!).reduce((a, b) => a + b, 0);
  const dims = parts[0]!.dims.with(axis, length);
  if (!(product(dims) <= MOST_ELEMENTS)) return undefined;
  const rows = (part: Values): number => product(part.dims.slice(axis));
  const elements = Array.from({ length: product(dims.slice(0, axis)) }, (_, o) =>
    parts.flatMap((part) => part.elements.slice(o * rows(part), (o + 1) * rows(part))),
  );
  return { dims, elements: elements.flat() };
}

/** The content with its axes in another order: axis `i` of the result is axis `order[i]`. */
export function transposed(values: Values, order: readonly number[]): Values {
  const dims = order.map((d) => values.dims[d]!);
  const strides = order.map((d) => product(values.dims.slice(d + 1)));
  const places = dims.reduce<number[]>(
    (outer, length, d) =>
      outer.flatMap((at) => Array.from({ length }, (_, index) => at + index * strides[d]!)),
    [0],
  );
  return { dims, elements: places.map((place) => values.elements[place]!) };
}

/** The content where an axis keeps `[from, to)`. */
export const cutAlong = (values: Values, axis: number, from: number, to: number): Values | undefined =>
  to - from > MOST_ELEMENTS
    ? undefined
    : pickAlong(
        values,
        axis,
        Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i),
      );

/** How many of an axis' first `count` indices there are after a removal. */
export function countBefore(labels: Int32Array, count: number): Element {
  const before = labels.subarray(0, count);
  return { before: count, after: (kept) => kept.count(before) };
}
