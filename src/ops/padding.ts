import { isLabelled, isZero, lengthOf, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { axisWithin } from '../coupling/rule.js';
import { add, asLength } from '../model/dim.js';
import type { Element } from '../model/values.js';
import { knownNumbers, literal } from '../model/values.js';
import { openInstead } from './frozen.js';

/**
 * Pad: along an axis with lanes, padding gets lanes of its own; elsewhere lanes pass.
 *
 *   x [n c h w], pads (0 p 0 0 0 q 0 0)  ->  y [n p+c+q h w]
 *
 * exact: yes.   restates: pads.   frozen: where padding repeats or mirrors lanes.
 * source: https://onnx.ai/onnx/operators/onnx__Pad.html
 */
function padRule(
  padsOf: (call: Call) => {
    readonly pads: readonly Element[];
    /** Which axes it pads: all of them by default; "data" where only data says. */
    readonly axes?: readonly number[] | 'data';
    readonly zero: boolean;
    readonly where: Parameters<Call['restate']>[0];
  },
): Rule {
  return {
    says: 'padding gets lanes of its own; the others pass',
    exact: 'yes',
    axes: (call) => {
      const x = call.input(0);
      const { pads, axes: stated, zero, where } = padsOf(call);
      if (stated === 'data')
        return [x.map((axis, d) => openInstead(call, axis, d, 'is padded where data says'))];
      const axes = stated ?? x.map((_, d) => d);
      if (pads.length !== 2 * axes.length)
        throw new Frozen('mismatch', `pads ${pads.length / 2} axes of ${axes.length}`);
      const mode = call.attributes.string('mode', 'constant');
      const padsNothing = pads.every((pad) => pad.before === 0);
      const y = x.map((axis) => withZero(axis, isZero(axis) && (padsNothing || zero || mode !== 'constant')));
      // Pads may be computed from lengths. They stay what they were in the original, except along axes whose padding itself
      // has lanes that may leave.
      const wanted = pads.map((pad) => literal(pad.before));
      for (const [i, statedAxis] of axes.entries()) {
        const d = axisWithin(statedAxis, x.length);
        const [before, after] = [pads[i]!.before, pads[i + axes.length]!.before];
        if (before === 0 && after === 0) continue;
        const axis = y[d]!;
        const plainly =
          typeof before === 'number' &&
          typeof after === 'number' &&
          before >= 0 &&
          after >= 0 &&
          mode === 'constant';
        if (!isLabelled(axis) || !plainly) {
          call.lanes.freeze(axis, 'operator', `is padded${mode === 'constant' ? '' : ` by ${mode}`}`);
          y[d] = plain(asLength(add(axis.length, add(before, after))));
          continue;
        }
        const front = call.lanes.fresh(before, zero);
        const back = call.lanes.fresh(after, zero);
        wanted[i] = lengthOf(front);
        wanted[i + axes.length] = lengthOf(back);
        y[d] = call.lanes.join([front, axis, back].filter((part) => part.length !== 0));
      }
      call.restate(where, wanted, { stated: pads });
      return [y];
    },
  };
}

/** Pads and value are attributes. */
const padBy = (attribute: string): Rule =>
  padRule((call) => ({
    pads: (call.attributes.ints(attribute) ?? []).map(literal),
    zero: call.attributes.float('value', 0) === 0,
    where: { attribute, kind: 'ints' },
  }));

/**
 * Pad of opset 1: `paddings` is an attribute.
 *
 *   x [n c h w]  ->  y [n p+c+q h w]        (paddings = [0 p 0 0 0 q 0 0])
 */
export const padByOldAttribute = padBy('paddings');
/**
 * Pad of opset 2..10: `pads` is an attribute.
 *
 *   x [n c h w]  ->  y [n p+c+q h w]        (pads = [0 p 0 0 0 q 0 0])
 */
export const padByAttribute = padBy('pads');

/**
 * Pad since opset 11: pads, value and (since 18) axes are operands.
 *
 *   x [n c h w], pads (0 p 0 0 0 q 0 0)  ->  y [n p+c+q h w]
 */
export const padByOperand: Rule = padRule((call) => {
  const axes = call.optional(3) === undefined ? undefined : (knownNumbers(call.known(3)) ?? 'data');
  const absent = call.optional(2) === undefined;
  return {
    pads: call.known(1).elements,
    ...(axes !== undefined && { axes }),
    zero: absent || call.isZeroConstant(2),
    where: 1,
  };
});

/**
 * Tile of opset 1: one axis, repeated as often as a number says.
 *
 *   x [n c], repeats = 3, axis = 1  ->  y [n 3*c]
 *
 * exact: yes.
 */
export const tileOneAxis: Rule = {
  says: 'the axis that is repeated is repetitions × lanes',
  exact: 'yes',
  linear: true,
  axes: (call) => {
    const x = call.input(0);
    const [repeats, axis] = [1, 2].map((index) => call.known(index).elements[0]!) as [Element, Element];
    for (const [i, stated] of [repeats, axis].entries()) call.restate(i + 1, [literal(stated.before)]);
    if (typeof axis.before !== 'number')
      return [x.map((own, d) => openInstead(call, own, d, 'data decides whether it is repeated'))];
    const along = axisWithin(axis.before, x.length);
    return [x.with(along, call.lanes.merge([plain(asLength(repeats.before)), x[along]!]))];
  },
};

/**
 * Tile: an axis repeated is repetitions × lanes; repetitions stay.
 *
 *   x [n c], repeats (1 3)  ->  y [n 3*c]
 *
 * exact: yes.
 */
export const tile: Rule = {
  says: 'an axis that is repeated is repetitions × lanes',
  exact: 'yes',
  linear: true,
  axes: (call) => {
    const x = call.input(0);
    const { elements } = call.known(1);
    if (elements.length !== x.length)
      throw new Frozen('mismatch', `repeats ${elements.length} axes of ${x.length}`);
    const repeats = elements.map(({ before }) => asLength(before));
    call.restate(
      1,
      elements.map(({ before }) => literal(before)),
    );
    return [x.map((axis, d) => (repeats[d] === 1 ? axis : call.lanes.merge([plain(repeats[d]!), axis])))];
  },
};
