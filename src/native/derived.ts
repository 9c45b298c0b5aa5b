import type { Addon } from '../platform/index.js';

/** A value of the graph, and the nodes that make it of stored tensors, each before those that read it. */
export interface Program {
  readonly name: string;
  readonly steps: readonly ProgramStep[];
}

/** One operator of a program that computes a constant from stored tensors, with its attributes by name. */
export interface ProgramStep {
  readonly op: string;
  readonly opset: number;
  /** The id of a stored tensor, -1 - the place of an earlier step, or nothing where the operand is absent. */
  readonly operands: readonly (number | undefined)[];
  /** Which of the node's outputs is meant. */
  readonly output: number;
  readonly ints: Readonly<Record<string, readonly number[]>>;
  readonly floats: Readonly<Record<string, readonly number[]>>;
}

/** What a program makes. */
export interface Made {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly bytes: number;
}

/** The generated types do not say that the addon only reads its arguments. */
export const asAddon = (programs: readonly Program[]): Addon.Program[] =>
  programs as unknown as Addon.Program[];
