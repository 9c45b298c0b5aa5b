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
import type { Removed } from '../refit/removed.js';
import { checked } from '../schema/check.js';
import { type PathLike, pathFrom } from '../schema/sources.js';
import { editsFor, sizeAfter } from './size.js';

/** A model from which lanes were removed, and perhaps refitted since: the edits that carry it out, and what they come to. */
export interface CutModel extends Removed {
  readonly plan: Plan;
  readonly before: Size;
  readonly after: Size;
  readonly lengths: CostModel['lengths'];
  readonly reconstruction?: ReconstructionReport;
  readonly warnings: readonly Warning[];
  /** What the model costs with these edits instead. */
  measure(edits: Edits): Size;
}

/** The model from which what was decided is removed. */
export function cutModel(analysis: Analysis, plan: Plan, decided: Decided): CutModel {
  const edits = editsFor(analysis, decided, sha256(JSON.stringify(plan)));
  const costs = new CostModel(analysis);
  const { document } = analysis.graph;
  const { params, macs } = costs.of();
  const before = { params, macs, bytes: document.bytes + document.externalBytes };
  const measure = (own: Edits): Size => sizeAfter(analysis, costs, decided, own);
  const after = measure(edits);
  const { removal, cuts } = decided;
  const warnings = after.bytes > before.bytes ? [larger(before, after)] : [];
  return { plan, removal, cuts, edits, before, after, lengths: costs.lengths, warnings, measure };
}

/** The same model, with more to be said of it. */
export const warnedOf = (model: CutModel, more: readonly Warning[]): CutModel => ({
  ...model,
  warnings: [...model.warnings, ...more],
});

/** What is known of a pruned model beside what it is: the latency that was predicted, what was chosen from, how its guards were kept. */
type Known = Pick<Pruned, 'latency' | 'guard' | 'curves'>;

/** A pruned model before it is written: the original, and the edits that make it smaller. */
export class PrunedModel implements Pruned {
  readonly plan: Plan;
  readonly before: Size;
  readonly after: Size;
  readonly lengths: CostModel['lengths'];
  readonly reconstruction?: ReconstructionReport;
  readonly warnings: readonly Warning[];
  readonly latency?: NonNullable<Known['latency']>;
  readonly guard?: NonNullable<Known['guard']>;
  readonly curves?: NonNullable<Known['curves']>;
  readonly #native: NativeModel;
  readonly #model: CutModel;

  constructor(native: NativeModel, model: CutModel, { latency, guard, curves }: Known = {}) {
    this.#native = native;
    this.#model = model;
    this.plan = model.plan;
    this.before = model.before;
    this.after = model.after;
    this.lengths = model.lengths;
    if (model.reconstruction !== undefined) this.reconstruction = model.reconstruction;
    this.warnings = model.warnings;
    if (latency !== undefined) this.latency = latency;
    if (guard !== undefined) this.guard = guard;
    if (curves !== undefined) this.curves = curves;
  }

  /** The same model, and how its guards were kept. */
  guarded(guard: NonNullable<Known['guard']>): PrunedModel {
    return new PrunedModel(this.#native, this.#model, { ...this, guard });
  }

  async save(
    path: PathLike,
    options?: SaveOptions,
  ): Promise<{ readonly bytes: number; readonly externalBytes: number }> {
    const [to, call] = [pathFrom('path', path), checked(saveOptions, options)];
    const { bytes, externalBytes } = await this.#native.save(to, this.#model.edits, call);
    return { bytes: bytes + externalBytes, externalBytes };
  }

  async toBytes(options?: CallOptions): Promise<Uint8Array> {
    return this.#native.saveToBytes(this.#model.edits, checked(callOptions, options));
  }
}

const larger = (before: Size, after: Size): Warning => ({
  code: 'LARGER',
  text: `the pruned model is larger than the original: ${after.bytes} bytes, not ${before.bytes}`,
});
