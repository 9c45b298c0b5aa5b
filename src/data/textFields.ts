import { EspalierError, option, text } from '../base/errors.js';
import type { TextRecord } from './records.js';

/** Where the texts of samples stand in their records: one field, or two that are read as a pair. */
export interface TextFields {
  readonly first: string;
  readonly second?: string;
}

/** Names of fields that hold a text, and names of fields that are pairs. */
const TEXTS = [
  'text',
  'sentence',
  'content',
  'document',
  'review',
  'query',
  'question',
  'prompt',
  'input',
  'body',
];
const PAIRS = [
  ['sentence1', 'sentence2'],
  ['premise', 'hypothesis'],
  ['question', 'context'],
  ['question', 'sentence'],
  ['query', 'passage'],
  ['text1', 'text2'],
] as const;

/**
 * The fields that hold texts: those that were named (`a`, or `a,b` for a pair), else those that usual names tell, else the only one of texts.
 *
 * errors: OPTION_INVALID with the fields that there are
 */
export function textFieldsOf(
  fields: readonly string[],
  first: Readonly<Record<string, unknown>>,
  asked: string | undefined,
  file: string,
): TextFields {
  const pick = (name: string): string | undefined =>
    fields.find((field) => field === name) ??
    fields.find((field) => field.toLowerCase() === name.toLowerCase());
  if (asked !== undefined) {
    const [one, two, ...more] = fields.includes(asked)
      ? [asked]
      : asked.split(',').map((name) => name.trim());
    const [found, other] = [pick(one ?? ''), two === undefined ? undefined : pick(two)];
    if (found === undefined || (two !== undefined && other === undefined) || more.length > 0)
      throw unknown(file, `there is no column ${JSON.stringify(asked)}`, fields);
    return { first: found, ...(other !== undefined && { second: other }) };
  }
  for (const [one, two] of PAIRS) {
    const [a, b] = [pick(one), pick(two)];
    if (a !== undefined && b !== undefined) return { first: a, second: b };
  }
  const named = TEXTS.flatMap((name) => pick(name) ?? []);
  if (named.length > 0) return { first: named[0]! };
  const texts = fields.filter((field) => typeof first[field] === 'string' && !isNumber(first[field]));
  if (texts.length === 1) return { first: texts[0]! };
  throw unknown(file, 'it is not clear which column holds the texts', fields);
}

const isNumber = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value));

const unknown = (file: string, what: string, fields: readonly string[]): EspalierError =>
  new EspalierError(
    'OPTION_INVALID',
    `${what}: there is ${fields.slice(0, 20).join(', ')}`,
    { file },
    text`Name it: ${option('column', fields[0] ?? 'text')}.`,
  );

/** Fields of the first records, in their order. */
export const fieldsOf = (records: readonly TextRecord[]): readonly string[] => [
  ...new Set(
    records.slice(0, 100).flatMap((record) => (typeof record === 'string' ? [] : Object.keys(record))),
  ),
];
