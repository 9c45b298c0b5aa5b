import type { OptionSet } from '../schema/declaration.js';
import {
  applyOptions,
  calibrationOptions,
  freeOptions,
  inspectOptions,
  shapeOptions,
} from './calibration.js';
import { callOptions, saveOptions } from './call.js';
import { treeOptions } from './growing.js';
import { planOptions } from './planning.js';
import { reportOptions } from './reporting.js';
import { checkSamplesOptions, sampleOptions } from './sampling.js';
import { scoreOptions } from './scoring.js';
import { sweepOptions } from './sweeping.js';
import { verifyOptions } from './verifying.js';

/** Every set of options, each after its bases. */
export const optionSets: readonly OptionSet<object>[] = [
  callOptions,
  calibrationOptions,
  shapeOptions,
  freeOptions,
  inspectOptions,
  scoreOptions,
  planOptions,
  applyOptions,
  saveOptions,
  sampleOptions,
  checkSamplesOptions,
  treeOptions,
  verifyOptions,
  reportOptions,
  sweepOptions,
];
