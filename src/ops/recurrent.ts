import type { Axis } from '../coupling/axis.js';
import { axisOf, isZero, plain, withZero } from '../coupling/axis.js';
import type { Bias } from '../coupling/linearMap.js';
import type { Call, Rule } from '../coupling/rule.js';
import { quantisesWhole } from './quantization.js';
import type { Cell } from './recurrentOperands.js';
import { gatesOf, INITIAL_HIDDEN, initialStates, ranked } from './recurrentOperands.js';

/**
 * What the activations that ONNX names give at zero. Affine is missing: it is β there, and has no bounds.
 * source: https://onnx.ai/onnx/operators/onnx__LSTM.html
 */
const AT_ZERO: Readonly<Record<string, 'zero' | 'not zero'>> = {
  relu: 'zero',
  tanh: 'zero',
  leakyrelu: 'zero',
  thresholdedrelu: 'zero',
  scaledtanh: 'zero',
  elu: 'zero',
  softsign: 'zero',
  sigmoid: 'not zero',
  hardsigmoid: 'not zero',
  softplus: 'not zero',
};

/**
 * A recurrent layer. A hidden lane owns its row in each gate of W, R, B and P, its column of R and its place in the
 * states, in both directions: Y is rectangular. Gates and directions are never cut.
 *
 *   X [s n i], W [dirs gates*h i], R [dirs gates*h h], B [dirs 2*gates*h], P [dirs gates*h], initial [dirs n h]
 *     ->  Y [s dirs n h], Y_h [dirs n h], Y_c [dirs n h]
 *   layout = 1:  X [n s i], initial [n dirs h]  ->  Y [n s dirs h], Y_h [n dirs h], Y_c [n dirs h]
 */
function recurrent(cell: Cell): Rule {
  return {
    says:
      cell.integers === undefined
        ? "a hidden lane is its row in every gate, the recurrent weight's column and its place in the states"
        : 'as LSTM, weights turned; scales lie on the columns of both, or on directions; extremes set the scale of data and states',
    exact:
      cell.integers === undefined
        ? 'yes; its state stays zero where the activations are zero at zero and it starts there'
        : 'where the data and the states are zero in a removed lane',
    axes: (call) => {
      const { lanes, attributes } = call;
      const batchFirst = attributes.int('layout', 0) !== 0;
      const directions = attributes.string('direction', 'forward') === 'bidirectional' ? 2 : 1;
      const [first, second, input] = ranked(call, 0, 3);
      const [sequence, batches] = batchFirst ? [second, first] : [first, second];
      lanes.freeze(sequence, 'operator', `${call.node.op} runs along it`);

      const gated = gatesOf(call, cell, directions);
      lanes.contract(input, gated.input);
      const dirs = plain(directions);
      const stateAxes = (n: Axis, h: Axis): readonly [Axis, Axis, Axis] =>
        batchFirst ? [n, dirs, h] : [dirs, n, h];
      const initial = initialStates(call, cell, directions, batchFirst);
      // An initial state of zeros means the same as none. Exporters slice the states of all layers out of one tensor of
      // zeros: following it would tie the lanes of all layers.
      const wanted = stateAxes(batches, gated.hidden[0]!);
      const given = initial.filter(({ index }) => !(call.isZeroConstant(index) && call.omit(index, wanted)));
      const lengths = call.optional(4) === undefined ? [] : [ranked(call, 4, 1)[0]];
      const batch = withZero(
        lanes.unify([batches, ...initial.map((state) => state.batch), ...lengths]),
        false,
      );
      const hidden = lanes.unify([...gated.hidden, ...given.map((state) => state.hidden)]);
      lanes.contract(asData(hidden), gated.recurrent);
      if (cell.integers === undefined) mixesOf(call, cell, directions, batchFirst);
      if (attributes.has('hidden_size')) call.restate({ attribute: 'hidden_size', kind: 'int' }, [hidden]);

      const rests = given.every((state) => isZero(state.hidden)) && gated.hidden.every(isZero);
      const zeros = zeroStates(call, cell, directions, hidden, rests);
      if (cell.integers !== undefined) {
        quantisesWhole(call, call.input(0));
        if (!zeros.hidden) call.lanes.inexact(hidden, 'its extremes set the scale of the other states');
      }
      const steps = plain(sequence.length);
      const work = [steps, batch, dirs, cell.gates, hidden];
      call.work([...work, gated.input]);
      call.work([...work, hidden]);
      const state = (zero: boolean): readonly [Axis, Axis, Axis] => stateAxes(batch, withZero(hidden, zero));
      const final = state(zeros.hidden);
      const all = batchFirst ? [batch, steps, dirs, final[2]] : [steps, dirs, batch, final[2]];
      return [all, final, state(zeros.cell)];
    },
  };
}

/** States the two linear maps of each direction: X by W, and by R the states that the node itself gave one step earlier. */
function mixesOf(call: Call, cell: Cell, directions: number, batchFirst: boolean): void {
  const [gates] = call.input(1).slice(1, 2);
  const states = call.shown(0);
  for (let d = 0; d < directions; d++) {
    const fixed = { axis: 0, index: d };
    call.mixes({
      ...{ data: 0, axis: 2, weight: 1, outputs: [1], input: 2, fixed },
      bias: partOf(gates!, d, 0),
    });
    const part = { axis: batchFirst ? 2 : 1, index: d };
    call.mixes({
      ...{ data: 0, instead: states, axis: 3, weight: 2, outputs: [1], input: 2, fixed },
      ...(directions > 1 && { part }),
      bias: partOf(gates!, d, 1),
    });
  }
  const direction = call.attributes.string('direction', 'forward');
  const { apart = [] } = cell;
  call.recurs({
    batchFirst,
    reversed: directions > 1 ? [false, true] : [direction === 'reverse'],
    operands: { input: 1, recurrent: 2, lengths: 4, initial: INITIAL_HIDDEN },
    sums: Array.from({ length: cell.gates }, (_, gate) => !apart.includes(gate)),
  });
}

