import type { GraphDocument, ModelDocument, NodeDocument } from '../model/document.js';
import { BODY, BRANCHES, isIf, isLoop, isScan } from '../model/structure.js';
import { factsOf } from '../ops/facts.js';
import { behindSuppression } from './suppression.js';

/**
 * An output of a model that is no tensor, which runtimes do not hand over (onnxruntime-node and -web say "Non tensor type is
 * temporarily not supported"), and the tensors that it is made of.
 */
export interface StandIn {
  /** The output: a sequence, a map, a sequence of maps or an optional. */
  readonly output: string;
  /** The values of the main graph that it holds, in order: what is compared in its stead. Nothing where they cannot be told. */
  readonly values: readonly string[];
  /** Why there are none, in plain words. */
  readonly why?: string;
}

/** Nodes whose answers are of whatever kind the graphs in them give. */
const holdsGraphs = (node: NodeDocument): boolean => isIf(node) || isLoop(node) || isScan(node);

const makersOf = ({ nodes }: GraphDocument): ReadonlyMap<string, NodeDocument> =>
  new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));

/**
 * The outputs of a model that are no tensors, as far as the graph tells.
 *
 * @param others names of outputs that the runtime could not hand over; by default what the file says
 */
export function standInsOf({ graph }: ModelDocument, others?: ReadonlySet<string>): readonly StandIn[] {
  const makers = makersOf(graph);
  const odd = graph.outputs.filter(({ name, dtype }) => {
    if (others !== undefined) return others.has(name);
    return dtype === null && !isTensor(makers, name);
  });
  return odd.map(({ name }): StandIn => {
    const values = [...new Set(madeOf(makers, name))].filter((value) => value !== '' && value !== name);
    if (values.length > 0) return { output: name, values };
    const maker = makers.get(name);
    const by = maker === undefined ? 'no node' : `node ${maker.name || maker.outputs[0]} (${maker.op})`;
    return {
      output: name,
      values,
      why: `it is made by ${by}, and what it holds is no value of the main graph`,
    };
  });
}

/** The values that a value consists of: itself, where it is a tensor. */
function madeOf(makers: ReadonlyMap<string, NodeDocument>, value: string): readonly string[] {
  const maker = makers.get(value);
  if (maker === undefined) return [value];
  const { identity, holds } = factsOf(maker);
  // A cycle is refused elsewhere; leaving the value out keeps this search from running round in it.
  const others = new Map(makers);
  others.delete(value);
  const followed = (): readonly string[] => maker.inputs.slice(0, 1).flatMap((own) => madeOf(others, own));
  const named = (operands: readonly number[]): string[] => operands.flatMap((own) => maker.inputs[own] ?? []);
  if (identity) return followed();
  if (holds?.kind === 'tensors') return holds.operands === undefined ? maker.inputs : named(holds.operands);
  return holds?.kind === 'more' ? [...followed(), ...named(holds.operands)] : [value];
}

/** Of what has no stated type: whether a node makes it that gives tensors alone. */
function isTensor(makers: ReadonlyMap<string, NodeDocument>, value: string): boolean {
  const maker = makers.get(value);
  if (maker === undefined) return true;
  const { identity, holds } = factsOf(maker);
  if (identity) {
    const others = new Map(makers);
    others.delete(value);
    return isTensor(others, maker.inputs[0]!);
  }
  return holds === undefined && !holdsGraphs(maker);
}

/**
 * The nodes of the main graph whose answers are no tensors, so that no runtime hands them over: whoever needs one later has to compute
 * it again.
 */
export function fleetingNodes({ graph }: ModelDocument): ReadonlySet<NodeDocument> {
  const makers = makersOf(graph);
  const fleeting = (node: NodeDocument): boolean =>
    node.outputs.some((name) => name !== '' && isFleeting(makers, name));
  return new Set(graph.nodes.filter(fleeting));
}

/** Is a value no tensor, as far as the nodes tell that it comes from? */
function isFleeting(makers: ReadonlyMap<string, NodeDocument>, value: string): boolean {
  const maker = makers.get(value);
  if (maker === undefined) return false;
  const { identity, holds } = factsOf(maker);
  if (holds !== undefined) return holds.kind !== 'unknown' || !holds.maybe;
  if (!identity && !isIf(maker) && !isLoop(maker)) return false;
  const others = new Map(makers);
  others.delete(value);
  if (identity) return isFleeting(others, maker.inputs[0]!);
  const place = maker.outputs.indexOf(value);
  const inner = (key: string, at: number): boolean => {
    const body = maker.attributes[key];
    const output = body?.type === 'graph' ? body.value.outputs[at]?.name : undefined;
    if (body?.type !== 'graph' || output === undefined) return false;
    return isFleeting(new Map([...others, ...makersOf(body.value)]), output);
  };
  // The first output of a loop's body says whether it goes on.
  return isLoop(maker) ? inner(BODY, place + 1) : BRANCHES.some((branch) => inner(branch, place));
}

/**
 * The tensors that say what a model answers, for those who judge by numbers: its outputs, what those that are no tensors are made
 * of, and instead of outputs behind a non-maximum suppression the boxes and scores that it chooses from, which are as many
 * whatever it chooses.
 */
export function answeredBy(document: ModelDocument): readonly string[] {
  const odd = new Map(standInsOf(document).map(({ output, values }) => [output, values]));
  const tensors = document.graph.outputs.flatMap(({ name }) => odd.get(name) ?? [name]);
  const behind = behindSuppression(document);
  return [...new Set(tensors.flatMap((name) => (behind.get(name)?.length ? behind.get(name)! : [name])))];
}

/** The classes that a tensor of scores [samples, classes] is said to be about: the labels of the ZipMap that reads it. */
export function classNamesOf({ graph }: ModelDocument): ReadonlyMap<string, readonly (string | number)[]> {
  const names = new Map<string, readonly (string | number)[]>();
  for (const node of graph.nodes) {
    if (!factsOf(node).namesClasses) continue;
    for (const attribute of Object.values(node.attributes))
      if ((attribute.type === 'strings' || attribute.type === 'ints') && attribute.value.length > 0)
        names.set(node.inputs[0]!, attribute.value);
  }
  return names;
}
