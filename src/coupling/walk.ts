import type { Graph, Node } from '../model/graph.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { ActivationProduct } from './activationProduct.js';
import type { ParameterAxis } from './axis.js';
import type { Dequantised } from './dequantised.js';
import type { FactsOf } from './facts.js';
import type { FreeAxis } from './free.js';
import type { Frozen } from './frozen.js';
import type { LinearMap, Scale } from './linearMap.js';
import type { Passage } from './passage.js';
import type { Recurrence } from './recurrence.js';
import type { Omission, Reading, Restatement, Rule, Work } from './rule.js';
import type { SettledEquations } from './settledEquations.js';

/** The rule of an operator at an opset version, if there is one. */
export type Registry = (domain: string, op: string, opset: number) => Rule | undefined;

/** What a walk over the graph found. */
export interface Walk {
  readonly graph: Graph;
  /** Every value of the main graph by name. */
  readonly tensors: ReadonlyMap<string, AbstractTensor>;
  /** What all that nodes state of lanes comes to. */
  readonly equations: SettledEquations;
  /** Every axis of every stored tensor that has lanes. */
  readonly parameterAxes: readonly ParameterAxis[];
  readonly restatements: readonly Restatement[];
  readonly omissions: readonly Omission[];
  readonly work: readonly Work[];
  /** Nodes that multiply data by a stored weight. */
  readonly linearMaps: readonly LinearMap[];
  /** Nodes that scale and shift lanes by stored numbers. */
  readonly scalings: readonly Scale[];
  /** What nodes do first to each element of the values that they read, by node. */
  readonly passages: ReadonlyMap<Node, readonly Passage[]>;
  /** The axes of operand 0 that nodes divide along by what they make of all that lies there, by node. */
  readonly normalised: ReadonlyMap<Node, readonly number[]>;
  /** Nodes that run along a sequence. */
  readonly recurrences: readonly Recurrence[];
  /** Nodes that give how long a value is. */
  readonly measuring: ReadonlySet<Node>;
  /** What rules read as lengths or indices, by node, and where data decides how long an output is. */
  readonly readings: ReadonlyMap<Node, Reading>;
  /** Nodes that multiply two computed values and sum. */
  readonly activationProducts: readonly ActivationProduct[];
  /** Values that would be weights, biases or scales of layers if they were stored. */
  readonly wanted: ReadonlySet<string>;
  /** Nodes whose outputs hold an operand's elements, each scaled and shifted by what the others hold. */
  readonly linear: ReadonlySet<Node>;
  /** What is known of a node's operator by its row alone. */
  readonly factsOf: FactsOf;
  /** Values that stored integers stand for, where the graph spells that out. */
  readonly dequantised: ReadonlyMap<string, Dequantised>;
  /** Nodes whose operator has no rule, or whose rule gave up: with the reason. */
  readonly frozenNodes: ReadonlyMap<Node, Frozen>;
  /** Axes of inputs and outputs that may shrink. */
  readonly free: readonly FreeAxis[];
  /** Ifs that are followed through one of their branches, by what was chosen. */
  readonly choices: BranchChoices;
  /** Ifs whose branches end in values that cannot be one, and for which nothing was chosen. */
  readonly undecided: readonly Node[];
  /**
   * Bodies of loops whose rounds turned out not to be alike as they were followed, by the name of their first node, and how
   * they are to be followed instead.
   */
  readonly mistaken: BranchChoices;
}

/**
 * By the name of a node: of an If the branch that it is followed through, from 0; of the first node of a loop's body how the
 * body is followed.
 */
export type BranchChoices = ReadonlyMap<string, number>;

/** The choice for a loop whose states may enter each round with other open lengths: these are left open behind it. */
export const LOOSELY = -1;
/** The choice for a loop whose body is not followed: whatever enters it keeps all of its indices. */
export const CLOSED = -2;
