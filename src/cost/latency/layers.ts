import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Analysis } from '../../coupling/analysis.js';
import { isLabelled, lengthOf } from '../../coupling/axis.js';
import type { Restatement } from '../../coupling/rule.js';
import { Widths } from '../../coupling/widths.js';
import type { Assignment } from '../../model/dim.js';
import { evaluate } from '../../model/dim.js';
import type { Node } from '../../model/graph.js';
import type { Element, KeptIndices } from '../../model/values.js';
import type { SingleNode, SingleOperand } from '../../model/write.js';
import { canWrite } from '../../model/write.js';
import type { CostModel } from '../model.js';

/** A node that can be measured by itself, at any widths of what may be cut of it. */
export interface MeasurableNode {
  readonly node: Node;
  /** Multiply-accumulates of the whole. */
  readonly macs: number;
  /** What may be cut of it, one or two of them; none where nothing of it can be. */
  readonly widths: readonly Width[];
  /** The node as a model of its own, with these numbers of each width left. */
  at(counts: readonly number[]): SingleNode;
}

/** Lengths of a layer that shrink by the same share. */
export interface Width {
  /** The smallest of them. */
  readonly whole: number;
  /** How much of it a removal leaves. */
  after(kept: KeptIndices): number;
}

/** Widths that a table has: beyond two it would take too long to measure. */
const MOST_WIDTHS = 2;
const PROBES = 6;

/** The nodes that multiply and accumulate, where all of their lengths are known: what the rest is, no table says. */
export function layersOf(analysis: Analysis, costs: CostModel): MeasurableNode[] {
  const { work, restatements } = analysis;
  const macs = new Map<Node, number>();
  const { assign } = costs;
  for (const { node, lengths } of work) {
    const product = lengths.reduce((all, length) => all * evaluate(length.before, assign), 1);
    macs.set(node, (macs.get(node) ?? 0) + Math.max(0, product));
  }
  const probes = probesOf(analysis);
  const stated = new Map<Node, Restatement[]>();
  for (const restatement of restatements)
    stated.set(restatement.node, [...(stated.get(restatement.node) ?? []), restatement]);
  return [...macs].flatMap(([node, own]) => {
    const lengths = new ShrinkingLengths(probes, assign);
    const layer = layerOf(analysis, node, own, stated.get(node) ?? [], lengths);
    return layer === undefined ? [] : [layer];
  });
}

/** Removals at random: lengths that they shrink alike are taken to be one width. */
function probesOf(analysis: Analysis): KeptIndices[] {
  const generator = xoroshiro128plus(1);
  return Array.from({ length: PROBES }, () => {
    const widths = new Widths(analysis);
    for (const group of analysis.groups)
      widths.set(group, uniformInt(generator, Math.min(1, group.lanes.length), group.lanes.length));
    return widths;
  });
}

/** A length as a multiple of one of the widths, or as it is. */
interface Scaled {
  readonly before: number;
  readonly width: number | undefined;
}

/** The lengths of one layer, by how they shrink. */
class ShrinkingLengths {
  readonly #widths = new Map<string, { index: number; whole: number; after: Width['after'] }>();
  readonly #all: Scaled[] = [];

  constructor(
    readonly probes: readonly KeptIndices[],
    readonly assign: Assignment,
  ) {}

  add(length: Element, shrinks: boolean): Scaled {
    const before = evaluate(length.before, this.assign);
    const after = (kept: KeptIndices): number => evaluate(length.after(kept), this.assign);
    const shares = shrinks ? this.probes.map((probe) => (after(probe) / before).toFixed(9)) : [];
    if (shares.every((share) => Number(share) === 1)) return { before, width: undefined };
    const key = shares.join();
    const known = this.#widths.get(key) ?? { index: this.#widths.size, whole: before, after };
    this.#widths.set(key, before < known.whole ? { ...known, whole: before, after } : known);
    const scaled = { before, width: known.index };
    this.#all.push(scaled);
    return scaled;
  }

  /** Undefined where there are too many, or where one is no multiple of another that shrinks with it. */
  widths(): Width[] | undefined {
    const widths = [...this.#widths.values()];
    if (widths.length > MOST_WIDTHS) return undefined;
    return this.#all.every(({ before, width }) => before % widths[width!]!.whole === 0) ? widths : undefined;
  }
}

function layerOf(
  { graph, tensors }: Analysis,
  node: Node,
  macs: number,
  stated: readonly Restatement[],
  lengths: ShrinkingLengths,
): MeasurableNode | undefined {
  const heldAs = (name: string) => graph.initializers.get(name) ?? graph.constants.get(name);
  // Where the file does not state the data's element type, it is taken to be that of the weights.
  const weight = node.inputs.map((name) => heldAs(name)?.dtype).find(canWrite);
  const operands: (undefined | { dtype: string; stored: boolean; lengths: readonly Scaled[] })[] = [];
  for (const name of node.inputs) {
    if (name === '') {
      operands.push(undefined);
      continue;
    }
    const held = heldAs(name);
    const known = tensors.get(name);
    const dtype = held?.dtype ?? known?.dtype ?? weight;
    // Stored integers such as shapes cannot be made up, and tensors of packed or rare types are not written: then the node is
    // not measured alone.
    if (known?.axes === undefined || dtype === undefined || !canWrite(dtype)) return undefined;
    if (held !== undefined && (dtype === 'int64' || dtype === 'int32')) return undefined;
    operands.push({
      dtype,
      stored: held !== undefined,
      lengths: known.axes.map((axis) => lengths.add(lengthOf(axis), isLabelled(axis))),
    });
  }
  const attributes = new Map<string, Scaled>();
  for (const { where, wanted } of stated) {
    if (!('attribute' in where) || where.kind === 'float') continue;
    if (where.kind !== 'int' || wanted.length !== 1) return undefined;
    attributes.set(where.attribute, lengths.add(wanted[0]!, true));
  }
  const widths = lengths.widths();
  const first = operands.find((operand) => operand !== undefined);
  if (widths === undefined || first === undefined || node.captures.length > 0) return undefined;
  const at = (counts: readonly number[]): SingleNode => {
    const scaled = ({ before, width }: Scaled): number =>
      width === undefined ? before : (before / widths[width]!.whole) * counts[width]!;
    return {
      irVersion: graph.document.irVersion,
      opsets: graph.document.opsets,
      op: node.op,
      domain: node.domain,
      attributes: {
        ...node.attributes,
        ...Object.fromEntries(
          [...attributes].map(([name, length]) => [name, { type: 'int' as const, value: scaled(length) }]),
        ),
      },
      operands: operands.map((operand): SingleOperand | undefined =>
        operand === undefined
          ? undefined
          : { dtype: operand.dtype, stored: operand.stored, dims: operand.lengths.map(scaled) },
      ),
      outputs: node.outputs.filter((name) => name !== '').length,
      dtype: first.dtype,
    };
  };
  return { node, macs, widths, at };
}
