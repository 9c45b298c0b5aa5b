import type { AttributeDocument, TensorDocument, ValueDocument } from './document.js';

/** One node of the flat graph, its operands resolved. */
export interface Node {
  /** Of the node in the file; -1 for one that only joins names. */
  readonly id: number;
  /** Its name in the file, or operator and position where it has none; unique. */
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Version of its domain's operator set that the file, or the function, imports; 0 where it imports none. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Its operands as its own graph names them. */
  readonly written: readonly string[];
  /** Its outputs as its own graph names them. */
  readonly writtenOutputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeDocument>>;
  /** Outer values that its sub-graphs read. */
  readonly captures: readonly string[];
  /** Stored tensors in its sub-graphs. */
  readonly innerTensors: readonly number[];
  /** The graph that it lies in. */
  readonly graph: number;
  /**
   * Of a Loop or Scan whose body is laid out: the states that it hands on. Its operands are then those of the file, and the values that
   * the body ends in.
   */
  readonly states?: number;
  /** Where it lies in the body of a function: how often that is called. */
  readonly body?: { readonly calls: number };
  /** The branches of If that it lies in, outermost first: it runs only where each condition says so. */
  readonly runsWhere?: readonly BranchCondition[];
}

/** A branch of an If: of the value that decides, and whether that must be true. */
export interface BranchCondition {
  readonly condition: string;
  readonly is: boolean;
}

/** A model as one flat list of nodes: branches of If and bodies of functions laid out, under names of their own. */
export interface Expanded {
  readonly nodes: readonly Node[];
  /** Stored tensors by the name of the value that they are. */
  readonly initializers: ReadonlyMap<string, TensorDocument>;
  /** Types that the file states, by value. */
  readonly stated: ReadonlyMap<string, readonly ValueDocument[]>;
  /** Values that are given from outside: inputs and sparse initializers. */
  readonly given: ReadonlySet<string>;
  /** The lengths of sparse initializers, by value. */
  readonly sparse: ReadonlyMap<string, readonly number[]>;
  /** Tensors that Constant nodes hold, outside of functions: the node's output, as its own graph names it. */
  readonly held: ReadonlyMap<number, string>;
}

/** Makes the error for a graph that cannot be followed, from what is wrong with it and the node where that is. */
export type Refuse = (what: string, node?: string) => Error;
