import type { Form } from '../schema/fields.js';
import { parseCriteria, parseCriterion } from './parseCriterion.js';
import { parseGuard } from './parseGuard.js';
import { collect, collectShape, parseBytes, parseName, parseNumber, parseNumbers } from './values.js';

/** Makes a value of a text and, where the flag may be repeated, of what the texts before it made. */
type Read = (text: string, before: never) => unknown;

/**
 * How each form of a value is read from the command line, where `names` are what there is to choose from. Only what the text means
 * is decided here; what an option takes is checked as it is in code.
 */
export const readers: Readonly<Record<Form, ((names?: readonly string[]) => Read) | undefined>> = {
  number: () => parseNumber,
  bytes: () => parseBytes,
  text: (names) => (names === undefined ? (text) => text : parseName(names)),
  switch: undefined,
  texts: () => collect,
  lengths: () => collectShape,
  guard: () => parseGuard,
  criterion: (names = []) => parseCriterion(names),
  numbers: () => parseNumbers,
  criteria: (names = []) => parseCriteria(names),
};
