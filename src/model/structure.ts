import type { NodeDocument } from './document.js';

/**
 * The operators that the file format itself is made of: a graph cannot be read without knowing which nodes hold graphs or
 * stored tensors, and no rule can be asked before it is read. Only here, and in `src/ops`, are operators known by name.
 */
type Named = Pick<NodeDocument, 'op' | 'domain'>;
type Holder = Named & Pick<NodeDocument, 'attributes'>;

const isStandard = (node: Named, op: string): boolean =>
  node.op === op && (node.domain === '' || node.domain === 'ai.onnx');

/** A node that holds a stored tensor, or numbers, in its attributes. */
export const isConstant = (node: Named): boolean => isStandard(node, 'Constant');

/** The attributes that hold the branches of an If: the first is taken where the condition is true. */
export const BRANCHES = ['then_branch', 'else_branch'] as const;

/** A node that computes one of two graphs, both of which it holds. */
export const isIf = (node: Holder): boolean =>
  isStandard(node, 'If') && BRANCHES.every((name) => node.attributes[name]?.type === 'graph');

/** The attribute that holds the body of a Loop or Scan. */
export const BODY = 'body';

/** A node that computes the graph that it holds as often as data says. */
export const isLoop = (node: Holder): boolean =>
  isStandard(node, 'Loop') && node.attributes[BODY]?.type === 'graph';

/** A node that computes the graph that it holds once for each slice of its operands. */
export const isScan = (node: Holder): boolean =>
  isStandard(node, 'Scan') && node.attributes[BODY]?.type === 'graph';
