import type { Output } from '../coupling/abstractTensor.js';
import type { Axis } from '../coupling/axis.js';
import { plain } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';

/**
 * An operator that is known, and known not to be followed: every axis that it touches stays whole, for this reason.
 * `outputs` gives what is known of its outputs' lengths all the same, where the file does not state them.
 */
export const freezes = (reason: string, outputs: (call: Call) => readonly Output[] = () => []): Rule => ({
  says: `freezes what it touches: ${reason}`,
  exact: '-',
  axes: (call) => {
    throw new Frozen('operator', reason, outputs(call));
  },
});

/** An axis whose length only data decides: the `place`-th of the node's. */
export const openAxis = (call: Call, place: number): Axis =>
  plain(call.openLength(`${call.node.name}.${place}#`));

/** What becomes of axis `place` of the data where only data says: its own lanes stay whole, and its length is open. */
export function openInstead(call: Call, axis: Axis, place: number, text: string): Axis {
  call.lanes.freeze(axis, 'data-dependent', text);
  return openAxis(call, place);
}

/** The outputs have the lengths of operand 0. */
export const likeInput = (call: Call): readonly Output[] => {
  const axes = call.optional(0)?.axes;
  return call.node.outputs.map(() => ({ axes }));
};
