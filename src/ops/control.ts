import type { AbstractTensor, Output } from '../coupling/abstractTensor.js';
import { isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Rule } from '../coupling/rule.js';
import { equal } from '../model/dim.js';
import { literal } from '../model/values.js';

/**
 * If: its branches are laid out in the graph, and each output is one value with what both branches end in. The walk gives
 * the condition, then the ends of the first branch, then those of the second.
 *
 * Where the lengths of axes decide the condition, each output is what that one branch ends in, and what an If in the other branch
 * ends in is nothing that must stay; and where the branches end in
 * values of different ranks, what the branch ends in that fits what reads it (`src/coupling/choosing.ts`).
 *
 *   condition [], then [n a], else [n a]  ->  y [n a]
 *
 * exact: yes.   frozen: axes whose lengths differ between the branches, so that data decides.
 * source: https://onnx.ai/onnx/operators/onnx__If.html
 */
export const branch: Rule = {
  says: 'each output is one with what both branches end in; where their ranks differ, with the one that fits what reads it',
  exact: 'yes',
  axes: (call) => {
    const { lanes, node } = call;
    const condition = call.values(0)?.elements[0];
    const count = node.outputs.length;
    if (call.count !== 1 + 2 * count)
      throw new Frozen('control-flow', 'its branches have other numbers of outputs than it has');
    const ends = (which: number): readonly (AbstractTensor | undefined)[] =>
      node.outputs.map((_, i) => call.optional(1 + which * count + i));
    const both = [ends(0), ends(1)] as const;
    const through = (which: number): readonly Output[] =>
      both[which]!.map((own) => own ?? { axes: undefined });
    if (typeof condition?.before === 'number') {
      // The condition follows from lengths that are known, so that one branch alone ever runs. It is written down as it is
      // now, lest other lengths after pruning choose the other branch.
      call.restate(0, [literal(condition.before)]);
      return through(condition.before === 0 ? 1 : 0);
    }
    const ranks = both.map((own) => own.map((end) => end?.axes?.length));
    if (
      ranks[0]!.some((rank, i) => rank !== undefined && ranks[1]![i] !== undefined && rank !== ranks[1]![i])
    ) {
      const chosen = call.neverRuns() ? undefined : call.branch();
      if (chosen !== undefined) return through(chosen);
    }
    return node.outputs.map((_, i): Output => {
      const [yes, no] = [call.optional(1 + i), call.optional(1 + count + i)];
      const freeze = (why: string): Output => {
        if (call.neverRuns()) return call.lost(why);
        for (const axis of [...(yes?.axes ?? []), ...(no?.axes ?? [])])
          lanes.freeze(axis, 'control-flow', why);
        return call.lost(why);
      };
      if (yes?.axes === undefined || no?.axes === undefined)
        return freeze('the other branch has axes that are not known');
      if (yes.axes.length !== no.axes.length) return freeze('the branches end in values of different ranks');
      return yes.axes.map((axis, d) => {
        const other = no.axes![d]!;
        if (equal(axis.length, other.length))
          return withZero(lanes.unify([axis, other]), isZero(axis) && isZero(other));
        for (const own of [axis, other])
          lanes.freeze(own, 'control-flow', 'the branches end in different lengths');
        return plain(call.openLength(`${node.name}.${i}.${d}#`));
      });
    });
  },
};
