import type { AbstractTensor, Output } from '../coupling/abstractTensor.js';
import type { Axes, Axis } from '../coupling/axis.js';
import { isLabelled, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import type { Call, Rule } from '../coupling/rule.js';
import { CLOSED, LOOSELY } from '../coupling/walk.js';
import { equal } from '../model/dim.js';
import { beginningOf } from '../model/subgraphs.js';

const BODY = 'its body runs as often as data says, and its rounds are not alike: what it reads stays whole';
const SCANNED = 'is the axis that the body runs along';

/**
 * A state at the beginning of any round of a loop: it has the lanes that it has in the first one. Open lengths that change
 * from round to round get a symbol of their own.
 */
const carried = (call: Call, state: AbstractTensor | undefined, place: string): Output => ({
  axes: state?.axes?.map((axis, d) => {
    if (isLabelled(axis)) return withZero(axis, false);
    const isOpen = typeof axis.length !== 'number' && call.following(call.node.name) === LOOSELY;
    return !isOpen ? axis : plain(call.openLength(`${call.node.name}.${place}.${d}#`));
  }),
  dtype: state?.dtype,
});

/** An axis that an attribute names, counted from the front. Frozen: beyond the rank. */
function axisAt(list: readonly number[] | undefined, place: number, rank: number): number {
  const given = list?.[place] ?? 0;
  const axis = given < 0 ? given + rank : given;
  if (!(axis >= 0 && axis < rank)) throw new Frozen('mismatch', `there is no axis ${given} among ${rank}`);
  return axis;
}

/**
 * What a body of Loop begins each round with: how many there were, whether it goes on, and the states.
 *
 *   v_i [n_i a_i]  ->  _, _, v_i [n_i a_i]
 */
export const loopBody: Rule = {
  says: 'gives each round of a body what it begins with',
  exact: 'yes',
  axes: (call) => {
    refuse(call, call.node.name);
    const states = call.node.inputs.map((_, i) => carried(call, call.optional(i), `${i}`));
    return [{ axes: [], dtype: 'int64' }, { axes: [], dtype: 'bool' }, ...states];
  },
};

/**
 * The same of Scan: the states, and of each sequence one place along the axis that it is scanned by.
 *
 *   v [n a], x [t! m b]  ->  v [n a], x [m b]        (num_scan_inputs = 1)
 */
export const scanBody: Rule = {
  says: 'gives each round of a body what it begins with',
  exact: 'yes',
  axes: (call) => {
    refuse(call, call.node.name);
    const scans = call.attributes.int('num_scan_inputs', 0);
    const states = call.count - scans;
    const axes = call.attributes.ints('scan_input_axes');
    return call.node.inputs.map((_, i): Output => {
      const own = call.optional(i);
      if (i < states) return carried(call, own, `${i}`);
      if (own?.axes === undefined) return { axes: undefined, dtype: own?.dtype };
      const at = axisAt(axes, i - states, own.axes.length);
      call.lanes.freeze(own.axes[at]!, 'control-flow', SCANNED);
      return { axes: own.axes.filter((_, d) => d !== at), dtype: own.dtype };
    });
  },
};

function refuse(call: Call, name: string): void {
  if (call.following(name) === CLOSED) throw new Frozen('control-flow', BODY);
}

/**
 * A state after a loop. It is coupled with what it began as, since the loop may end after any round, or before the first. One
 * round stands for all where the state has the same lanes and lengths at both of its ends. Open lengths that differ are left
 * open; where anything else differs the body is not followed.
 */
function left(
  call: Call,
  before: AbstractTensor | undefined,
  after: AbstractTensor | undefined,
  place: number,
): Output {
  const { lanes, node } = call;
  const beginning = beginningOf(node.name);
  const [first, last] = [before?.axes, after?.axes];
  if (first === undefined && last === undefined) return { axes: undefined };
  const mistaken = (follow: number): never => {
    call.follow(beginning, follow);
    throw new Frozen('control-flow', BODY);
  };
  if (first === undefined || first.length !== last?.length) return mistaken(CLOSED);
  const axes = first.map((axis, d): Axis => {
    const other = last[d]!;
    if (equal(axis.length, other.length)) return withZero(lanes.unify([axis, other]), false);
    const isOpen = !isLabelled(axis) && !isLabelled(other) && typeof axis.length !== 'number';
    if (!isOpen) return mistaken(CLOSED);
    if (call.following(beginning) !== LOOSELY) return mistaken(LOOSELY);
    return plain(call.openLength(`${node.name}.${place}.${d}#`));
  });
  return { axes, dtype: before?.dtype };
}

/** An output that collects what each round gives, along a new axis. */
const stacked = (end: AbstractTensor | undefined, at: number, length: Axis): Output => {
  const axes: Axes | undefined = end?.axes;
  return {
    axes: axes && [...axes.slice(0, at), length, ...axes.slice(at)].map((axis) => withZero(axis, false)),
    dtype: end?.dtype,
  };
};

/**
 * Loop: its body is laid out in the graph as one round that stands for all. The walk gives the operands, then what the body ends in.
 *
 *   M, cond, v_i [n a], _, body v_i [n a], body s_j [m b]  ->  v_i [n a], s_j [? m b]
 *
 * picture: for readers alone, as its operands are what the walk lays out of a body.
 * exact: yes.   frozen: a body whose states end in other lengths or ranks than they began with.
 * source: https://onnx.ai/onnx/operators/onnx__Loop.html
 */
export const loop: Rule = {
  says: 'states have the same lanes before and after each round; what rounds give is put together along a new axis',
  exact: 'yes',
  axes: (call) => {
    const { node } = call;
    const { states } = node;
    if (states === undefined || call.following(beginningOf(node.name)) === CLOSED)
      throw new Frozen('control-flow', BODY);
    for (const operand of [0, 1, 2 + states]) call.values(operand);
    const ends = 3 + states;
    return node.outputs.map((_, i): Output => {
      if (i < states) return left(call, call.optional(2 + i), call.optional(ends + i), i);
      return stacked(call.optional(ends + i), 0, plain(call.openLength(`${node.name}.rounds#`)));
    });
  },
};

/**
 * Scan: as Loop, with sequences that are gone through along an axis.
 *
 *   v_i [n a], x_j [t m b], body v_i [n a], body s_k [p c]  ->  v_i [n a], s_k [t p c]
 *
 * picture: for readers alone, as its operands are what the walk lays out of a body.
 * exact: yes.   frozen: the axis that is scanned; a body whose states end in other lengths or ranks than they began with.
 * source: https://onnx.ai/onnx/operators/onnx__Scan.html
 */
export const scan: Rule = {
  says: 'as Loop; of what is scanned all axes pass but the one that it is scanned along',
  exact: 'yes',
  axes: (call) => {
    const { node } = call;
    const { states } = node;
    if (states === undefined || call.following(beginningOf(node.name)) === CLOSED)
      throw new Frozen('control-flow', BODY);
    const scans = call.attributes.int('num_scan_inputs', 0);
    const ends = states + scans;
    const given = Array.from({ length: scans }, (_, i) => call.optional(states + i));
    const first = given[0]?.axes;
    const rounds = first?.[axisAt(call.attributes.ints('scan_input_axes'), 0, first.length)];
    const to = call.attributes.ints('scan_output_axes');
    return node.outputs.map((_, i): Output => {
      const end = call.optional(ends + i);
      if (i < states) return left(call, call.optional(i), end, i);
      if (end?.axes === undefined) return { axes: undefined, dtype: end?.dtype };
      const at = axisAt(to, i - states, end.axes.length + 1);
      const length = rounds === undefined ? call.openLength(`${node.name}.rounds#`) : rounds.length;
      return stacked(end, at, plain(length));
    });
  },
};
