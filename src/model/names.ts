import type { GraphDocument } from './document.js';
import type { Graph } from './graph.js';

/** Names for what surgery adds, none of which the model has already. */
export class Names {
  readonly #taken = new Set<string>();

  constructor(graph: Graph) {
    this.#collect(graph.document.graph);
    for (const tensor of graph.document.tensors) this.#taken.add(tensor.name);
  }

  /** A new name that begins with `base`. */
  fresh(base: string): string {
    for (let n = 1; ; n++) {
      const name = `${base}.espalier_${n}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }

  #collect(graph: GraphDocument): void {
    for (const value of [...graph.inputs, ...graph.outputs, ...graph.valueInfos]) this.#taken.add(value.name);
    for (const node of graph.nodes) {
      this.#taken.add(node.name);
      for (const name of [...node.inputs, ...node.outputs]) this.#taken.add(name);
      for (const attribute of Object.values(node.attributes)) {
        if (attribute.type === 'graph') this.#collect(attribute.value);
        if (attribute.type === 'graphs') for (const body of attribute.value) this.#collect(body);
      }
    }
  }
}
