import type { ParameterAxis, Quantisation, StoredAxis } from './axis.js';

/** What nodes say of the axes of the stored tensors that they read, noted while a graph is walked. */
export class Roles {
  readonly #contracted = new Set<StoredAxis>();
  readonly #parameters = new Set<StoredAxis>();
  readonly #quantised = new Map<StoredAxis, Quantisation>();

  /** An operator sums over the axis. */
  contracted(axis: StoredAxis): void {
    this.#contracted.add(axis);
  }

  /** The numbers along the axis say how others are to be read, or are packed. */
  parameter(axis: StoredAxis): void {
    this.#parameters.add(axis);
  }

  /** The integers along the axis stand for other numbers. What was said last holds. */
  quantised(axis: StoredAxis, by: Quantisation): void {
    this.#quantised.set(axis, by);
  }

  /** An axis with all that was said of it. */
  of(axis: StoredAxis): ParameterAxis {
    const quantised = this.#quantised.get(axis);
    return {
      ...axis,
      contracted: this.#contracted.has(axis),
      ...(quantised !== undefined && { quantised }),
      parameter: this.#parameters.has(axis),
    };
  }
}
