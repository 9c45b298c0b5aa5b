import type { Axes, Axis } from '../coupling/axis.js';
import { lengthOf, plain } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Lanes } from '../coupling/lanes.js';
import type { Call, Rule } from '../coupling/rule.js';
import type { Dim } from '../model/dim.js';
import { asLength, equal, floorDivide, isSigned, multiply, product, quotient } from '../model/dim.js';
import { literal, vector } from '../model/values.js';
import { openAxis } from './frozen.js';

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
  // Open lengths may not multiply to the same on both sides as far as is known. Axes at the end can be matched even so, where
  // they hold equally many elements.
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
