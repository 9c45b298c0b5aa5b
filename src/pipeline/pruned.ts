import { named } from '../base/named.js';
import type { Decided } from '../compression/decided.js';
import { CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Edits } from '../model/edits.js';
import type { NativeModel } from '../native/index.js';
import { callOptions, saveOptions } from '../options/call.js';
import type {
  CallOptions,
  Pruned,
  ReconstructionReport,
  SaveOptions,
  Size,
  Warning,
} from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { sha256 } from '../platform/index.js';
import type { Reconstructed, Removed } from '../refit/removed.js';
import { checked } from '../schema/check.js';
import { type PathLike, pathFrom } from '../schema/sources.js';
import { editsFor, sizeAfter } from './size.js';

/** A pruned model before it is written: the original, and the edits that make it smaller. */
export class PrunedModel implements Pruned {
  readonly before: Size;
  after: Size;
  reconstruction?: ReconstructionReport;
  readonly warnings: Warning[];
  readonly lengths: CostModel['lengths'];
  readonly #measure: (edits: Edits) => Size;
  readonly #native: NativeModel;
  #edits: Edits;
  readonly #removed: Removed;

  constructor(
    native: NativeModel,
    analysis: Analysis,
    readonly plan: Plan,
    decided: Decided,
  ) {
    this.#native = native;
    const hash = sha256(JSON.stringify(plan));
    this.#edits = editsFor(analysis, decided, hash);
    this.#removed = { removal: decided.removal, cuts: decided.cuts, edits: this.#edits };
    const costs = new CostModel(analysis);
    this.lengths = costs.lengths;
    const { document } = analysis.graph;
    const whole = costs.of();
    this.before = { params: whole.params, macs: whole.macs, bytes: document.bytes + document.externalBytes };
    this.#measure = (edits) => sizeAfter(analysis, costs, decided, edits);
    this.after = this.#measure(this.#edits);
    this.warnings =
      this.after.bytes > this.before.bytes
        ? [
            {
              code: 'LARGER',
              text: `the pruned model is larger than the original: ${this.after.bytes} bytes, not ${this.before.bytes}`,
            },
          ]
        : [];
  }

  /** Puts weights and biases in the place of those that were only cut. */
  async refit(reconstruct: (removed: Removed) => Promise<Reconstructed>): Promise<void> {
    const { edits, layers, samples, taken, unmatched } = await reconstruct(this.#removed);
    this.#edits = edits;
    this.after = this.#measure(edits);
    this.reconstruction = { layers, samples };
    if (layers === 0 && this.plan.groups.length > 0) this.warnings.push(NOTHING_REFITTED);
    if (taken.length > 0) this.warnings.push(decided(taken));
    if (unmatched.length > 0) this.warnings.push(notMatched(unmatched));
  }

  async save(
    path: PathLike,
    options?: SaveOptions,
  ): Promise<{ readonly bytes: number; readonly externalBytes: number }> {
    const [to, call] = [pathFrom('path', path), checked(saveOptions, options)];
    const { bytes, externalBytes } = await this.#native.save(to, this.#edits, call);
    return { bytes: bytes + externalBytes, externalBytes };
  }

  async toBytes(options?: CallOptions): Promise<Uint8Array> {
    return this.#native.saveToBytes(this.#edits, checked(callOptions, options));
  }
}

const decided = (values: readonly string[]): Warning => ({
  code: 'DECISIONS_TAKEN',
  text: `weights were refitted with what the original decides in ${named(values)} (how long others are, or which are looked at): how often the pruned model decides the same was not judged here: verify both models to know`,
});

const notMatched = (nodes: readonly string[]): Warning => ({
  code: 'LENGTHS_DIFFER',
  text: `${named(nodes)} could not be refitted: their answers have other lengths in the pruned model on every sample, so that nothing there can be compared. They have the weights that were cut`,
});

const NOTHING_REFITTED: Warning = {
  code: 'NOTHING_REFITTED',
  text: 'no layer behind what was removed could be refitted to the samples: what stays is as it was cut. Refits need weights that are stored, as floats or as integers that stand for them, and that are not applied again to what they made',
};
