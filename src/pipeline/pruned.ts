import { BITS, CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Removal } from '../coupling/survivors.js';
import { INTERFACE_KEY, readChanges, together } from '../data/interface.js';
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
import { sha256, VERSION } from '../platform/index.js';
import type { Reconstructed, Removed } from '../refit/removed.js';
import { checked } from '../schema/check.js';
import { type PathLike, pathFrom } from '../schema/sources.js';
import type { Cuts } from '../surgery/cuts.js';
import { cutsOf } from '../surgery/cuts.js';
import { editsOf } from '../surgery/edits.js';
import { interfaceOf } from '../surgery/interface.js';

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
    { removal, cuts }: { readonly removal: Removal; readonly cuts: Cuts },
  ) {
    this.#native = native;
    const hash = sha256(JSON.stringify(plan));
    this.#edits = editsOf(analysis, removal, cuts, metadataOf(analysis, removal, hash));
    this.#removed = { removal, cuts, edits: this.#edits };
    const costs = new CostModel(analysis);
    this.lengths = costs.lengths;
    const { document } = analysis.graph;
    const whole = costs.of();
    this.before = { params: whole.params, macs: whole.macs, bytes: document.bytes + document.externalBytes };
    this.#measure = (edits) => sizeAfter(analysis, costs, removal, edits);
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

/** The first few of some names. */
export const named = (names: readonly string[]): string =>
  names
    .slice(0, MOST_NAMED)
    .map((name) => `"${name}"`)
    .join(', ') + (names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '');
const MOST_NAMED = 4;

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

function metadataOf(analysis: Analysis, removal: Removal, planSha256: string): Edits['metadata'] {
  const changes = interfaceOf(analysis, removal);
  // Axes that shrank before, when the original was made, and do not now, are still shorter than they were.
  const before = readChanges(analysis.graph.document.metadata[INTERFACE_KEY]);
  return [
    { key: 'espalier.plan', value: planSha256 },
    { key: 'espalier.version', value: VERSION },
    ...(changes === undefined
      ? []
      : [{ key: INTERFACE_KEY, value: JSON.stringify(before ? together(before, changes) : changes) }]),
  ];
}

/** Bytes that a new initializer, operand or node needs beside its data and names, at most. */
const OVERHEAD = 64;
/** Less than this is in one file: protobuf's limit, with room for what is said of sizes. */
const MOST_INSIDE = 2 ** 31 - 2 ** 16;
/** What says where a tensor's data lies: a file's name, an offset and a length. */
const PLACE = 512;
/** External tensors begin at multiples of this. */
const ALIGNMENT = 64;

/** What a removal leaves. Bytes are an upper bound that is met but for a few bytes a tensor: budgets are never exceeded. */
export function sizeAfter(analysis: Analysis, costs: CostModel, removal: Removal, edits?: Edits): Size {
  const { document } = analysis.graph;
  const whole = costs.of();
  const left = costs.of(removal);
  const written =
    edits ??
    editsOf(analysis, removal, cutsOf(analysis, removal), metadataOf(analysis, removal, '0'.repeat(64)));
  const text = [...written.metadata].reduce(
    (sum, { key, value }) => sum + key.length + value.length + OVERHEAD,
    0,
  );
  const added =
    written.literals.reduce((sum, { name, values }) => sum + name.length + 8 * values.length + OVERHEAD, 0) +
    written.integers.reduce((sum, { values }) => sum + 8 * values.length + OVERHEAD, 0) +
    written.copies.reduce((sum, { tensor, name, selections }) => {
      const kept = selections.reduce((product, selection) => product * selection.kept.length, 1);
      return sum + name.length + OVERHEAD + (kept * BITS[document.tensors[tensor]!.dtype]!) / 8;
    }, 0) +
    (written.folded ?? []).reduce((sum, { name }) => sum + name.length + OVERHEAD, 0) +
    written.inputs.reduce((sum, { name }) => sum + name.length + OVERHEAD, 0) +
    written.nodes.reduce((sum, { name }) => sum + 5 * name.length + OVERHEAD, 0) +
    written.attributes.length * OVERHEAD +
    written.valueInfos.length * 8;
  const aligned = document.tensors.reduce((sum, tensor) => sum + (tensor.external ? ALIGNMENT : 0), 0);
  const together =
    document.bytes + document.externalBytes - (whole.tensorBytes - left.tensorBytes) + text + added + aligned;
  // Beyond it data that lay in the model goes beside it, and each tensor says where.
  const stored = document.tensors.length + written.copies.length;
  const bytes = together < MOST_INSIDE ? together : together + stored * (ALIGNMENT + PLACE);
  return { params: left.params, macs: left.macs, bytes };
}
