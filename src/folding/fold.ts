import type { ReadNumbers } from '../coupling/storedTensors.js';
import type { Registry, Walk } from '../coupling/walk.js';
import type { ModelDocument, TensorDocument } from '../model/document.js';
import type { Fold, Mask } from '../model/folds.js';
import type { Graph } from '../model/graph.js';
import { readGraph } from '../model/graph.js';
import { isConstant } from '../model/structure.js';
import type { Made } from '../native/derived.js';
import type { NativeModel } from '../native/index.js';
import { type Masking, maskingOf } from './masks.js';
import { type Constant, Constants } from './programs.js';

/** A weight that the graph computes, and what it comes to. */
interface Weight extends Constant {
  readonly made: Made;
}

/** Weights that are made of the same tensors, and what leaves once all of them are stored. */
interface Together {
  readonly weights: readonly Weight[];
  readonly nodes: ReadonlySet<number>;
  readonly tensors: ReadonlySet<number>;
}

const FLOATS = new Set(['float32', 'float16', 'float64', 'bfloat16']);
/** A stored tensor of so few elements may be shared by weights that have nothing else to do with each other. */
const SMALL = 16;

/**
 * The graph in which weights that nodes compute of stored tensors alone are stored tensors themselves, computed of those that there are
 * once somebody reads them. Undefined where there are no such weights, or storing them would make the file larger.
 *
 * A part of what they are made of may leave: nodes and tensors that nothing else needs are gone from that graph.
 */
export function foldedGraph(
  walk: Walk,
  native: NativeModel,
  registry: Registry,
  read: ReadNumbers,
): Graph | undefined {
  const { graph } = walk;
  const all = together(graph, weightsOf(walk, native)).filter((own) => isSmaller(graph, own));
  if (all.length === 0) return undefined;
  native.derive(all.flatMap(({ weights }) => weights.map(({ program }) => program)));
  const document = documentOf(graph.document, all);
  const folds = foldsOf(graph, all, registry, read);
  return {
    ...readGraph(document, graph.file),
    folds,
    zeros: new Map(folds.map(({ tensor, masks }) => [tensor, masks.map((own) => own.length > 0)])),
  };
}

function weightsOf({ graph, wanted }: Walk, native: NativeModel): Weight[] {
  if (wanted.size === 0) return [];
  const constants = new Constants(graph);
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const found = [...wanted].flatMap((name) => (shown.has(name) ? [] : (constants.of(name) ?? [])));
  const made = native.made(found.map(({ program }) => program));
  return found.flatMap((own, place) => {
    const result = made[place];
    return result !== undefined && FLOATS.has(result.dtype) && result.dims.some((length) => length > 1)
      ? [{ ...own, made: result }]
      : [];
  });
}

/** Weights by what they share: they can only be stored together. */
function together(graph: Graph, weights: readonly Weight[]): Together[] {
  const sets: Weight[][] = [];
  const large = (own: Weight): number[] =>
    [...own.leaves].filter((id) => elements(graph.document.tensors[id]!) > SMALL);
  for (const weight of weights) {
    const shares = (other: Weight): boolean =>
      other.nodes.some((node) => weight.nodes.includes(node)) ||
      large(other).some((id) => weight.leaves.has(id));
    const joined = sets.filter((set) => set.some(shares));
    for (const set of joined) sets.splice(sets.indexOf(set), 1);
    sets.push([...joined.flat(), weight]);
  }
  return sets.map((own) => ({ weights: own, ...leaving(graph, own) }));
}

const elements = ({ dims }: TensorDocument): number => dims.reduce((product, length) => product * length, 1);

/** What nothing reads any more once these are stored. */
function leaving(graph: Graph, weights: readonly Weight[]): Pick<Together, 'nodes' | 'tensors'> {
  const roots = new Set(weights.map(({ name }) => name));
  const uses = new Map(graph.uses);
  const nodes = new Set<number>();
  const tensors = new Set<number>();
  const order = new Map(graph.nodes.map((node, place) => [node, place]));
  const makers = [...new Set(weights.flatMap((own) => own.nodes))].sort(
    (a, b) => order.get(b)! - order.get(a)!,
  );
  const leaf = (name: string): void => {
    const stored = graph.initializers.get(name);
    if (stored !== undefined && graph.document.graph.initializers.includes(stored.id)) tensors.add(stored.id);
    const constant = graph.constants.get(name);
    const holder = constant && graph.nodes.find((node) => isConstant(node) && node.outputs[0] === name);
    if (holder?.graph === 0 && holder.id >= 0 && holder.body === undefined) nodes.add(holder.id);
  };
  for (const node of makers) {
    if (!node.outputs.every((name) => name === '' || roots.has(name) || (uses.get(name) ?? 0) === 0))
      continue;
    nodes.add(node.id);
    for (const name of node.inputs) {
      uses.set(name, (uses.get(name) ?? 0) - 1);
      if (uses.get(name) === 0) leaf(name);
    }
  }
  return { nodes, tensors };
}

