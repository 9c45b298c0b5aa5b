import type { Values } from '../model/values.js';
import type { Axes } from './axis.js';
import type { Cause } from './reason.js';

/** A value of the graph as rules see it. */
export interface AbstractTensor {
  /** undefined: not even the rank is known. */
  readonly axes: Axes | undefined;
  /** What first lost the rank, where it is not known. */
  readonly lost?: Cause | undefined;
  /** Its content, where it is small and speaks of lengths. */
  readonly values?: Values | undefined;
  /** Every element is zero, however long its axes are. */
  readonly zeros?: boolean | undefined;
  /** Element type by NumPy's name, where it is known. */
  readonly dtype?: string | undefined;
}

/** What a rule gives back for one output: its axes, or a tensor where its content is known too. */
export type Output = Axes | AbstractTensor;