/** The first or second half of a direction's row of B. */
const partOf = (gates: Axis, row: number, half: 0 | 1): Bias =>
  typeof gates.length !== 'number'
    ? { kind: 'none' }
    : { kind: 'part', operand: 3, row, from: half * gates.length, length: gates.length };

/**
 * The hidden lanes as an axis of the state that R reads, without their origin in the weights' rows: the state is summed over,
 * and the rows are not.
 */
const asData = (axis: Axis): Axis => axisOf(axis.factors.map(({ stored: _, ...factor }) => factor));

/**
 * Whether the states of a removed lane stay zero. Where they do not they are read by weights that are zero, as any
 * other value would be; only a function without bounds could make an infinity of it.
 */
function zeroStates(
  call: Call,
  { activations, cellZero, hiddenZero }: Cell,
  directions: number,
  lane: Axis,
  rests: boolean,
): { readonly cell: boolean; readonly hidden: boolean } {
  const stated = call.attributes.strings('activations');
  const names = Array.from({ length: directions }, () => activations).flat();
  const used = (stated ?? names).map((name) => name.toLowerCase());
  const each = activations.length;
  const isZeroAt = (places: readonly number[]): boolean =>
    used.length === names.length &&
    used.every((name, i) => !places.includes(i % each) || AT_ZERO[name] === 'zero');
  const cell = rests && isZeroAt(cellZero);
  const hidden = cell && isZeroAt(hiddenZero);
  const unknown = used.find((name) => AT_ZERO[name] === undefined);
  if (!hidden && unknown !== undefined)
    call.lanes.inexact(lane, `${call.node.op} applies ${unknown} to it, again and again`);
  return { cell, hidden };
}

/**
 * LSTM: gates i o f c; functions f, g, h. C = f·C + i·g, H = o·h(C).
 *
 * exact: yes; the states of a removed lane are zero where g(0) = h(0) = 0.   restates: `hidden_size`.
 * source: https://onnx.ai/onnx/operators/onnx__LSTM.html
 */
const LSTM: Cell = {
  gates: 4,
  initialCell: 6,
  peepholes: { operand: 7, gates: 3 },
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  cellZero: [1],
  hiddenZero: [2],
};
/**
 * LSTM: gates i o f c.
 *
 *   X [s! n i], W [1 4*h i], R [1 4*h h], B [1 8*h], _, initial [1 n h], initial [1 n h], P [1 3*h]
 *     ->  Y [s! 1 n h], Y_h [1 n h], Y_c [1 n h]        (hidden_size = h)
 *   X [n s! i], W [1 4*h i], R [1 4*h h], B [1 8*h], _, initial [n 1 h], initial [n 1 h]
 *     ->  Y [n s! 1 h], Y_h [n 1 h], Y_c [n 1 h]        (hidden_size = h, layout = 1)
 *
 * exact: yes.   restates: `hidden_size`.   source: https://onnx.ai/onnx/operators/onnx__LSTM.html
 */
export const lstm: Rule = recurrent(LSTM);

/**
 * DynamicQuantizeLSTM: LSTM of integer weights, turned; X and the states are quantised by their extremes at each step.
 *
 *   X [s! n i], W [1 i 4*h], R [1 h 4*h], B [1 8*h], _, initial [1 n h], initial [1 n h], P [1 3*h],
 *     W's scale [1 4*h], _, R's scale [1 4*h], _
 *     ->  Y [s! 1 n h], Y_h [1 n h], Y_c [1 n h]        (hidden_size = h)
 *
 * exact: where X and the states are zero in a removed lane.   frozen: zero points that are not 0.   restates: `hidden_size`.
 * source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const dynamicQuantizeLstm: Rule = recurrent({
  ...LSTM,
  integers: { 1: { scale: 8, zeroPoint: 9 }, 2: { scale: 10, zeroPoint: 11 } },
});

/**
 * GRU: gates z r h; functions f, g. H = (1 - z)·g + z·H, whatever `linear_before_reset` says.
 *
 *   X [s! n i], W [1 3*h i], R [1 3*h h], B [1 6*h], _, initial [1 n h]
 *     ->  Y [s! 1 n h], Y_h [1 n h]        (hidden_size = h)
 *
 * exact: yes; the state of a removed lane is zero where g(0) = 0.   restates: `hidden_size`.
 * source: https://onnx.ai/onnx/operators/onnx__GRU.html
 */
export const gru: Rule = recurrent({
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  cellZero: [1],
  hiddenZero: [],
  apart: [2],
});

/**
 * RNN: one gate, one function. H = f(…).
 *
 *   X [s! n i], W [1 h i], R [1 h h], B [1 2*h], _, initial [1 n h]
 *     ->  Y [s! 1 n h], Y_h [1 n h]        (hidden_size = h)
 *
 * exact: yes; the state of a removed lane is zero where f(0) = 0.   restates: `hidden_size`.
 * source: https://onnx.ai/onnx/operators/onnx__RNN.html
 */
export const rnn: Rule = recurrent({ gates: 1, activations: ['Tanh'], cellZero: [0], hiddenZero: [] });
