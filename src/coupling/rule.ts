import type { Dim } from '../model/dim.js';
import type { Node } from '../model/graph.js';
import type { Element, Values } from '../model/values.js';
import type { AbstractTensor, Output } from './abstractTensor.js';
import type { StatedActivationProduct } from './activationProduct.js';
import type { Axes, Axis } from './axis.js';
import type { Facts } from './facts.js';
import { Frozen } from './frozen.js';
import type { Lanes } from './lanes.js';
import type { Scales, StatedLinearMap } from './linearMap.js';
import type { Passing } from './passage.js';
import type { RankLaw } from './rankLaw.js';
import type { Recurring } from './recurrence.js';

/**
 * What an operator means for lanes: shape inference over labels. It maps the axes of its inputs to the axes of its
 * outputs, states equations between their lanes, computes small integer tensors, and says which attributes and
 * operands state a length. Everything that it does not account for is frozen by the walk.
 */
export interface Rule extends Facts {
  /** One line for the list of operators. */
  readonly says: string;
  /** Whether lanes that pass stay exact: in a word, or when they do not. */
  readonly exact: string;
  /** What the ranks of operands and outputs say of each other. */
  readonly ranks?: RankLaw;
  readonly axes: (call: Call) => readonly Output[];
}

/** Where a node states lengths that follow the lanes: surgery writes them again. */
export interface Restatement {
  readonly node: Node;
  /** An operand's position, or an attribute's name. */
  readonly where:
    | { readonly operand: number }
    | { readonly attribute: string; readonly kind: 'int' | 'ints' | 'float' };
  /** What must be stated. */
  readonly wanted: readonly Element[];
  /** What the node would state if nothing were written: equal to `wanted` before any removal. */
  readonly stated: readonly Element[];
  /** The content of the operand as it is in the file, where it is a stored tensor. */
  readonly raw: readonly number[] | undefined;
  /** One label for each element: those whose label goes leave the operand. */
  readonly labels: Int32Array | undefined;
  /** Attributes that must go when this is written. */
  readonly replaces: readonly string[];
}

/** An operand that leaves its node where a removal leaves it with other lengths than the node wants of it. */
export interface Omission {
  readonly node: Node;
  readonly operand: number;
  readonly own: readonly Element[];
  readonly wanted: readonly Element[];
}

/**
 * What a rule says beside the lengths that an operand has to hold after pruning: `labels` ties its elements to lanes,
 * one label each.
 */
export interface RestateOptions {
  /** What the node would state if nothing were written; by default the operand's content. */
  readonly stated?: readonly (Axis | Element)[];
  readonly labels?: Int32Array;
  readonly replaces?: readonly string[];
}

/** How far a node's lengths follow from what its operands hold. */
export interface Reading {
  /** Operands that its rule read as lengths or indices. */
  readonly operands: readonly number[];
  /** Data decides how long an output is. */
  readonly isOpen: boolean;
}

/** The multiply-accumulates of a node: the product of lengths. */
export interface Work {
  readonly node: Node;
  readonly lengths: readonly Element[];
}

