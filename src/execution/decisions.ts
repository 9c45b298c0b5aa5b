import type { Removal } from '../coupling/survivors.js';
import type { Walk } from '../coupling/walk.js';
import type { Node } from '../model/graph.js';
import type { Readers } from '../model/readers.js';
import { readersOf } from '../model/readers.js';
import type { Tensor } from '../runtime/runtime.js';

/** Values that decide lengths or pick elements, which a pruned model takes from the original instead of computing them. */
export interface GivenValues {
  readonly names: ReadonlySet<string>;
  /** What the other model has there. */
  readonly from: { get(value: string, batch: number): Tensor | undefined };
}

const INDICES: ReadonlySet<string> = new Set(['int64', 'int32']);
const isDiscrete = (dtype: string | undefined): boolean => dtype === 'bool' || INDICES.has(dtype ?? '');

/**
 * Values in which data decide how long others are, or which of them are looked at: counts and indices that are made of floats (durations
 * cast to integers, boxes that stay, the greatest), comparisons that lengths follow from, and floats that are read as lengths. Where a
 * pruned model decides otherwise, nothing behind is at the same place any more: with what the original decided it is.
 */
export function decisionsOf(walk: Walk): ReadonlySet<string> {
  const { graph, tensors, readings, measuring } = walk;
  const readers = readersOf(graph);
  const dtypeOf = (name: string): string | undefined =>
    tensors.get(name)?.dtype ?? graph.stated.get(name)?.[0]?.dtype ?? undefined;
  // Rules that move values do not state their element type, which is then that of the operand.
  const isFloat = (name: string): boolean => dtypeOf(name)?.startsWith('float') ?? true;
  const computed = new Set(graph.inputs.map(({ name }) => name));
  const found = new Set<string>();
  for (const node of graph.nodes) {
    // Values that follow from lengths alone are computed anew for the lengths that remain.
    if (measuring.has(node) || ![...node.inputs, ...node.captures].some((name) => computed.has(name)))
      continue;
    const outputs = node.outputs.filter((name) => name !== '');
    for (const name of outputs) computed.add(name);
    if (node.graph !== 0 || node.id < 0 || node.body !== undefined) continue;
    for (const operand of readings.get(node)?.operands ?? []) {
      const name = node.inputs[operand] ?? '';
      if (isFloat(name) && computed.has(name) && !graph.inputs.some((input) => input.name === name))
        found.add(name);
    }
    if (!node.inputs.some((name) => isFloat(name) && computed.has(name))) continue;
    for (const name of outputs)
      if (isDiscrete(dtypeOf(name)) && decides(walk, readers, name, dtypeOf)) found.add(name);
  }
  return found;
}

/**
 * Whether lengths follow from a value, or places that are looked at, through others that are discrete. Integers that come back to
 * floats as numbers are data, however they are rounded: a bias in units of scales, say, that is added to a product of integers.
 */
function decides(
  walk: Walk,
  readers: Readers,
  value: string,
  dtypeOf: (name: string) => string | undefined,
): boolean {
  const { readings, frozenNodes, factsOf } = walk;
  const seen = new Set<string>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const node of readers.get(name) ?? []) {
      const reading = readings.get(node);
      const reads = (operand: number): boolean => node.inputs[operand] === name;
      if (reading?.isOpen || reading?.operands.some(reads) || frozenNodes.has(node)) return true;
      if (!factsOf(node).dequantises && looksUp(node, name, dtypeOf)) return true;
      open.push(...node.outputs.filter((own) => isDiscrete(dtypeOf(own))));
    }
  }
  return false;
}

/** Whether a node takes floats at the places that an operand of integers says: no arithmetic has operands of both types. */
function looksUp(node: Node, value: string, dtypeOf: (name: string) => string | undefined): boolean {
  const isFloat = (name: string): boolean => name !== '' && !isDiscrete(dtypeOf(name));
  return INDICES.has(dtypeOf(value) ?? '') && node.inputs.some(isFloat) && node.outputs.some(isFloat);
}

/** Of these values those whose lengths no removal changes: others do not fit into the pruned model as they are. */
export function takenBy(names: ReadonlySet<string>, { tensors }: Walk, removal: Removal): Set<string> {
  const isWhole = (name: string): boolean =>
    (tensors.get(name)?.axes ?? []).every(({ factors }) =>
      factors.every(({ labels }) => labels === undefined || removal.indices(labels).length === labels.length),
    );
  return new Set([...names].filter(isWhole));
}
