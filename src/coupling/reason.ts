/** Why an axis cannot be cut, or a lane is not exact: data, with the node that makes it so. */
export interface Reason {
  readonly why: Why;
  /** The node's name; '' where no node is to blame. */
  readonly node: string;
  readonly text: string;
  /** Where something is not known: what first lost it, also named in the text. */
  readonly since?: Cause;
}

/** The node behind which something is not known, and why. */
export interface Cause {
  /** Its name; '' for what the model is given. */
  readonly node: string;
  readonly op: string;
  readonly text: string;
}

/** A cause as the end of a sentence. */
export const sinceText = ({ node, op, text }: Cause): string =>
  node === '' ? `, since ${text}` : `, since ${node} (${op}): ${text}`;

/** The kinds of reasons why an axis is frozen or a lane inexact; reports and tests tell them apart by these words. */
export type Why =
  | 'no-rule' // the operator has no rule
  | 'graph-input' // the axis meets one that no weight gave its length
  | 'graph-output' // the model's interface shows it
  | 'kernel' // spatial extent of a kernel
  | 'operator' // the operator's meaning depends on the whole axis
  | 'unknown-shape' // a length cannot be inferred
  | 'unknown-rank' // what feeds the node gave up already
  | 'data-dependent' // data decides which indices are used
  | 'control-flow' // the tensor is used in the body of If, Loop or Scan
  | 'mismatch' // two ways to see one axis do not fit together
  | 'unused' // no node reads the tensor
  | 'keep'; // the user said so
