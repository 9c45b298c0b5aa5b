import { EspalierError } from '../base/errors.js';
import { inSlices } from '../platform/index.js';
import { classesOf } from '../preprocess/classNames.js';
import { type TokenInputs, type TokenRole, tokenInputs } from '../preprocess/tokenInputs.js';
import { type TextTokenizer, type Tokens, tokenizerFor } from '../preprocess/tokenizer.js';
import type { Tensor, ValueInfo } from '../runtime/runtime.js';
import { NO_MODEL, type SampleContext } from './context.js';
import { type Dataset, datasetOf } from './dataset.js';
import { datasetOfFeeds } from './feeds.js';
import { numbersOf } from './folderLabels.js';
import { arraysOf, labelled } from './labelled.js';
import { documentOf, recordsOf, type TextRecord } from './records.js';
import type { SampleFiles } from './sampleFiles.js';
import { fieldsOf, textFieldsOf } from './textFields.js';

/** Tokens of a text at most, where neither the model nor its tokenizer bounds them. */
const LONGEST = 512;
/** Fields that hold the class of a text, where none is named. */
const CLASSES = ['label', 'labels', 'class', 'target', 'category'];

/** A text, or two that are read as a pair. */
interface Text {
  readonly text: string;
  readonly pair?: string;
}

/**
 * Texts as samples: tokens by the model's own tokenizer, in the inputs that take them. JSON lines that have the model's inputs are taken as they are.
 *
 * errors: DATA_MISMATCH where the model takes neither tokens nor texts; OPTION_INVALID; those of the tokenizer and of the files
 */
export async function datasetOfTexts(listed: SampleFiles, context: SampleContext): Promise<Dataset> {
  const { source, files } = listed;
  const isDocuments = files.length > 1 && files.every(({ name }) => /\.txt$/i.test(name));
  if (isDocuments) return ofDocuments(listed, context);
  const records: TextRecord[] = [];
  const { inputs, most = Number.POSITIVE_INFINITY, signal } = context;
  for (const file of files)
    records.push(...(await recordsOf(file, { most: most - records.length, ...(signal && { signal }) })));
  const [first] = records;
  if (first === undefined)
    throw new EspalierError('DATA_MISMATCH', 'there are no samples in it', { file: source });
  if (typeof first !== 'string' && inputs.length > 0 && inputs.every(({ name }) => name in first))
    return { ...datasetOfFeeds(records, inputs), source };
  return ofRecords(source, records, context);
}

async function ofDocuments(listed: SampleFiles, context: SampleContext): Promise<Dataset> {
  const { files, labels, warnings } = await labelled(listed, context, context.model ?? NO_MODEL);
  const kept = files.slice(0, context.most);
  const texts: Text[] = [];
  for (const file of kept) texts.push({ text: await documentOf(file) });
  const own = labels && { ...labels, numbers: labels.numbers.slice(0, kept.length) };
  const made = await ofTexts(listed.source, texts, context);
  return {
    ...made,
    arrays: new Map([...made.arrays, ...datasetOf(arraysOf(own, context.labels)).arrays]),
    files: kept.map(({ name }) => name),
    ...(labels !== undefined && labels.classes.length > 0 && { classes: labels.classes }),
    warnings,
  };
}

async function ofRecords(
  source: string,
  records: readonly TextRecord[],
  context: SampleContext,
): Promise<Dataset> {
  const fields = fieldsOf(records);
  const named = records.find((record) => typeof record !== 'string');
  const columns = named === undefined ? undefined : textFieldsOf(fields, named, context.column, source);
  const texts = records.map((record, index): Text => {
    if (typeof record === 'string') return { text: record };
    const { first, second } = columns!;
    return {
      text: textOf(record[first], first, index, source),
      ...(second !== undefined && { pair: textOf(record[second], second, index, source) }),
    };
  });
  const made = await ofTexts(source, texts, context);
  const labels = await labelsOf(records, fields, context);
  return {
    ...made,
    arrays: new Map([...made.arrays, ...datasetOf(labels?.arrays ?? {}).arrays]),
    ...(labels !== undefined && labels.classes.length > 0 && { classes: labels.classes }),
  };
}

function textOf(value: unknown, field: string, index: number, file: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new EspalierError('DATA_MALFORMED', `sample ${index + 1} has no text in "${field}"`, { file });
}

