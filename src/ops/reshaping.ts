import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, lengthOf, plain } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Lanes } from '../coupling/lanes.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { asLength, equal, floorDivide, isSigned, multiply, product, quotient } from '../model/dim.js';
import type { Element, Values } from '../model/values.js';
import { literal, literals, numbersNow, vector } from '../model/values.js';
import { longer, mapValues } from './broadcasting.js';
import { transposed } from './contents.js';
import { openAxis, openInstead } from './frozen.js';

/** Axes seen with other lengths in the same row-major order: split where they are products, merged where they join. */
export function reshapeAxes(lanes: Lanes, axes: Axes, lengths: readonly Dim[]): Axis[] {
  if (lengths.includes(0)) {
    for (const axis of axes) lanes.freeze(axis, 'operator', 'is an axis of a tensor without elements');
    return lengths.map(plain);
  }
  let front = 0;
  while (front < axes.length && front < lengths.length && equal(axes[front]!.length, lengths[front]!))
    front++;
  let back = 0;
  const most = Math.min(axes.length, lengths.length) - front;
  while (back < most && equal(axes.at(-1 - back)!.length, lengths.at(-1 - back)!)) back++;
  let from = axes.slice(front, axes.length - back);
  let to = lengths.slice(front, lengths.length - back);
  // Of lengths that do not fit together as a whole, the last ones may: what lies behind is as much on both sides.
  const behind: Axis[] = [];
  for (let run = lastRun(from, to); run !== undefined; run = lastRun(from, to)) {
    const [count, parts] = run;
    behind.unshift(...lanes.factor(lanes.merge(from.slice(-count)), to.slice(-parts)));
    from = from.slice(0, -count);
    to = to.slice(0, -parts);
  }
  const middle = reshapeMiddle(lanes, from, to);
  return [...axes.slice(0, front), ...middle, ...behind, ...axes.slice(axes.length - back)];
}

/** The shortest run of axes at the end, and of lengths, that come to the same number, where all before does not. */
function lastRun(axes: Axes, lengths: readonly Dim[]): readonly [axes: number, lengths: number] | undefined {
  const whole = product(axes.map((axis) => axis.length));
  if (equal(whole, product(lengths))) return undefined;
  let [count, parts] = [1, 1];
  while (count <= axes.length && parts <= lengths.length) {
    const have = product(axes.slice(-count).map((axis) => axis.length));
    const want = product(lengths.slice(-parts));
    if (equal(have, want)) return [count, parts];
    if (isShorter(have, want)) count++;
    else parts++;
  }
  return undefined;
}

function reshapeMiddle(lanes: Lanes, axes: Axes, lengths: readonly Dim[]): Axis[] {
  const result: Axis[] = [];
  const from = axes.filter((axis) => axis.length !== 1);
  let i = 0;
  let j = 0;
  while (j < lengths.length) {
    if (lengths[j] === 1) {
      result.push(plain(1));
      j++;
      continue;
    }
    const sources: Axis[] = [];
    const targets: Dim[] = [];
    let have: Dim = 1;
    let want: Dim = 1;
    do {
      const takeSource = sources.length === 0 || (targets.length > 0 && isShorter(have, want));
      if (takeSource && i < from.length) {
        sources.push(from[i]!);
        have = multiply(have, from[i++]!.length);
      } else if (j < lengths.length) {
        targets.push(lengths[j]!);
        want = multiply(want, lengths[j++]!);
      } else if (i < from.length) {
        sources.push(from[i]!);
        have = multiply(have, from[i++]!.length);
      } else break;
    } while (targets.length === 0 || !equal(have, want));
    if (equal(have, want)) {
      result.push(...lanes.factor(lanes.merge(sources), targets));
    } else {
      const lengths = [...sources.map((axis) => axis.length), ...targets];
      for (const axis of sources)
        lanes.freezeUnknown(axis, 'unknown-shape', 'is reshaped to lengths that are not known', lengths);
      result.push(...targets.map(plain));
    }
  }
  return result;
}

/** Whether more source axes are needed: of two products, the one that divides the other is the shorter. */
function isShorter(have: Dim, want: Dim): boolean {
  if (typeof have === 'number' && typeof want === 'number') return have < want;
  return quotient(want, have) !== undefined;
}

