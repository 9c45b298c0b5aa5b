import type { ModelOrigin } from '../preprocess/beside.js';
import type { Preprocessing } from '../preprocess/forms.js';
import type { ValueInfo } from '../runtime/runtime.js';

/** What samples are made for, and what was said of them. */
export interface SampleContext {
  /** Of the model. */
  readonly inputs: readonly ValueInfo[];
  /** Where it lies, and what it says of itself. */
  readonly model?: ModelOrigin;
  /** By default what lies beside the model says it. */
  readonly preprocess?: Preprocessing;
  /** The array that holds class labels, or a table of them by names of files. */
  readonly labels?: string;
  /** The column or field of a table that holds texts; two, with a comma between, are pairs. */
  readonly column?: string;
  /** Of sounds: samples in a second that the model takes. */
  readonly sampleRate?: number;
  /** Of a sequence no more samples than these are asked for. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

/** A model of which nothing is known but its inputs. */
export const NO_MODEL: ModelOrigin = { metadata: {} };