/** The field that was named, else one of the usual names. */
async function labelsOf(
  records: readonly TextRecord[],
  fields: readonly string[],
  { labels: asked, model = NO_MODEL }: SampleContext,
): Promise<{ readonly arrays: Record<string, Tensor>; readonly classes: readonly string[] } | undefined> {
  const field =
    asked !== undefined && fields.includes(asked) ? asked : CLASSES.find((name) => fields.includes(name));
  if (field === undefined) return undefined;
  const words = records.map((record) => (typeof record === 'string' ? '' : String(record[field] ?? '')));
  const whole = words.every((word) => /^\d+$/.test(word));
  const names = whole ? [] : [...new Set(words)].sort();
  const numbers = numbersOf(names, await classesOf(model));
  const of = new Map(names.map((name, index) => [name, numbers.of[index]!]));
  const all = Int32Array.from(words, (word) => (whole ? Number(word) : of.get(word)!));
  const { label, ...others } = arraysOf({ numbers: all, classes: numbers.classes }, undefined);
  return { arrays: { ...others, [asked === field ? asked : 'label']: label! }, classes: numbers.classes };
}

/** As the model takes them: texts themselves, or their tokens. */
async function ofTexts(source: string, texts: readonly Text[], context: SampleContext): Promise<Dataset> {
  const { inputs } = context;
  const raw = inputs.filter(({ dtype }) => dtype === 'string');
  if (raw.length === 1 && inputs.length === 1)
    return { source, ...rawTexts(raw[0]!, texts), preprocessing: 'texts as they are' };
  const found = tokenInputs(inputs);
  const { preprocess, model = NO_MODEL, signal } = context;
  const tokenizer = await tokenizerFor(typeof preprocess === 'string' ? preprocess : undefined, model);
  const most = found.length ?? tokenizer.longest ?? LONGEST;
  const tokens = await inSlices(encoded(tokenizer, texts, most), signal);
  const longest = tokens.reduce((length, { ids }) => Math.max(length, ids.length), 1);
  const length = found.length ?? longest;
  return {
    source,
    arrays: datasetOf(tensorsOf(inputs, found, tokens, length, tokenizer)).arrays,
    preprocessing: `${tokenizer.file}: at most ${most} tokens, padded to ${length} on the ${tokenizer.padding.left ? 'left' : 'right'}`,
    files: texts.map(({ text }) => text.slice(0, 80)),
  };
}

const rawTexts = ({ name, shape }: ValueInfo, texts: readonly Text[]): Pick<Dataset, 'arrays'> =>
  datasetOf({
    [name]: {
      type: 'string',
      data: texts.map(({ text }) => text),
      dims: [texts.length, ...shape.slice(1).map(() => 1)],
    },
  });

function* encoded(
  tokenizer: TextTokenizer,
  texts: readonly Text[],
  most: number,
): Generator<undefined, Tokens[], undefined> {
  const tokens: Tokens[] = [];
  for (const { text, pair } of texts) {
    tokens.push(tokenizer.encode(text, pair, most));
    yield;
  }
  return tokens;
}

/** Rows of equal length; where there is no token, that is padded and masked. */
function tensorsOf(
  inputs: readonly ValueInfo[],
  { roles }: TokenInputs,
  tokens: readonly Tokens[],
  length: number,
  { padding }: TextTokenizer,
): Record<string, Tensor> {
  const entries = [...roles].map(([name, role]): [string, Tensor] => {
    const data = new BigInt64Array(tokens.length * length);
    for (const [row, own] of tokens.entries()) {
      const start = padding.left ? length - own.ids.length : 0;
      for (let place = 0; place < length; place++)
        data[row * length + place] = BigInt(valueAt(role, own, place - start, padding));
    }
    return [name, { type: 'int64', data, dims: [tokens.length, length] }];
  });
  const known = inputs.filter(({ name }) => roles.has(name)).map(({ name }) => name);
  return Object.fromEntries(entries.toSorted(([a], [b]) => known.indexOf(a) - known.indexOf(b)));
}

/** What an input takes at a place of a text, which may lie before or behind its tokens. */
function valueAt(
  role: TokenRole,
  { ids, types }: Tokens,
  place: number,
  padding: TextTokenizer['padding'],
): number {
  const isToken = place >= 0 && place < ids.length;
  switch (role) {
    case 'ids':
      return isToken ? ids[place]! : padding.id;
    case 'types':
      return isToken ? types[place]! : padding.type;
    case 'mask':
      return isToken ? 1 : 0;
    case 'positions':
      return Math.max(0, place);
  }
}
