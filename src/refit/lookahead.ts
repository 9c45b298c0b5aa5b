import type { Layer } from '../layers/layers.js';
import type { JointProjection } from './projection.js';
import type { Refitting } from './refitting.js';
import { isLayer, type ScheduleEntry } from './schedule.js';
import { LayerSolve } from './solve.js';
import { isUsable, type PostOps } from './target.js';

/** The share of the memory that may be held of the original for layers that are still to be refitted. */
const AHEAD = 0.125;

/** Takes more samples along where later layers need them. */
export interface Growth {
  /** Samples that are taken along by now. */
  readonly samples: number;
  /** Whether a layer of so many inputs, with so many positions in each sample, would have more, if there were room. */
  grows(inputs: number, rows: number): boolean;
  /** Takes as many along as are wanted and fit. */
  before(inputs: number, rows: number): Promise<void>;
}

/**
 * Runs the original for several layers at a time, which one session computes sooner than a session for each would. Of what they are
 * fitted to the positions that are fitted to are kept.
 */
export class Lookahead {
  readonly #ready = new Map<Layer, LayerSolve>();

  constructor(
    readonly refitting: Refitting,
    readonly work: readonly ScheduleEntry[],
    readonly projections: ReadonlyMap<Layer, JointProjection>,
    readonly after: (entry: ScheduleEntry) => PostOps | undefined,
    readonly growth: Growth | undefined,
  ) {}

  /** What follows an entry, where that is computed before its turn. */
  usable(index: number): PostOps | undefined {
    const found = this.after(this.work[index]!);
    const pending = this.work.slice(index);
    return found !== undefined && isUsable(found, this.refitting.pruned, pending) ? found : undefined;
  }

  /** Samples that a layer is fitted to. */
  async samplesFor(layer: Layer): Promise<number> {
    const { growth } = this;
    if (growth === undefined) return this.refitting.source.samples;
    const size = this.#size(layer);
    if (size !== undefined) await growth.before(...size);
    return growth.samples;
  }

  /** The layer's refit, with what the original answers. */
  async solveAt(index: number): Promise<LayerSolve> {
    const layer = this.work[index] as Layer;
    if (!this.#ready.has(layer)) await this.#prepare(index);
    const solve = this.#ready.get(layer)!;
    this.#ready.delete(layer);
    return solve;
  }

  async #prepare(index: number): Promise<void> {
    const { original } = this.refitting;
    const samples = await this.samplesFor(this.work[index] as Layer);
    const solves = this.#together(index, samples);
    for (const solve of solves) this.#ready.set(solve.layer, solve);
    const own = solves.filter((solve) => solve.isSolvable && !solve.isFed);
    const values = [...new Set(own.flatMap(({ examples }) => examples.values))];
    if (values.length === 0) return;
    await original.to(values, async (batch, tensors) => {
      for (const { examples } of own) examples.take(batch, tensors);
    });
  }

  /**
   * The layers from one on that are fitted to as many samples, and of which not too much is held. One that would have more samples begins
   * anew where it sees a sample at fewer positions, since less is held of each there.
   */
  #together(index: number, samples: number): LayerSolve[] {
    const first = this.#solve(index, samples);
    const solves = [first];
    if (first.isFed) return solves;
    let bytes = this.#bytes(first, samples);
    for (let next = index + 1; next < this.work.length; next++) {
      const entry = this.work[next]!;
      if (!isLayer(entry)) break;
      const solve = this.#solve(next, samples);
      bytes += this.#bytes(solve, samples);
      if (solve.isFed || bytes > AHEAD * this.refitting.source.memory || this.#grows(entry, first.layer))
        break;
      solves.push(solve);
    }
    return solves;
  }

  #solve(index: number, samples: number): LayerSolve {
    const layer = this.work[index] as Layer;
    const { source } = this.refitting;
    const refitting = { ...this.refitting, source: { ...source, samples } };
    return new LayerSolve(layer, refitting, this.usable(index), this.projections.get(layer));
  }

  #bytes({ layer, examples, isSolvable }: LayerSolve, samples: number): number {
    if (!isSolvable) return 0;
    const rows = this.refitting.source.rows.get(layer);
    return rows === undefined ? Number.POSITIVE_INFINITY : examples.bytes(rows * samples);
  }

  #grows(layer: Layer, first: Layer): boolean {
    const [size, before] = [this.#size(layer), this.#size(first)];
    if (this.growth === undefined || size === undefined || before === undefined) return false;
    return size[1] < before[1] && this.growth.grows(...size);
  }

  /** Inputs that are left, and positions in each sample. */
  #size(layer: Layer): readonly [inputs: number, rows: number] | undefined {
    const { source, updates } = this.refitting;
    const rows = source.rows.get(layer);
    return rows === undefined ? undefined : [updates.keptChannels(layer).length * layer.taps, rows];
  }
}
