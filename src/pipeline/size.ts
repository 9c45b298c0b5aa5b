import type { Decided } from '../compression/decided.js';
import { BITS, type CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import { INTERFACE_KEY, readChanges, together } from '../data/interfaceChanges.js';
import { type Edits, joined } from '../model/edits.js';
import type { Size } from '../options/types.js';
import { VERSION } from '../platform/index.js';
import { editsOf } from '../surgery/edits.js';
import { interfaceOf } from '../surgery/shrunkInterface.js';

/** All that is written for what was decided. `planSha256`: of the plan that says so, hexadecimal. */
export function editsFor(analysis: Analysis, decided: Decided, planSha256: string): Edits {
  const { removal, cuts, edits } = decided;
  return joined(editsOf(analysis, removal, cuts, metadataOf(analysis, decided, planSha256)), edits);
}

function metadataOf(analysis: Analysis, { removal }: Decided, planSha256: string): Edits['metadata'] {
  const changes = interfaceOf(analysis, removal);
  // The original may itself have been pruned: axes that shrank then are still shorter than those of the model that it came
  // from.
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

/** What is left. Bytes are an upper bound that is met but for a few bytes a tensor: budgets are never exceeded. */
export function sizeAfter(analysis: Analysis, costs: CostModel, decided: Decided, edits?: Edits): Size {
  const { document } = analysis.graph;
  const whole = costs.of();
  const left = costs.of(decided.removal, decided.dtypes);
  const written = edits ?? editsFor(analysis, decided, '0'.repeat(64));
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
    (written.retyped ?? []).reduce((sum, { name }) => sum + name.length + OVERHEAD, 0) +
    written.attributes.length * OVERHEAD +
    written.valueInfos.length * 8;
  const aligned = document.tensors.reduce((sum, tensor) => sum + (tensor.external ? ALIGNMENT : 0), 0);
  const together =
    document.bytes + document.externalBytes - (whole.tensorBytes - left.tensorBytes) + text + added + aligned;
  // A model beyond the limit has its data in a file beside it, and each tensor states where its own begins.
  const stored = document.tensors.length + written.copies.length;
  const bytes = together < MOST_INSIDE ? together : together + stored * (ALIGNMENT + PLACE);
  return { params: left.params, macs: left.macs, bytes };
}
