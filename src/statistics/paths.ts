import type { Walk } from '../coupling/walk.js';
import { type Makers, storedAs } from '../layers/quantised.js';
import { isGiven } from '../model/dim.js';
import type { Node } from '../model/graph.js';
import type { Readers } from '../model/readers.js';

/** Who reads a layer's outputs, each scaled and shifted and anywhere in a value: a node that makes something else of them. */
export interface FinalReader {
  readonly value: string;
  readonly node: Node;
  readonly operand: number;
}

/** Where values go through nodes that only move, scale and shift their elements. */
export class Paths {
  readonly #constant = new Map<string, boolean>();

  constructor(
    readonly walk: Walk,
    readonly readers: Readers,
    readonly makers: Makers,
  ) {}

  /** Undefined where the paths are not known: one ends in an output of the model, or in a node outside of the main graph. */
  from(root: string): FinalReader[] | undefined {
    const { graph, linear } = this.walk;
    const shown = new Set(graph.outputs.map(({ name }) => name));
    const found: FinalReader[] = [];
    const open = [root];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const value = name;
      if (shown.has(value)) return undefined;
      for (const node of new Set(this.readers.get(value))) {
        if (this.#isLength(node)) continue;
        const operands = node.inputs.flatMap((name, operand) => (name === value ? [operand] : []));
        const [own] = operands;
        if (own === undefined || !graph.isMain(node)) return undefined;
        const passes =
          operands.length === 1 && node.inputs.every((name) => name === value || this.#isFixed(name));
        if (linear.has(node) && passes) open.push(...node.outputs.filter((name) => name !== ''));
        else found.push(...operands.map((operand) => ({ value, node, operand })));
      }
    }
    return found;
  }

  /** What it gives speaks of lengths, and not of what lies there. */
  #isLength({ outputs }: Node): boolean {
    return outputs.length > 0 && outputs.every((name) => this.#speaksOfLengths(name));
  }

  #speaksOfLengths(name: string): boolean {
    const values = this.walk.tensors.get(name)?.values;
    return values?.elements.every(({ before }) => !isGiven(before)) ?? false;
  }

  /** Not computed from what the model is given, but for lengths. */
  #isFixed(name: string): boolean {
    const known = this.#constant.get(name);
    if (known !== undefined) return known;
    const maker = this.makers.get(name);
    const fixed =
      name === '' ||
      storedAs(this.walk.graph, name) !== undefined ||
      this.#speaksOfLengths(name) ||
      (maker !== undefined &&
        maker.captures.length === 0 &&
        maker.inputs.every((operand) => this.#isFixed(operand)));
    this.#constant.set(name, fixed);
    return fixed;
  }
}
