import type { NodeDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { isConstant } from '../model/structure.js';
import type { Program, ProgramStep } from '../native/derived.js';

/** A value that follows from stored tensors alone. */
export interface Constant {
  readonly name: string;
  /** The nodes that make it, each before those that read it; Constant nodes are left out. */
  readonly nodes: readonly Node[];
  /** The stored tensors that these read. */
  readonly leaves: ReadonlySet<number>;
  readonly program: Program;
}

/** More nodes than this make no weight. */
const MOST_STEPS = 256;

/** What is made of constants alone, and how. */
export class Constants {
  readonly #makers = new Map<string, Node>();
  readonly #constant = new Set<string>();

  constructor(readonly graph: Graph) {
    for (const name of [...graph.initializers.keys(), ...graph.constants.keys()]) this.#constant.add(name);
    for (const node of graph.nodes) {
      if (
        !graph.isMain(node) ||
        !isPlain(node) ||
        !node.inputs.every((name) => name === '' || this.#constant.has(name))
      )
        continue;
      // A node that reads nothing may give another number each time, as generators of random numbers do.
      if (node.inputs.every((name) => name === '') && !isConstant(node)) continue;
      for (const name of node.outputs) {
        this.#constant.add(name);
        this.#makers.set(name, node);
      }
    }
  }

  /** How a value is made; undefined where it is stored itself, or data decide, or nothing can say. */
  of(name: string): Constant | undefined {
    const last = this.#makers.get(name);
    if (last === undefined) return undefined;
    const nodes: Node[] = [];
    const leaves = new Set<number>();
    const places = new Map<string, number>();
    const steps: ProgramStep[] = [];
    // Nodes are in an order in which each operand is made first, so a node's own turn comes after those that it reads.
    const visit = (value: string): boolean => {
      if (value === '' || places.has(value)) return true;
      const stored = this.graph.initializers.get(value) ?? this.graph.constants.get(value);
      if (stored !== undefined) {
        leaves.add(stored.id);
        places.set(value, stored.id);
        return true;
      }
      const node = this.#makers.get(value);
      if (node === undefined || steps.length >= MOST_STEPS || !node.inputs.every(visit)) return false;
      const step = stepOf(node, value, (operand) => (operand === '' ? undefined : places.get(operand)));
      if (step === undefined) return false;
      places.set(value, -1 - steps.length);
      steps.push(step);
      if (!nodes.includes(node)) nodes.push(node);
      return true;
    };
    return visit(name) ? { name, nodes, leaves, program: { name, steps } } : undefined;
  }
}

/** It gives the same each time, and lies where it can be taken out. */
const isPlain = (node: Node): boolean =>
  node.domain === '' && node.captures.length === 0 && node.innerTensors.length === 0;

function stepOf(
  { op, opset, inputs, outputs, attributes }: Node,
  value: string,
  place: (operand: string) => number | undefined,
): ProgramStep | undefined {
  // How an operator such as Split divides its operand may follow from nothing but how many outputs its node has.
  const ints: Record<string, readonly number[]> = { outputs: [outputs.length] };
  const floats: Record<string, readonly number[]> = {};
  for (const [name, attribute] of Object.entries(attributes) as [
    string,
    NodeDocument['attributes'][string],
  ][]) {
    if (attribute.type === 'int') ints[name] = [attribute.value];
    else if (attribute.type === 'ints') ints[name] = attribute.value;
    else if (attribute.type === 'float') floats[name] = [Number(attribute.value)];
    else if (attribute.type === 'floats') floats[name] = attribute.value.map(Number);
    else if (attribute.type !== 'string') return undefined;
  }
  return { op, opset, operands: inputs.map(place), output: outputs.indexOf(value), ints, floats };
}
