import { type Facts, NO_FACTS } from '../coupling/facts.js';
import type { NodeDocument } from '../model/document.js';
import { rowsOf } from './registry.js';

/** Any plug-in's non-maximum suppression: MMCVNonMaxSuppression, EfficientNMS_TRT, BatchedNMSDynamic_TRT. */
const SUPPRESSION = /NonMaxSuppression|NMS/;

/**
 * The facts of an operator in the newest of its versions, for those who read a file without following its lanes. Of what no row
 * covers, a plug-in's operator or a function, only the name can tell.
 */
export function factsOf({ domain, op }: Pick<NodeDocument, 'domain' | 'op'>): Facts {
  const known = rowsOf(domain === 'ai.onnx' ? '' : domain, op).at(-1)?.rule;
  return known ?? (SUPPRESSION.test(op) ? { suppresses: true } : NO_FACTS);
}
