import type { Output } from './abstractTensor.js';
import type { Cause, Why } from './reason.js';

/**
 * Thrown by a rule that cannot follow its node: every axis that the node touches is frozen, for this reason. `outputs`:
 * what is known of the outputs nevertheless, where the file does not state it.
 */
export class Frozen extends Error {
  constructor(
    readonly why: Why,
    readonly text: string,
    readonly outputs: readonly Output[] = [],
    /** The earlier node behind which it is not known any more what the rule would have needed, where that is why. */
    readonly since?: Cause,
  ) {
    super(text);
  }
}
