import type { Recurrence } from '../coupling/recurrence.js';
import type { Walk } from '../coupling/walk.js';
import type { TensorDocument } from '../model/document.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Tensor } from '../runtime/runtime.js';
import type { Layer, WeightUse } from './layers.js';
import { storedAs } from './quantised.js';
import { float32 } from './rows.js';

/** A recurrent node whose W and R are refitted together, one direction after the other. */
export interface Recurrent extends Recurrence {
  readonly uses: readonly [Pick<WeightUse, 'node' | 'data'>];
  readonly directions: readonly Direction[];
  /** The first h, where it is given: computed, or stored. */
  readonly initial?: { readonly value: string; readonly stored?: TensorDocument };
  /** How long each sequence is, where that is given. */
  readonly lengths?: { readonly value: string; readonly stored?: TensorDocument };
}

/** One direction of a recurrent node, with W and R each seen as a linear layer. */
export interface Direction {
  readonly index: number;
  readonly reversed: boolean;
  readonly input: Layer;
  readonly recurrent: Layer;
}

/** The recurrent nodes of which both weights are read by no other node. */
export function recurrentsOf({ graph, recurrences }: Walk, layers: readonly Layer[]): Recurrent[] {
  return recurrences.flatMap((recurrence): Recurrent[] => {
    const { node, data, operands, reversed } = recurrence;
    const layer = (operand: number, direction: number): Layer | undefined =>
      layers.find(
        ({ uses, layout }) =>
          uses.length === 1 &&
          uses[0]!.node === node &&
          uses[0]!.operand === operand &&
          layout.fixed[0]?.index === direction,
      );
    const directions = reversed.map((reversed, index) => {
      const [input, recurrent] = [layer(operands.input, index), layer(operands.recurrent, index)];
      return input && recurrent && { index, reversed, input, recurrent };
    });
    if (directions.some((direction) => direction === undefined)) return [];
    const given = (operand: number): Recurrent['initial'] => {
      const value = node.inputs[operand] ?? '';
      if (value === '') return undefined;
      const stored = storedAs(graph, value);
      return { value, ...(stored && { stored }) };
    };
    const [initial, lengths] = [given(operands.initial), given(operands.lengths)];
    return [
      {
        ...recurrence,
        uses: [{ node, data }],
        directions: directions as Direction[],
        ...(initial && { initial }),
        ...(lengths && { lengths }),
      },
    ];
  });
}

/** The linear layers of a recurrent node: W and R of each direction, in the order of the directions. */
export const layersIn = ({ directions }: Recurrent): readonly Layer[] =>
  directions.flatMap(({ input, recurrent }) => [input, recurrent]);

/** The computed values of the original that a refit of the node needs: its data and states, initial state and sequence lengths. */
export const valuesOf = ({ data, states, initial, lengths }: Recurrent): readonly string[] => [
  data,
  states,
  ...[initial, lengths].flatMap((given) => (given === undefined || given.stored ? [] : [given.value])),
];

/** The initial state and sequence lengths of a recurrent node, as far as the original's file stores them. */
export interface StoredStates {
  readonly initial?: Float32Array;
  readonly lengths?: ArrayLike<number>;
}

/** Reads the initial state (as float32) and the sequence lengths from the model file, as far as they are stored in it. */
export async function storedFor(
  { initial, lengths }: Recurrent,
  native: NativeModel,
  options: NativeOptions,
): Promise<StoredStates> {
  return {
    ...(initial?.stored && { initial: await native.floats(initial.stored.id, options) }),
    ...(lengths?.stored && { lengths: native.numbers(lengths.stored.id) }),
  };
}

/** The initial state and sequence lengths for one batch: as stored, or as computed. */
export function givenIn(
  { initial, lengths }: Recurrent,
  stored: StoredStates,
  tensorOf: (value: string) => Tensor | undefined,
): StoredStates {
  const [first, long] = [initial && tensorOf(initial.value), lengths && tensorOf(lengths.value)];
  return {
    ...stored,
    ...(first && !initial?.stored && { initial: float32(first, initial!.value) }),
    ...(long && !lengths?.stored && { lengths: Array.from(long.data as ArrayLike<number | bigint>, Number) }),
  };
}

/** Lengths that states have: steps of a sequence, sequences of a batch, directions, lanes. */
export interface StateDims {
  readonly steps: number;
  readonly batch: number;
  readonly directions: number;
  readonly hidden: number;
}

/**
 * The lengths of Y [steps, directions, batch, hidden] of an LSTM, GRU or RNN; of [batch, steps, directions, hidden]
 * where `layout` is 1.
 */
export function stateDims({ batchFirst }: Recurrence, dims: readonly number[]): StateDims {
  const [first, second, third, hidden] = dims as readonly [number, number, number, number];
  return batchFirst
    ? { steps: second, batch: first, directions: third, hidden }
    : { steps: first, batch: third, directions: second, hidden };
}

/**
 * The hidden state that a direction's gates read at each step, which is that of the step before: [rows, hidden], rows as in the data.
 *
 * - `states`: [sequence directions batch hidden], or as `batchFirst` has it; `initial`: [directions batch hidden] likewise, by default zeros
 * - `lengths`: of each sequence, by default all steps
 */
export function statesBefore(
  recurrence: Recurrence,
  { index, reversed }: Pick<Direction, 'index' | 'reversed'>,
  states: Tensor,
  initial: Float32Array | undefined,
  lengths: ArrayLike<number> | undefined,
): Float32Array {
  const { batchFirst } = recurrence;
  const { steps, batch, directions, hidden } = stateDims(recurrence, states.dims);
  const all = float32(states, recurrence.states);
  const out = new Float32Array(steps * batch * hidden);
  for (let b = 0; b < batch; b++) {
    const length = lengths?.[b] ?? steps;
    const start = reversed ? length - 1 : 0;
    for (let t = 0; t < length; t++) {
      const row = batchFirst ? b * steps + t : t * batch + b;
      const before = reversed ? t + 1 : t - 1;
      const from =
        t === start
          ? batchFirst
            ? b * directions + index
            : index * batch + b
          : batchFirst
            ? (b * steps + before) * directions + index
            : (before * directions + index) * batch + b;
      const source = t === start ? initial : all;
      if (source !== undefined) out.set(source.subarray(from * hidden, (from + 1) * hidden), row * hidden);
    }
  }
  return out;
}

/** Every n-th row of the data, n being `every`, among the rows within their sequence's length. */
export function rowsSeen(
  { batchFirst }: Recurrence,
  { steps, batch }: StateDims,
  lengths: ArrayLike<number> | undefined,
  every: number,
): Int32Array {
  const rows: number[] = [];
  for (let row = 0, seen = 0; row < steps * batch; row++) {
    const [t, b] = batchFirst
      ? [row % steps, Math.floor(row / steps)]
      : [Math.floor(row / batch), row % batch];
    if (t >= (lengths?.[b] ?? steps)) continue;
    if (seen++ % every === 0) rows.push(row);
  }
  return Int32Array.from(rows);
}

/** Some rows of two matrices, side by side. */
export function beside(
  rows: Int32Array,
  a: Float32Array,
  widthA: number,
  b: Float32Array,
  widthB: number,
): Float32Array {
  const width = widthA + widthB;
  const out = new Float32Array(rows.length * width);
  for (const [place, row] of rows.entries()) {
    out.set(a.subarray(row * widthA, (row + 1) * widthA), place * width);
    out.set(b.subarray(row * widthB, (row + 1) * widthB), place * width + widthA);
  }
  return out;
}
