import { strideFor } from '../execution/subsampling.js';
import { selected } from '../layers/matrix.js';
import {
  beside,
  type Direction,
  givenIn,
  type Recurrent,
  rowsSeen,
  type StoredStates,
  stateDims,
  statesBefore,
  storedFor,
  valuesOf,
} from '../layers/recurrent.js';
import { float32, taken } from '../layers/rows.js';
import type { NativeMoments } from '../native/moments.js';
import type { Tensor } from '../runtime/runtime.js';
import { momentsFor } from '../statistics/moments.js';
import { type Fits, type SolvedWeights, solutionOf, widthsOf } from './directionSolve.js';
import { isHeld } from './examples.js';
import type { Refitting } from './refitting.js';

/** How often W and R are solved anew for the states that the last solution leads to. */
const ROUNDS = 3;

/** One batch: the inputs of both models, and the hidden states of the original. */
interface UnrolledBatch {
  readonly held: boolean;
  readonly x: Float32Array;
  readonly before: { readonly x: Float32Array; readonly states: Tensor; readonly initial?: Float32Array };
  readonly initial?: Float32Array;
  readonly lengths?: ArrayLike<number>;
}

/**
 * The refit of one recurrent node. Its gates are functions of W x + R h, so both weights are solved for as one matrix, and each makes up
 * for what the other lost. The hidden states h depend on the weights themselves: the first solution takes them to be the original's;
 * then the node is run, and the weights are solved again to lead from its actual states to the original's gates. The solution
 * whose states are nearest to the original's on the held-out batches is kept.
 */
export class Unrolling {
  readonly #kept: readonly number[];
  /** Whether sequences have other lengths in the pruned model, so that nothing can be compared step by step. */
  unmatched = false;

  constructor(
    readonly recurrent: Recurrent,
    readonly refitting: Refitting,
  ) {
    this.#kept = refitting.updates.keptChannels(recurrent.directions[0]!.recurrent);
  }

