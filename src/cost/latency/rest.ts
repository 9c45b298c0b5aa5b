import type { Analysis } from '../../coupling/analysis.js';
import { lengthOf } from '../../coupling/axis.js';
import { evaluate } from '../../model/dim.js';
import type { Node } from '../../model/graph.js';
import type { Element, KeptIndices } from '../../model/values.js';
import type { CostModel } from '../model.js';

/** How much of something a removal leaves: sums of products of lengths. */
export class RemainingWork {
  readonly whole: number;
  readonly #products: readonly (readonly Element[])[];
  readonly #costs: CostModel;

  constructor(products: readonly (readonly Element[])[], costs: CostModel) {
    this.#products = products;
    this.#costs = costs;
    this.whole = this.#sum(undefined);
  }

  /** The share that is left; all of nothing. */
  share(kept: KeptIndices | undefined): number {
    return this.whole === 0 || kept === undefined ? 1 : this.#sum(kept) / this.whole;
  }

  #sum(kept: KeptIndices | undefined): number {
    const { assign } = this.#costs;
    let sum = 0;
    for (const lengths of this.#products) {
      let product = 1;
      for (const length of lengths)
        product *= evaluate(kept === undefined ? length.before : length.after(kept), assign);
      sum += Math.max(0, product);
    }
    return sum;
  }
}

/** The multiply-accumulates of nodes that no table covers. */
export const workBeside = ({ work }: Analysis, covered: ReadonlySet<Node>, costs: CostModel): RemainingWork =>
  new RemainingWork(
    work.flatMap(({ node, lengths }) => (covered.has(node) ? [] : [lengths])),
    costs,
  );

/**
 * The elements that nodes without multiply-accumulates make: element-wise functions, normalisations, pooling. What is
 * computed from stored tensors alone is computed once, when the model is loaded, and does not count.
 */
export function elementsMade({ graph, tensors, work }: Analysis, costs: CostModel): RemainingWork {
  const working = new Set(work.map(({ node }) => node));
  const constant = new Set([...graph.initializers.keys(), ...graph.constants.keys()]);
  const made: Element[][] = [];
  for (const node of graph.nodes) {
    const fixed =
      node.captures.length === 0 && node.inputs.every((name) => name === '' || constant.has(name));
    for (const output of node.outputs) {
      if (fixed) constant.add(output);
      else if (!working.has(node)) made.push(tensors.get(output)?.axes?.map(lengthOf) ?? []);
    }
  }
  return new RemainingWork(made, costs);
}
