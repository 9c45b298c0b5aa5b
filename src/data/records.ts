import { EspalierError } from '../base/errors.js';
import { FileProblem, readText } from '../platform/index.js';
import { isRecord } from '../schema/fields.js';
import { linesOf } from './lines.js';
import type { SampleFile } from './sampleFiles.js';

/** One sample of a file of texts: a text by itself, or fields by their names. */
export type TextRecord = string | Readonly<Record<string, unknown>>;

/**
 * Samples of a file: lines that are not empty, rows of a table by the heads of its columns, or values of JSON lines.
 *
 * most: no more of them are read
 * errors: DATA_MALFORMED with the file and the line; FILE_UNREADABLE; the signal's reason
 */
export async function recordsOf(
  { place, name }: SampleFile,
  { most, signal }: { readonly most: number; readonly signal?: AbortSignal },
): Promise<readonly TextRecord[]> {
  try {
    if (/\.(csv|tsv)$/i.test(name)) return await rowsOf(place, name, most);
    const isJson = /\.(jsonl|ndjson)$/i.test(name);
    const records: TextRecord[] = [];
    let line = 0;
    for await (const text of linesOf(place)) {
      signal?.throwIfAborted();
      line += 1;
      if (text.trim() === '') continue;
      records.push(isJson ? parsedLine(text, line, name) : text.replace(/^\uFEFF/, ''));
      if (records.length >= most) break;
    }
    return records;
  } catch (error) {
    if (error instanceof RangeError) throw malformed(name, error.message);
    if (!(error instanceof FileProblem)) throw error;
    throw new EspalierError(
      'FILE_UNREADABLE',
      `the texts cannot be read (${error.message})`,
      { file: name },
      '',
      {
        cause: error,
      },
    );
  }
}

function parsedLine(text: string, line: number, file: string): TextRecord {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string' || isRecord(value)) return value;
  } catch {
    // As below.
  }
  throw malformed(file, `line ${line} is neither a JSON object nor a text`);
}

async function rowsOf(place: string | Blob, file: string, most: number): Promise<readonly TextRecord[]> {
  const [{ default: papa }, text] = await Promise.all([
    import('papaparse'),
    typeof place === 'string' ? readText(place) : place.text(),
  ]);
  const { data, meta } = papa.parse<Record<string, string>>(text.replace(/^\uFEFF/, ''), {
    header: true,
    skipEmptyLines: 'greedy',
    ...(Number.isFinite(most) && { preview: most }),
  });
  if (meta.fields === undefined || data.length === 0)
    throw malformed(file, 'the table has no rows below its head');
  return data;
}

/** The text of a whole file, as one sample. errors: FILE_UNREADABLE */
export async function documentOf({ place, name }: SampleFile): Promise<string> {
  try {
    return typeof place === 'string' ? await readText(place) : await place.text();
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new EspalierError('FILE_UNREADABLE', `the text cannot be read (${error.message})`, { file: name });
  }
}

const malformed = (file: string, what: string): EspalierError =>
  new EspalierError('DATA_MALFORMED', `the samples cannot be used: ${what}`, { file });
