import type { Graph, Node } from './graph.js';

/** The nodes that read each value, by the value's name. */
export type Readers = ReadonlyMap<string, readonly Node[]>;

/** The nodes that read each value; a node that reads it twice is there twice. */
export function readersOf({ nodes }: Graph): Readers {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const name of [...node.inputs, ...node.captures]) {
      const own = readers.get(name);
      if (own === undefined) readers.set(name, [node]);
      else own.push(node);
    }
  return readers;
}
