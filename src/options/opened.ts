import type { Dataset } from '../data/dataset.js';
import type * as Given from './types.js';

/** What the pipeline is given: the options of the API, checked, and their samples as a dataset. */
type Opened<T extends Given.CalibrationOptions> = Omit<T, 'data'> & { readonly data?: Dataset };

/** `CalibrationOptions` of the API, checked, with the samples as a dataset. */
export type OpenedCalibrationOptions = Opened<Given.CalibrationOptions>;
/** `InspectOptions` of the API, checked, with the samples as a dataset. */
export type OpenedInspectOptions = Opened<Given.InspectOptions>;
/** `ApplyOptions` of the API, checked, with the samples as a dataset. */
export type OpenedApplyOptions = Opened<Given.ApplyOptions>;
/** `ScoreOptions` of the API, checked, with the samples as a dataset. */
export type OpenedScoreOptions = Opened<Given.ScoreOptions>;
/** `PlanOptions` of the API, checked, with the samples as a dataset. */
export type OpenedPlanOptions = Opened<Given.PlanOptions>;
/** `TreeOptions` of the API, checked, with the samples as a dataset. */
export type OpenedTreeOptions = Opened<Given.TreeOptions>;
