import type { AttributeDocument, GraphDocument, NodeDocument } from './document.js';
import { BODY, BRANCHES, isIf, isLoop, isScan } from './structure.js';

/** What the names of an If's branches begin with, in their order. */
export const SIDES = ['then', 'else'] as const;

/** The branches of an If, the one for true first. Undefined for other nodes. */
export function branchesOf(node: NodeDocument): readonly GraphDocument[] | undefined {
  if (!isIf(node)) return undefined;
  return BRANCHES.flatMap((name) => graphsOf(node.attributes[name]!));
}

/** The domain of nodes that no file has: the beginning of a body, which gives it what each round begins with. */
export const INNER = 'espalier';
/** The name of the node that a body begins with, by the name of its Loop or Scan. */
export const beginningOf = (name: string): string => `${name}/begin`;

/** The body of a Loop or Scan that takes and gives as many values as its node says. */
export function bodyOf(node: NodeDocument, opset: number): GraphDocument | undefined {
  const { [BODY]: body, num_scan_inputs: scans } = node.attributes;
  if (body?.type !== 'graph') return undefined;
  const { inputs, outputs } = body.value;
  const given = node.inputs.length;
  const states = Math.max(0, given - 2);
  const loops = isLoop(node) && inputs.length === 2 + states && outputs.length === 1 + node.outputs.length;
  // Before opset 9 a Scan has batches of its own.
  const scansAlong =
    isScan(node) &&
    opset >= 9 &&
    scans?.type === 'int' &&
    scans.value >= 1 &&
    scans.value <= given &&
    inputs.length === given &&
    outputs.length === node.outputs.length;
  const enough = loops ? node.outputs.length >= states : true;
  return (loops || scansAlong) && enough ? body.value : undefined;
}

/** The sub-graphs that an attribute holds. */
export const graphsOf = (attribute: AttributeDocument): readonly GraphDocument[] =>
  attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [];