  async refit(): Promise<void> {
    const { recurrent } = this;
    const { mode } = this.refitting;
    const known = await this.#known();
    if (this.unmatched || known.every(({ x }) => x.length === 0)) return;
    const sums = recurrent.directions.map((direction) => this.#momentsFor(direction));
    let states = known.map(({ before }) => this.#left(before.states));
    let best: { readonly error: number; readonly solved: readonly SolvedWeights[] } | undefined;
    for (let round = 0; ; round++) {
      const solved: SolvedWeights[] = [];
      for (const [place, direction] of recurrent.directions.entries())
        solved.push(...(await this.#solve(direction, known, states, sums[place]!)));
      await this.#put(solved);
      if (mode.quick) return;
      states = await this.#run(known.length);
      const error = this.#distance(known, states);
      if (best === undefined || error < best.error) best = { error, solved };
      if (round + 1 === ROUNDS) break;
    }
    await this.#put(best.solved);
  }

  async #known(): Promise<readonly UnrolledBatch[]> {
    const { recurrent } = this;
    const { original, pruned } = this.refitting;
    const { data, states, initial } = recurrent;
    const { fitted = Number.POSITIVE_INFINITY } = this.refitting.mode;
    const names = valuesOf(recurrent);
    const then: ReadonlyMap<string, Tensor>[] = [];
    await original.to(names, async (batch, tensors) => {
      then[batch] = new Map(names.map((name) => [name, tensors.get(name)!]));
    });
    const { native } = this.refitting.source;
    const stored = await storedFor(recurrent, native, this.refitting.options);
    const left = this.#leftOf(stored);
    const known: UnrolledBatch[] = [];
    const coming = [data, ...(initial === undefined || initial.stored ? [] : [initial.value])];
    await pruned.to(coming, async (batch, now) => {
      if (batch >= fitted) return;
      const before = then[batch]!;
      const own = before.get(states)!;
      const { dims } = now.get(data)!;
      if (before.get(data)!.dims.some((length, axis) => axis < 2 && length !== dims[axis])) {
        this.unmatched = true;
        return;
      }
      const { batch: count, directions } = stateDims(recurrent, own.dims);
      const { initial: first, lengths } = givenIn(recurrent, stored, (value) => before.get(value));
      const { initial: remaining } = givenIn(recurrent, left, (value) => now.get(value));
      known[batch] = {
        held: isHeld(batch),
        x: float32(now.get(data)!, data),
        before: {
          x: float32(before.get(data)!, data),
          states: { ...own, type: 'float32', data: float32(own, states) },
          ...(first && { initial: first }),
        },
        // Zeros of the original's length were left out.
        ...(remaining?.length === count * directions * this.#kept.length && { initial: remaining }),
        ...(lengths && { lengths }),
      };
    });
    return known;
  }

  /** What is stored, as it is left. */
  #leftOf({ initial }: StoredStates): StoredStates {
    const own = this.recurrent.initial?.stored;
    if (initial === undefined || own === undefined) return {};
    return {
      initial: selected(initial, own.dims, this.refitting.updates.cuts.kept.get(own.id) ?? new Map()).data,
    };
  }

  /** The kept lanes of hidden states. */
  #left(states: Tensor): Tensor {
    const data = taken(float32(states, this.recurrent.states), states.dims, 3, this.#kept);
    return { ...states, data, dims: states.dims.with(3, this.#kept.length) };
  }

  /** The hidden states of the node under its present weights. */
  async #run(batches: number): Promise<Tensor[]> {
    const { states } = this.recurrent;
    const found: Tensor[] = [];
    await this.refitting.pruned.peek([states], async (batch, tensors) => {
      if (batch < batches) found[batch] = tensors.get(states)!;
    });
    return found;
  }

  /** The error of hidden states against the original's, on the held-out batches, or on all where none is held out. */
  #distance(known: readonly UnrolledBatch[], states: readonly Tensor[]): number {
    const judges = known.some(({ held }) => held);
    return known.reduce((sum, { held, before }, batch) => {
      if (judges && !held) return sum;
      const wanted = this.#left(before.states).data as Float32Array;
      const found = float32(states[batch]!, this.recurrent.states);
      return wanted.reduce((own, value, at) => own + (value - found[at]!) ** 2, sum);
    }, 0);
  }

  #momentsFor(direction: Direction): Fits {
    const { left, whole } = widthsOf(direction, this.refitting.updates);
    const make = (): NativeMoments => momentsFor(left[0] + left[1], whole[0] + whole[1]);
    return { fits: make(), held: make() };
  }

  async #solve(
    direction: Direction,
    known: readonly UnrolledBatch[],
    states: readonly Tensor[],
    { fits, held }: Fits,
  ): Promise<readonly SolvedWeights[]> {
    const { recurrent } = this;
    const { source, options } = this.refitting;
    const { left, whole } = widthsOf(direction, this.refitting.updates);
    for (const [batch, own] of known.entries()) {
      const dims = stateDims(recurrent, own.before.states.dims);
      const size = {
        inputs: left[0] + left[1],
        rows: (dims.steps * dims.batch * source.samples) / source.batch,
        targets: whole[0] + whole[1],
      };
      const every = strideFor(size, source.share);
      const rows = rowsSeen(recurrent, dims, own.lengths, every);
      if (rows.length === 0) continue;
      const [before, wanted] = [
        statesBefore(recurrent, direction, states[batch]!, own.initial, own.lengths),
        statesBefore(recurrent, direction, own.before.states, own.before.initial, own.lengths),
      ];
      await (own.held ? held : fits).add(
        beside(rows, own.x, left[0], before, left[1]),
        beside(rows, own.before.x, whole[0], wanted, whole[1]),
        options,
      );
    }
    return solutionOf(recurrent, direction, this.refitting, { fits, held });
  }

  async #put(solved: readonly SolvedWeights[]): Promise<void> {
    for (const { layer, ...own } of solved)
      await this.refitting.updates.put(layer, { ...own, means: NONE, observed: false });
  }
}

const NONE = new Float64Array(0);
