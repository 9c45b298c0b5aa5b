import { isWeight } from '../cost/model.js';
import { lengthOf } from '../coupling/axis.js';
import { evaluate } from '../model/dim.js';
import type { TensorDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import type { FrozenReport } from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import type { OpenedModel } from './opened.js';
import { runsOf } from './runs.js';
import { readerOf, shownNodes } from './shownNodes.js';
import type { NodeRow, TensorRow } from './types.js';

/** The graph of a report: nodes, what they read of each other, and the stored tensors that they read. */
export interface GraphRows {
  readonly nodes: readonly NodeRow[];
  readonly edges: readonly (readonly [number, number])[];
  readonly tensors: readonly TensorRow[];
  readonly reasons: readonly string[];
}

/** What both models' files and analyses say of nodes and tensors, matched by their names. */
export function graphRows(
  original: OpenedModel,
  pruned: OpenedModel | undefined,
  frozen: readonly FrozenReport[],
  plan: Plan | undefined,
): GraphRows {
  const nodes = shownNodes(original);
  const at = new Map(nodes.map((node, index) => [node, index]));
  const reasons = new Sentences();
  // That kernels keep their extent goes without saying.
  const told = frozen.filter((own) => own.reasons.some(({ why }) => why !== 'kernel'));
  const tensors = tensorRows(original, pruned, at, { frozen: told, plan, reasons });
  return {
    nodes: nodeRows(nodes, original, pruned, tensors, reasons),
    edges: edgesOf(nodes, original, at),
    tensors,
    reasons: reasons.all,
  };
}

/** Sentences, each once. */
class Sentences {
  readonly #places = new Map<string, number>();

  get all(): readonly string[] {
    return [...this.#places.keys()];
  }

  place(text: string): number {
    const known = this.#places.get(text) ?? this.#places.size;
    this.#places.set(text, known);
    return known;
  }
}

interface Known {
  readonly frozen: readonly FrozenReport[];
  readonly plan: Plan | undefined;
  readonly reasons: Sentences;
}

function tensorRows(
  { graph }: OpenedModel,
  pruned: OpenedModel | undefined,
  at: ReadonlyMap<Node, number>,
  { frozen, plan, reasons }: Known,
): TensorRow[] {
  const left = pruned === undefined ? () => undefined : counterparts(graph, pruned.graph);
  const kept = new Map(Object.entries(plan?.tensors ?? {}));
  const frozenOf = grouped(frozen, ({ tensor }) => tensor);
  return graph.document.tensors.flatMap((tensor): TensorRow[] => {
    const name = graph.nameOf(tensor.id);
    if (!isWeight(tensor) || name === '') return [];
    const after = left(name);
    const reader = readerOf(graph, name, at);
    const cuts = after === undefined ? [] : cutsOf(tensor, after, kept.get(name));
    const stays = frozenOf.get(name) ?? [];
    return [
      {
        ...{ name, dtype: tensor.dtype, dims: tensor.dims },
        ...(after !== undefined && { left: after.dims }),
        bytes: [tensor.bytes, after?.bytes ?? 0],
        node: reader,
        ...(cuts.length > 0 && { cuts }),
        ...(stays.length > 0 && {
          frozen: stays.map((own) => ({
            axis: own.axis,
            reasons: own.reasons.map(({ node, text }) =>
              reasons.place(node === '' ? text : `${node}: ${text}`),
            ),
          })),
        }),
      },
    ];
  });
}

/**
 * Finds the tensor of the pruned model that a tensor of the original has become: of the same name, else what the node of the same name reads
 * in its place, since tools give tensors new names where they change what is in them.
 */
function counterparts(original: Graph, pruned: Graph): (name: string) => TensorDocument | undefined {
  const byName = new Map(pruned.document.tensors.map((own) => [pruned.nameOf(own.id), own]));
  const nodes = new Map(pruned.nodes.map((node) => [node.name, node]));
  return (name) => {
    const same = byName.get(name);
    const reader = same === undefined ? original.readersOf(name)[0] : undefined;
    const other = reader && nodes.get(reader.name);
    const value = other?.inputs[reader?.inputs.indexOf(name) ?? -1] ?? '';
    return same ?? pruned.initializers.get(value) ?? pruned.constants.get(value);
  };
}

/** Axes that are shorter; where the plan names the indices that stay, these too. */
function cutsOf(
  before: TensorDocument,
  after: TensorDocument,
  kept: Readonly<Record<string, readonly number[]>> = {},
): NonNullable<TensorRow['cuts']> {
  if (before.dims.length !== after.dims.length) return [];
  return before.dims.flatMap((length, axis) => {
    if (length === after.dims[axis]) return [];
    const stay = kept[axis];
    const known = stay !== undefined && stay.length === after.dims[axis];
    return [{ axis, ...(known && { runs: runsOf(stay, length) }) }];
  });
}

function nodeRows(
  nodes: readonly Node[],
  original: OpenedModel,
  pruned: OpenedModel | undefined,
  tensors: readonly TensorRow[],
  reasons: Sentences,
): NodeRow[] {
  const own = grouped(tensors, ({ node }) => node);
  const work = [macsByNode(original), pruned && macsByNode(pruned)] as const;
  const there = new Map(pruned?.graph.nodes.map((node) => [node.name, node]));
  const stopped = new Map([...original.analysis.frozenNodes].map(([node, why]) => [node.name, why]));
  return nodes.map((node, index): NodeRow => {
    const other = there.get(node.name);
    const weights = own.get(index) ?? [];
    const shape = shapeOf(original, node);
    const left = pruned && other && shapeOf(pruned, other);
    const stop = stopped.get(node.name);
    const frozen = new Set(weights.flatMap((tensor) => tensor.frozen?.flatMap((axis) => axis.reasons) ?? []));
    if (stop !== undefined) frozen.add(reasons.place(stop.text));
    return {
      ...{ name: node.name, op: node.op, domain: node.domain },
      ...(shape !== undefined && { shape }),
      ...(left !== undefined && { left }),
      params: [
        sum(weights, ({ dims }) => product(dims)),
        sum(weights, ({ left: dims }) => (dims === undefined ? 0 : product(dims))),
      ],
      bytes: [sum(weights, ({ bytes }) => bytes[0]), sum(weights, ({ bytes }) => bytes[1])],
      macs: [work[0].get(node.name) ?? 0, work[1]?.get(node.name) ?? 0],
      ...(pruned !== undefined && other === undefined && { gone: true as const }),
      ...(frozen.size > 0 && { frozen: [...frozen] }),
    };
  });
}

function macsByNode({ analysis, costs }: OpenedModel): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { node, lengths } of analysis.work) {
    const macs = lengths.reduce((all, length) => all * evaluate(length.before, costs.assign), 1);
    found.set(node.name, (found.get(node.name) ?? 0) + Math.max(0, macs));
  }
  return found;
}