/**
 * Reshape: the same elements in other axes. 0 copies a length, -1 follows from the others. The lengths are operand 1, before
 * opset 5 an attribute.
 *
 *   x [n c h w], shape (n c*h*w)  ->  y [n c*h*w]
 *   x [s h*d], shape (s h d)      ->  y [s h d]
 *
 * exact: yes.   restates: the lengths.
 * source: https://onnx.ai/onnx/operators/onnx__Reshape.html
 */
export const reshape: Rule = {
  says: 'axes are split and merged as products; merged lanes lose nothing when split again',
  exact: 'yes',
  ...{ moves: true, reshapes: true },
  axes: (call) => {
    const x = call.input(0);
    const { values, dtype } = call.optional(0)!;
    const byAttribute = call.node.opset < 5;
    const target = byAttribute ? vector((call.attributes.ints('shape') ?? []).map(literal)) : call.known(1);
    const copies = call.attributes.int('allowzero', 0) === 0;
    const total = product(x.map((axis) => axis.length));
    const known = target.elements.map(({ before }, i) =>
      before === 0 && copies ? (x[i]?.length ?? 0) : before,
    );
    settleGiven(call, known, total);
    const open = known.indexOf(-1);
    if (open >= 0) {
      const others = product(known.filter((_, i) => i !== open));
      known[open] = others === 0 ? 0 : (quotient(total, others) ?? floorDivide(total, others));
    }
    const wrong = known.find(
      (length) => typeof length === 'number' && !(Number.isInteger(length) && length >= 0),
    );
    if (wrong !== undefined) throw new Frozen('mismatch', `its shape holds the length ${wrong}`);
    const axes = reshapeAxes(call.lanes, x, known);
    const stated = target.elements.map((element, i) =>
      element.before === 0 && copies
        ? lengthOf(x[i] ?? plain(0))
        : element.before === -1
          ? lengthOf(axes[i]!)
          : element,
    );
    call.restate(byAttribute ? { attribute: 'shape', kind: 'ints' } : 1, axes, { stated });
    const dims = known.every((length) => typeof length === 'number') ? (known as number[]) : undefined;
    const same = dims?.reduce((a, b) => a * b, 1) === values?.elements.length;
    return [
      { axes, values: same && values && dims ? { dims, elements: values.elements } : undefined, dtype },
    ];
  },
};

/**
 * A number that data decides may mean what 0 and -1 mean. It is the length itself where the elements come to a multiple of
 * it, as none would be negative. The only one that is not follows from the others, as -1 does; of more, each is open.
 */
function settleGiven(call: Call, lengths: Dim[], total: Dim): void {
  const open: number[] = [];
  for (const [i, stated] of lengths.entries()) {
    if (!isSigned(stated)) continue;
    const length = asLength(stated);
    if (quotient(total, length) === undefined) open.push(i);
    else lengths[i] = length;
  }
  const follows = open.length === 1 && !lengths.includes(-1);
  for (const i of open) lengths[i] = follows ? -1 : openAxis(call, i).length;
}

/**
 * Flatten: the axes before `axis` become one, the others another.
 *
 *   x [n c h w]  ->  y [n*c h*w]        (axis = 2)
 *
 * exact: yes.
 */
export const flatten: Rule = {
  says: 'the axes before `axis` become one, the others another',
  exact: 'yes',
  ...{ moves: true, reshapes: true },
  axes: (call) => {
    const x = call.input(0);
    const stated = call.attributes.int('axis', 1);
    const axis = stated < 0 ? stated + x.length : stated;
    const merged = (axes: Axes): Axis => (axes.length === 0 ? plain(1) : call.lanes.merge(axes));
    return [[merged(x.slice(0, axis)), merged(x.slice(axis))]];
  },
};

/**
 * Transpose: axes moved.
 *
 *   x [n c h w]  ->  y [n h w c]        (perm = [0 2 3 1])
 *
 * exact: yes.
 */
export const transpose: Rule = {
  says: 'axes moved',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const x = call.input(0);
    const order = call.attributes.ints('perm') ?? x.map((_, d) => x.length - 1 - d);
    if (order.length !== x.length)
      throw new Frozen('mismatch', `permutes ${order.length} axes of ${x.length}`);
    const { values, dtype } = call.optional(0)!;
    const places = order.map((d) => axisWithin(d, x.length));
    return [{ axes: places.map((d) => x[d]!), values: values && transposed(values, places), dtype }];
  },
};