/** Bytes that are there no more are as many as those that come, at least; and all that makes the weights can leave. */
function isSmaller({ document, nodes: all }: Graph, { weights, nodes, tensors }: Together): boolean {
  const held = all.flatMap(({ id, attributes }) =>
    nodes.has(id) && attributes.value?.type === 'tensor' ? [attributes.value.value] : [],
  );
  const gone = [...tensors, ...held].reduce((sum, id) => sum + document.tensors[id]!.bytes, 0);
  const come = weights.reduce((sum, { made }) => sum + made.bytes, 0);
  const roots = weights.every(({ nodes: own }) => nodes.has(own.at(-1)!.id));
  return come <= gone && roots;
}

function documentOf(document: ModelDocument, all: readonly Together[]): ModelDocument {
  const tensors = [...document.tensors];
  const initializers: number[] = [];
  for (const [number, { weights, nodes, tensors: leaves }] of all.entries())
    for (const { name, made } of weights) {
      initializers.push(tensors.length);
      tensors.push({
        ...{ id: tensors.length, name, dims: made.dims, bytes: made.bytes, external: false },
        dtype: made.dtype as TensorDocument['dtype'],
        derived: { together: number, nodes: [...nodes], tensors: [...leaves] },
      });
    }
  const gone = new Set(all.flatMap(({ nodes }) => [...nodes]));
  const left = new Set(all.flatMap((own) => [...own.tensors]));
  const { graph } = document;
  return {
    ...document,
    tensors,
    graph: {
      ...graph,
      nodes: graph.nodes.filter(({ id }) => !gone.has(id)),
      initializers: [...graph.initializers.filter((id) => !left.has(id)), ...initializers],
      inputs: graph.inputs.filter(({ name }) => ![...left].some((id) => document.tensors[id]!.name === name)),
    },
  };
}

function foldsOf(graph: Graph, all: readonly Together[], registry: Registry, read: ReadNumbers): Fold[] {
  let tensor = graph.document.tensors.length;
  return all.flatMap(({ weights, tensors }) => {
    const maskings = weights.map((weight) => maskingOf(graph, weight, registry, read));
    const free = unshared(maskings);
    return weights.map(({ leaves, nodes }, place): Fold => {
      const { makers, isExact } = maskings[place]!;
      const masks = makers.map((own, axis) =>
        chosen(
          own.filter((mask) => free(mask) && tensors.has(mask.tensor)),
          axis,
          isExact,
        ),
      );
      return { tensor: tensor++, leaves: [...leaves], nodes: nodes.map(({ name }) => name), masks };
    });
  });
}

/** Whether zeroing a slice of a stored tensor touches one weight alone. */
function unshared(maskings: readonly Masking[]): (mask: Mask) => boolean {
  const readers = new Map<string, number>();
  const key = ({ tensor, axis }: Mask, index: number): string => `${tensor}:${axis}:${index}`;
  const each = (mask: Mask): string[] =>
    [...mask.makes].flatMap((made, index) => (made < 0 ? [] : [key(mask, index)]));
  for (const { makers } of maskings)
    for (const own of new Set(makers.flat().flatMap(each))) readers.set(own, (readers.get(own) ?? 0) + 1);
  return (mask) => each(mask).every((own) => readers.get(own) === 1);
}

/** All of the slices, one of them, or none: those that make the weight zero where it is cut and nothing else. */
function chosen(masks: readonly Mask[], axis: number, isExact: Masking['isExact']): readonly Mask[] {
  const sets = [masks, ...(masks.length > 1 ? masks.map((mask) => [mask]) : [])];
  return sets.find((own) => own.length > 0 && isExact(axis, own)) ?? [];
}
