import type { Curve } from '../allocation/curve.js';
import type { EspalierError } from '../base/errors.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import type { Removal } from '../coupling/survivors.js';
import type { CalibrationSession } from '../loss/session.js';
import type { StoredType } from '../model/document.js';
import type { Edits } from '../model/edits.js';
import type { KeptIndices } from '../model/values.js';
import type { NativeModel } from '../native/index.js';
import type { OpenedPlanOptions } from '../options/opened.js';
import type { Warning } from '../options/types.js';

/**
 * A way to make a model smaller. It offers, for each unit of a model, choices with a cost and a predicted loss; one choice for each unit
 * is allocated under the budget that all compressions share; what was chosen is a section of the plan, from which alone the edits
 * follow.
 */
export interface Compression<Section = unknown> {
  /** The key of its options in `PlanOptions.compress`, and of its section in a plan. */
  readonly name: string;
  /** What can be done with this model. errors: OPTION_INVALID for options of its own that it does not know. */
  offer(situation: OfferInputs): Promise<Offer<Section>>;
  /** A section out of plain data. errors: throws what says why the data are none. */
  read(data: unknown): Section;
  /** What a section says of this model. errors: PLAN_STALE, PLAN_MALFORMED where it does not fit. */
  replay(analysis: Analysis, section: Section): Decision<Section>;
}

/** What a call gives a compression to work with. */
export interface OfferInputs {
  readonly native: NativeModel;
  readonly analysis: Analysis;
  readonly options: OpenedPlanOptions;
  /** What stands under the compression's name in `PlanOptions.compress`; undefined where nothing does. */
  readonly own: unknown;
  /** What is known from samples, where there are some. */
  readonly session: CalibrationSession | undefined;
  /** Whether what stays is refitted to them. */
  readonly refits: boolean;
  /** Whether the policy looks at `Curve.loss`: where it does not, curves need not measure it. */
  readonly needsLoss: boolean;
  /** [lanes] of each group: the importance of its lanes by the criterion that was asked for. */
  scores(groups: readonly Group[]): Promise<ReadonlyMap<Group, Float64Array>>;
}

/** What a compression can do with one model. */
export interface Offer<Section = unknown> {
  readonly curves: readonly Curve[];
  /** What one choice for each curve comes to. */
  decide(choices: readonly number[]): Decision<Section>;
  /** What is left by amounts alone, for costs; by default that of `decide`. */
  left?(choices: readonly number[]): Left;
  /** Why there are no curves. */
  readonly none?: EspalierError;
  readonly warnings?: readonly Warning[];
}

/** What costs depend on. */
export interface Left {
  /** Lanes that leave; by default none. */
  readonly kept?: KeptIndices;
  /** By tensor: the type that it is stored as; by default its own. */
  readonly dtypes?: ReadonlyMap<number, StoredType>;
}

/** What is done to a model. */
export interface Decision<Section = unknown> {
  readonly section: Section;
  /** Lanes that leave: what is cut and stated again follows from these. */
  readonly removal?: Removal;
  /** By tensor: the type that it is stored as from now on. */
  readonly dtypes?: ReadonlyMap<number, StoredType>;
  /** What else is written; ids are those of the original. */
  readonly edits?: Partial<Edits>;
}