/** `axes`: an attribute before opset 13, operand 1 since; undefined where neither is there. */
function statedAxes(call: Call): readonly number[] | undefined {
  const attribute = call.attributes.ints('axes');
  if (attribute !== undefined || call.optional(1) === undefined) return attribute;
  const axes = numbersNow(call.known(1));
  if (axes === undefined) throw new Frozen('data-dependent', 'its axes depend on data');
  return axes;
}

const reshaped = (values: Values | undefined, axes: Axes): Values | undefined =>
  values && axes.every((axis) => typeof axis.length === 'number')
    ? { dims: axes.map((axis) => axis.length as number), elements: values.elements }
    : undefined;

/** The axes of length 1. Of one whose length is open the rank of what is left tells, where that is known. */
function axesOfOne(call: Call, x: Axes): number[] {
  const placesOf = (fits: (length: Dim) => boolean): number[] =>
    x.flatMap((axis, d) => (fits(axis.length) ? [d] : []));
  const ones = placesOf((length) => length === 1);
  const open = placesOf((length) => typeof length !== 'number');
  if (open.length === 0) return ones;
  const leaving = x.length - (call.rankOf(0) ?? Number.NaN);
  if (leaving === ones.length) return ones;
  if (leaving === ones.length + open.length)
    return placesOf((length) => length === 1 || typeof length !== 'number');
  throw new Frozen(
    'unknown-shape',
    'squeezes every axis of length 1, and which are is only known when it runs: its axes would have to be stated',
  );
}

/**
 * Squeeze: axes of length 1 leave.
 *
 *   x [n c 1 1], axes (2 3)  ->  y [n c]
 *
 * exact: yes.
 */
export const squeeze: Rule = {
  says: 'axes of length 1 leave',
  exact: 'yes',
  ...{ moves: true, reshapes: true },
  axes: (call) => {
    const x = call.input(0);
    const stated = statedAxes(call);
    const gone = new Set(stated?.map((axis) => axisWithin(axis, x.length)) ?? axesOfOne(call, x));
    const axes = x.filter((_, d) => !gone.has(d));
    for (const d of gone) call.lanes.freeze(x[d]!, 'operator', 'is squeezed away');
    const { values, dtype } = call.optional(0)!;
    return [{ axes, values: reshaped(values, axes), dtype }];
  },
};

/**
 * Unsqueeze: axes of length 1 come in.
 *
 *   x [n c], axes (2 3)  ->  y [n c 1 1]
 *
 * exact: yes.
 */
export const unsqueeze: Rule = {
  says: 'axes of length 1 come in',
  exact: 'yes',
  ...{ moves: true, reshapes: true },
  axes: (call) => {
    const x = call.input(0);
    const stated = statedAxes(call) ?? [];
    const rank = x.length + stated.length;
    const born = new Set(stated.map((axis) => axisWithin(axis, rank)));
    const rest = x[Symbol.iterator]();
    const axes = Array.from({ length: rank }, (_, d) =>
      born.has(d) ? plain(1) : (rest.next().value ?? plain(1)),
    );
    const { values, dtype } = call.optional(0)!;
    return [{ axes, values: reshaped(values, axes), dtype }];
  },
};

/**
 * DepthToSpace: channels = blocks × c (DCR) or c × blocks (CRD); blocks move into height and width and stay whole.
 *
 *   x [n 4*c h! w!]  ->  y [n c h' w']        (blocksize = 2)
 *   x [n c*4 h! w!]  ->  y [n c h' w']        (blocksize = 2, mode = "CRD")
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
 */
export const depthToSpace: Rule = {
  says: 'channels are blocks × lanes; blocks move into space and stay whole',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const x = call.input(0);
    const block = call.attributes.int('blocksize', 1);
    const [batch, channels, height, width] = x;
    if (x.length !== 4 || typeof channels!.length !== 'number')
      throw new Frozen('unknown-shape', 'its input is not [n c h w] with known channels');
    const own = quotient(channels!.length, block * block);
    if (own === undefined)
      throw new Frozen('mismatch', `${channels!.length} channels are no multiple of ${block}²`);
    const columnFirst = call.attributes.string('mode', 'DCR') === 'CRD';
    const parts = call.lanes.factor(channels!, columnFirst ? [own, block * block] : [block * block, own]);
    const [blocks, lane] = columnFirst ? [parts[1]!, parts[0]!] : [parts[0]!, parts[1]!];
    call.lanes.freeze(blocks, 'operator', 'is a block of pixels');
    for (const axis of [height!, width!]) call.lanes.freeze(axis, 'operator', 'pixels come between its own');
    return [[batch!, lane, plain(multiply(height!.length, block)), plain(multiply(width!.length, block))]];
  },
};

