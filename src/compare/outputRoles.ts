import type { ModelDocument } from '../model/document.js';
import { classNamesOf, type StandIn, standInsOf } from './standIns.js';
import { behindSorting, behindSuppression } from './suppression.js';

/** What a model's graph says of its outputs that a runtime does not. */
export interface OutputRoles {
  /** Outputs that are no tensors, and the values that are compared in their stead. */
  readonly standIns: readonly StandIn[];
  /** The classes that the columns of a tensor of scores stand for. */
  readonly classNames: ReadonlyMap<string, readonly (string | number)[]>;
  /** Outputs behind a non-maximum suppression: what they hold are sets. */
  readonly suppressed: ReadonlySet<string>;
  /** Outputs behind a node that sorts: small rows may be sets too. */
  readonly chosen: ReadonlySet<string>;
}

/** The roles of outputs where the graph could not be read: every output is a tensor of plain numbers. */
export const NO_ROLES: OutputRoles = {
  ...{ standIns: [], classNames: new Map(), suppressed: new Set(), chosen: new Set() },
};

/** @param others names of outputs that the runtime does not hand over; by default what the file says */
export const rolesOf = (document: ModelDocument, others?: ReadonlySet<string>): OutputRoles => ({
  standIns: standInsOf(document, others),
  classNames: classNamesOf(document),
  suppressed: new Set(behindSuppression(document).keys()),
  chosen: behindSorting(document),
});