function shapeOf({ analysis, costs }: OpenedModel, { outputs }: Node): readonly number[] | undefined {
  const axes = analysis.tensors.get(outputs[0] ?? '')?.axes;
  return axes?.map((axis) => evaluate(lengthOf(axis).before, costs.assign));
}

function edgesOf(
  nodes: readonly Node[],
  { graph }: OpenedModel,
  at: ReadonlyMap<Node, number>,
): (readonly [number, number])[] {
  return nodes.flatMap((node, to) => {
    const makers = [...node.inputs, ...node.captures].map((value) => {
      const maker = graph.makerOf(value);
      return maker === undefined ? undefined : at.get(maker);
    });
    return [...new Set(makers)].flatMap((from) => (from === undefined ? [] : [[from, to] as const]));
  });
}

const product = (dims: readonly number[]): number => dims.reduce((all, length) => all * length, 1);

const sum = <T>(rows: readonly T[], of: (row: T) => number): number =>
  rows.reduce((all, row) => all + of(row), 0);

function grouped<T, K>(rows: readonly T[], by: (row: T) => K): Map<K, T[]> {
  const found = new Map<K, T[]>();
  for (const row of rows) {
    const known = found.get(by(row));
    if (known === undefined) found.set(by(row), [row]);
    else known.push(row);
  }
  return found;
}
