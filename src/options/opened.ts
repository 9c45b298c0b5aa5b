import type { Dataset } from '../data/data.js';
import type * as Given from './types.js';

/** What the pipeline is given: the options of the API, checked, and their samples as a dataset. */
type Opened<T extends Given.CalibrationOptions> = Omit<T, 'data'> & { readonly data?: Dataset };

export type CalibrationOptions = Opened<Given.CalibrationOptions>;
export type InspectOptions = Opened<Given.InspectOptions>;
export type ApplyOptions = Opened<Given.ApplyOptions>;
export type ScoreOptions = Opened<Given.ScoreOptions>;
export type PlanOptions = Opened<Given.PlanOptions>;
export type TreeOptions = Opened<Given.TreeOptions>;
