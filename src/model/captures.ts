import type { GraphDocument, ModelDocument, NodeDocument } from './document.js';
import type { Node, Refuse } from './expanded.js';
import type { Scope } from './scope.js';
import { lookUp } from './scope.js';
import { graphsOf } from './subgraphs.js';

/** What the sub-graphs of a node that are not laid out read from outside, and the tensors stored in them. */
export function inner(
  node: NodeDocument,
  scope: Scope,
  { tensors }: ModelDocument,
  refuse: Refuse,
): Pick<Node, 'captures' | 'innerTensors'> {
  const captures = new Set<string>();
  const innerTensors: number[] = [];
  const visit = (body: GraphDocument, outer: ReadonlySet<string>): void => {
    const known = new Set(outer);
    for (const input of body.inputs) known.add(input.name);
    for (const id of body.initializers) known.add(tensors[id]!.name);
    for (const { name } of body.sparseInitializers) known.add(name);
    for (const own of body.nodes) for (const output of own.outputs) known.add(output);
    for (const id of body.initializers) innerTensors.push(id);
    const read = (name: string): void => {
      if (name === '' || known.has(name)) return;
      const found = lookUp(scope, name);
      if (found === undefined)
        throw refuse(`"${name}" is read in its body and defined nowhere`, `${node.name} (${node.op})`);
      captures.add(found);
    };
    for (const own of body.nodes) {
      for (const operand of own.inputs) read(operand);
      for (const attribute of Object.values(own.attributes)) {
        if (attribute.type === 'tensor') innerTensors.push(attribute.value);
        for (const deeper of graphsOf(attribute)) visit(deeper, known);
      }
    }
    for (const output of body.outputs) read(output.name);
  };
  for (const attribute of Object.values(node.attributes))
    for (const body of graphsOf(attribute)) visit(body, new Set());
  return { captures: [...captures], innerTensors };
}
