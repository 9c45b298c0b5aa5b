import { EspalierError } from '../base/errors.js';
import { FileProblem, readText } from '../platform/index.js';
import { type LabelledFiles, numbersOf } from './folderLabels.js';
import type { SampleFile } from './sampleFiles.js';

/** Whether labels are those of a table in a file, rather than an array of the samples. */
export const isTable = (labels: string): boolean => /\.(csv|tsv)$/i.test(labels);

/** Heads of columns that hold names of files, and classes. */
const FILE = /^(file|filename|file_name|image|image_name|image_id|img|path|name|id)$/i;
const CLASS = /^(label|labels|class|class_name|class_id|category|category_id|target|y|breed)$/i;

/**
 * Classes by a table of files: each row has a file's name and its class, a whole number or a name.
 *
 * errors: FILE_NOT_FOUND, FILE_UNREADABLE, DATA_MALFORMED; DATA_MISMATCH where a file has no row
 */
export async function labelsOfTable(
  table: string,
  files: readonly SampleFile[],
  own: ReadonlyMap<string, number>,
): Promise<LabelledFiles> {
  const rows = await readRows(table);
  const [file, label] = columnsOf(rows[0]!);
  const classes = new Map<string, string>();
  for (const row of rows) {
    const name = row[file]?.trim();
    if (name !== undefined && name !== '') classes.set(keyOf(name), row[label]?.trim() ?? '');
  }
  const words = files.map((one) => keysOf(one).flatMap((key) => classes.get(key) ?? [])[0]);
  const missing = words.findIndex((word) => word === undefined || word === '');
  if (missing >= 0) {
    const count = words.filter((word) => word === undefined || word === '').length;
    throw new EspalierError(
      'DATA_MISMATCH',
      `the table has no class for ${count} of ${files.length} files, such as ${files[missing]!.name}`,
      { file: table },
      'Its rows: the name of a file, its class.',
    );
  }
  const found = words as readonly string[];
  if (found.every((word) => /^\d+$/.test(word)))
    return { files, numbers: Int32Array.from(found, Number), classes: [] };
  const names = [...new Set(found)].sort();
  const numbers = numbersOf(names, own);
  const of = new Map(names.map((name, index) => [name, numbers.of[index]!]));
  return { files, numbers: Int32Array.from(found, (word) => of.get(word)!), classes: numbers.classes };
}

async function readRows(table: string): Promise<readonly (readonly string[])[]> {
  const [{ default: papa }, text] = await Promise.all([import('papaparse'), readTable(table)]);
  const { data } = papa.parse<string[]>(text.replace(/^\uFEFF/, ''), { skipEmptyLines: 'greedy' });
  if (data.length === 0 || data[0]!.length < 2)
    throw new EspalierError(
      'DATA_MALFORMED',
      data.length === 0 ? 'the table of labels is empty' : 'the table of labels has one column',
      { file: table },
      'Its rows: the name of a file, its class.',
    );
  return data;
}

const readTable = (table: string): Promise<string> =>
  readText(table).catch((cause: unknown) => {
    if (!(cause instanceof FileProblem)) throw cause;
    const code = cause.reason === 'missing' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    throw new EspalierError(code, `the labels cannot be read (${cause.message})`, { file: table }, '', {
      cause,
    });
  });

/** Where names of files and classes stand: by their heads, else the first two. A head is no file's name and does no harm. */
function columnsOf(head: readonly string[]): readonly [number, number] {
  const place = (pattern: RegExp): number => head.findIndex((word) => pattern.test(word.trim()));
  const [file, label] = [place(FILE), place(CLASS)];
  return file >= 0 && label >= 0 ? [file, label] : [0, 1];
}

const keyOf = (name: string): string => name.replaceAll('\\', '/').replace(/^\.\//, '');

/** What a file may be called in a table, the closest first: with its folders, alone, without what its name ends with. */
function keysOf({ name, folders }: SampleFile): readonly string[] {
  const path = keyOf(name);
  const base = path.split('/').at(-1)!;
  return [path, [...folders, base].join('/'), base, base.replace(/\.[^.]+$/, '')];
}