/**
 * SpaceToDepth: blocks of pixels × channels become channels; channels × blocks with the mode CRD, since opset 28.
 *
 *   x [n c h! w!]  ->  y [n 4*c h' w']        (blocksize = 2, h := 6, w := 10)
 *
 * exact: yes.   source: https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
 */
export const spaceToDepth: Rule = {
  says: 'channels become blocks × lanes, or lanes × blocks',
  exact: 'yes',
  moves: true,
  axes: (call) => {
    const x = call.input(0);
    const block = call.attributes.int('blocksize', 1);
    if (x.length !== 4) throw new Frozen('mismatch', `its input has rank ${x.length}, not 4`);
    const [batch, channels, height, width] = x as [Axis, Axis, Axis, Axis];
    const shrunk = (axis: Axis): Axis => plain(floorDivide(axis.length, block));
    for (const axis of [height, width]) call.lanes.freeze(axis, 'operator', 'is cut into blocks');
    const columnFirst = call.attributes.string('mode', 'DCR') === 'CRD';
    const blocks = plain(block * block);
    const merged = call.lanes.merge(columnFirst ? [channels, blocks] : [blocks, channels]);
    return [[batch, merged, shrunk(height), shrunk(width)]];
  },
};

/**
 * Expand: broadcast to a shape. An axis of length 1 that becomes longer gets new lanes, which nothing ties yet.
 *
 *   x [1 c], shape (n c)  ->  y [n c]
 *
 * exact: yes.   restates: operand 1.
 * source: https://onnx.ai/onnx/operators/onnx__Expand.html
 */
export const expand: Rule = {
  says: 'axes pass; an axis of length 1 that becomes longer gets lanes of its own',
  exact: 'yes',
  linear: true,
  axes: (call) => {
    const x = call.input(0);
    const target = call.known(1);
    const zeros = call.isZeroConstant(0);
    const rank = Math.max(x.length, target.elements.length);
    const stated: Element[] = [];
    const axes = Array.from({ length: rank }, (_, d) => {
      const own = x[d - (rank - x.length)] ?? plain(1);
      const element = target.elements[d - (rank - target.elements.length)];
      if (element === undefined) return own;
      const axis = expanded(call, own, asLength(element.before), { place: d, zeros });
      // A stated 1 leaves the axis as it is, whatever becomes of it.
      stated.push(element.before === 1 ? lengthOf(axis) : element);
      return axis;
    });
    call.restate(1, axes.slice(rank - target.elements.length), { stated });
    const { values, dtype } = call.optional(0)!;
    return [{ axes, zeros, dtype, values: values && repeated(values, axes) }];
  },
};

/** An axis broadcast to a stated length: of the two, either may be 1. */
function expanded(
  call: Call,
  own: Axis,
  stated: Dim,
  { place, zeros }: { readonly place: number; readonly zeros: boolean },
): Axis {
  if (own.length === 1) return stated === 1 ? own : call.lanes.fresh(stated, zeros);
  // What is longer than 1 stays as long, whatever says so.
  if (stated === 1 || typeof own.length === 'number' || equal(own.length, stated)) return own;
  if (isLabelled(own)) return openInstead(call, own, place, 'is expanded to a length that is not known');
  return typeof stated === 'number' ? plain(stated) : longer(own, plain(stated));
}

/** Content broadcast to known lengths, where it stays small: lengths that a graph expands on their way to a shape. */
function repeated(values: Values, axes: Axes): Values | undefined {
  const lengths = axes.map((axis) => axis.length);
  if (!lengths.every((length) => typeof length === 'number')) return undefined;
  const count = lengths.reduce((a, b) => a * b, 1);
  if (count > MOST_REPEATED) return undefined;
  const frame = literals(
    lengths,
    Array.from({ length: count }, () => 1),
  );
  return mapValues([values, frame], (element) => element);
}

const MOST_REPEATED = 64;
