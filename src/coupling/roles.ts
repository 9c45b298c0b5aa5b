import type { ParameterAxis, Quantisation, StoredAxis } from './axis.js';

/** What nodes say of the axes of the stored tensors that they read, noted while a graph is walked. */
export class Roles {
  readonly #contracted = new Set<StoredAxis>();
  readonly #parameters = new Set<StoredAxis>();
  readonly #parameterTensors = new Set<number>();
  readonly #quantised = new Map<StoredAxis, Quantisation>();

  /** An operator sums over the axis. */
  contracted(axis: StoredAxis): void {
    this.#contracted.add(axis);
  }

  /** The numbers along the axis say how others are to be read, or are packed. */
  parameter(axis: StoredAxis): void {
    this.#parameters.add(axis);
  }

  /** The same of all axes of a tensor, those included that nodes have yet to read. */
  parameterTensor(tensor: number): void {
    this.#parameterTensors.add(tensor);
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
      parameter: this.#parameters.has(axis) || this.#parameterTensors.has(axis.tensor),
    };
  }
}