/** One node, as its rule sees it. */
export interface Call {
  readonly node: Node;
  readonly lanes: Lanes;
  readonly attributes: Attributes;
  /** Operands in order; undefined where an optional one is absent. Taking one says that the rule accounts for it. */
  readonly count: number;
  optional(index: number): AbstractTensor | undefined;
  /** The operand's axes. Frozen: absent, or of unknown rank. */
  input(index: number): Axes;
  /** The operand's content. Frozen: not known. The operand's own axes stay whole. */
  known(index: number): Values;
  /** The operand's content where it is known. */
  values(index: number): Values | undefined;
  /** Whether a constant operand is known to hold only zeros. */
  isZeroConstant(index: number): boolean;
  /** Whether the operand is a stored tensor itself, and not something computed of one. */
  isStored(index: number): boolean;
  /**
   * The operand's integers q stand for (q - zero point) · scale, which are other operands: scores are of those numbers.
   * Says nothing where one of the three is computed.
   */
  quantised(
    index: number,
    by: {
      readonly scale?: number;
      readonly zeroPoint?: number;
      readonly axis: number;
      readonly block?: number;
    },
  ): void;
  /** The operand's numbers say how others are to be read, or are packed: scores are of something else. */
  parameter(index: number): void;
  /** The content of an attribute that is a small tensor. */
  attributeValues(name: string): Values | undefined;
  /** An attribute or operand states these lengths. */
  restate(
    where: number | { readonly attribute: string; readonly kind: 'int' | 'ints' | 'float' },
    wanted: readonly (Axis | Element)[],
    options?: RestateOptions,
  ): void;
  /**
   * The operand means what its absence means, as zeros of an initial state do: it is coupled with nothing, and is left out
   * where its lengths do not fit `wanted` any more. False where it is a stored tensor that nothing else reads, which is cut
   * instead.
   */
  omit(index: number, wanted: Axes): boolean;
  /**
   * How the body of a loop is followed, by the name of its first node. A rule that finds at the end of the body that it
   * should have been followed otherwise says so, and the graph is walked again (`choosing.ts`).
   */
  following(name: string): number | undefined;
  follow(name: string, how: number): void;
  /** The branch that an If is followed through, where its branches end in values of different ranks and one was chosen. */
  branch(): number | undefined;
  /** Whether the node lies in a branch of an If that lengths decide against: nothing of it needs to stay as it is. */
  neverRuns(): boolean;
  /** A length that only data decides, as a symbol of that name. */
  openLength(name: string): Dim;
  /** The rank of an output, where what reads it tells. */
  rankOf(output: number): number | undefined;
  /** An output whose rank this node does not tell. */
  lost(text: string): AbstractTensor;
  /** The node multiplies data by a stored weight, and sums: says nothing where the weight is computed. */
  mixes(mixing: StatedLinearMap): void;
  /** The node feeds its first output back: says nothing where that has no name. */
  recurs(recurring: Recurring): void;
  /** The name of an output; where the file gives it none, one under which a copy that is run can show it. */
  shown(output: number): string;
  /** The node's last step is to scale and shift each lane of its first output by vectors. */
  scales(scales: Scales): void;
  /** What the node does to each element of an operand first: what a layer in front of it may count on. */
  passes(passing: Passing): void;
  /** Along these axes of operand 0 each element is divided by what the node makes of all that lie there: a norm, a sum. */
  normalises(axes: readonly number[]): void;
  /** The node multiplies two values that are computed, and sums: says nothing where one of them is stored. */
  contracts(contracting: StatedActivationProduct): void;
  /** States the node's multiply-accumulates as a product of lengths. */
  work(lengths: readonly (Axis | Dim)[]): void;
}

/** Typed access to a node's attributes. Frozen: of another type than the operator has. */
export class Attributes {
  constructor(private readonly node: Node) {}

  has(name: string): boolean {
    return this.node.attributes[name] !== undefined;
  }

  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return otherwise;
    if (attribute.type !== 'int') throw this.wrong(name, 'an integer');
    return attribute.value;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return undefined;
    if (attribute.type !== 'ints') throw this.wrong(name, 'a list of integers');
    return attribute.value;
  }

  float(name: string, otherwise: number): number {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return otherwise;
    if (attribute.type !== 'float') throw this.wrong(name, 'a number');
    return Number(attribute.value);
  }

  floats(name: string): readonly number[] | undefined {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return undefined;
    if (attribute.type !== 'floats') throw this.wrong(name, 'a list of numbers');
    return attribute.value.map(Number);
  }

  string(name: string, otherwise: string): string {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return otherwise;
    if (attribute.type !== 'string') throw this.wrong(name, 'a string');
    return attribute.value;
  }

  strings(name: string): readonly string[] | undefined {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return undefined;
    if (attribute.type !== 'strings') throw this.wrong(name, 'a list of strings');
    return attribute.value;
  }

  /** An axis number made non-negative. Frozen: beyond the rank. */
  axis(name: string, rank: number, otherwise?: number): number {
    const axis = otherwise === undefined ? this.int(name) : this.int(name, otherwise);
    if (axis === undefined) throw new Frozen('unknown-shape', `has no attribute "${name}"`);
    return axisWithin(axis, rank);
  }

  private wrong(name: string, expected: string): Frozen {
    return new Frozen('unknown-shape', `its attribute "${name}" is not ${expected}`);
  }
}

/** An axis number counted from the front. Frozen: beyond the rank. */
export function axisWithin(axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(front) || front < 0 || front >= rank) {
    throw new Frozen('unknown-shape', `axis ${axis} lies beyond the rank ${rank}`);
  }
  return front;
}
