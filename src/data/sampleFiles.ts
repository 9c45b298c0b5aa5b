import { EspalierError } from '../base/errors.js';
import {
  baseName,
  FileProblem,
  filesBelow,
  filesLike,
  isGlob,
  kindOf,
  type ListedFile,
  namesIn,
} from '../platform/index.js';
import { invalid, shown } from '../schema/check.js';
import { isBlob, isUrl, nameOf, pathFrom } from '../schema/sources.js';

/** What files of samples hold. */
export type SampleKind = 'images' | 'sounds' | 'texts';

/** A file of one sample or more. */
export interface SampleFile {
  readonly place: string | Blob;
  /** For people, and to find its label by. */
  readonly name: string;
  /** The folders that it lies in, below what was given; outermost first. */
  readonly folders: readonly string[];
}

/** Files that were given as samples, all of one kind. */
export interface SampleFiles {
  readonly kind: SampleKind;
  /** What was given, for people. */
  readonly source: string;
  readonly files: readonly SampleFile[];
  /** Files of no kind that is known: left out. */
  readonly others: number;
}

const KINDS: Readonly<Record<SampleKind, RegExp>> = {
  images: /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif)$/i,
  sounds: /\.(wav|wave|flac)$/i,
  texts: /\.(txt|csv|tsv|jsonl|ndjson)$/i,
};

/** The kind of a file, by how its name ends. */
const kindOfName = (name: string): SampleKind | undefined =>
  (Object.keys(KINDS) as SampleKind[]).find((kind) => KINDS[kind].test(name));

/**
 * The files that a path, a pattern, or a list of paths and blobs names; undefined where it is one of arrays (`.npz`, `.npy`), which
 * `loadData` opens.
 *
 * errors: FILE_NOT_FOUND, FILE_UNREADABLE; DATA_MISMATCH where the files are of no kind that is known, or of several
 */
export async function sampleFiles(given: unknown): Promise<SampleFiles | undefined> {
  if (isBlob(given))
    return isImageBlob(given) ? ofKinds(nameOf(given) ?? 'image', [blobFile(given)]) : undefined;
  if (Array.isArray(given)) return ofKinds(`${given.length} files`, await Promise.all(given.map(listedFile)));
  const path = pathFrom('data', given);
  const kind = await kindOf(path).catch((error: unknown) => {
    if (!(error instanceof FileProblem)) throw error;
    return undefined;
  });
  if (kind === 'folder') return ofFolder(path);
  if (kind === 'file') return kindOfName(path) === undefined ? undefined : ofKinds(path, [fileAt(path)]);
  if (kind !== undefined || !(await isGlob(path))) return undefined;
  const found = await filesLike(path);
  if (found.length === 0)
    throw new EspalierError(
      'FILE_NOT_FOUND',
      'no file has such a name',
      { file: path },
      'Quote the pattern, so that the shell leaves it as it is.',
    );
  return ofKinds(path, found.map(sampleFile));
}

/** Whether a list is one of files: of paths, URLs and blobs. */
export const isFileList = (given: unknown): given is readonly unknown[] =>
  Array.isArray(given) &&
  given.length > 0 &&
  Array.from(given as unknown[]).every((one) => typeof one === 'string' || isUrl(one) || isBlob(one));

const isImageBlob = (blob: Blob): boolean =>
  blob.type.startsWith('image/') || kindOfName(nameOf(blob) ?? '') === 'images';

const sampleFile = ({ path, folders }: ListedFile): SampleFile => ({ place: path, name: path, folders });

const fileAt = (path: string): SampleFile => sampleFile({ path, folders: [] });

const blobFile = (blob: Blob, index = 0): SampleFile => ({
  place: blob,
  name: nameOf(blob) ?? `image ${index + 1}`,
  folders: [],
});

async function listedFile(given: unknown, index: number): Promise<SampleFile> {
  if (isBlob(given)) return blobFile(given, index);
  const path = pathFrom(`data[${index}]`, given);
  const kind = await kindOf(path).catch((cause: unknown) => {
    throw new EspalierError('FILE_NOT_FOUND', 'the file does not exist', { file: path }, '', { cause });
  });
  if (kind === 'file') return fileAt(path);
  throw new EspalierError('FILE_UNREADABLE', 'the data are not a regular file', { file: path });
}

/** A folder is one of arrays where such files lie in it. */
async function ofFolder(path: string): Promise<SampleFiles | undefined> {
  const names = await listing(path, namesIn);
  if (names.some((name) => name.endsWith('.npy'))) return undefined;
  const found = await listing(path, filesBelow);
  if (found.every((file) => kindOfName(file.path) === undefined))
    throw new EspalierError(
      'DATA_MISMATCH',
      found.length === 0
        ? 'the folder is empty'
        : `none of the ${found.length} files in the folder can be samples`,
      { file: path },
      `Expected: ${EXPECTED}.`,
    );
  return ofKinds(path, found.map(sampleFile));
}

const EXPECTED =
  'images (JPEG, PNG, WebP, GIF, TIFF, AVIF), sounds (WAV, FLAC), texts (TXT, CSV, JSON lines), or .npy files named as the inputs';

const listing = async <T>(path: string, list: (path: string) => Promise<T>): Promise<T> =>
  list(path).catch((cause: unknown) => {
    if (!(cause instanceof FileProblem)) throw cause;
    throw new EspalierError(
      'FILE_UNREADABLE',
      `the folder cannot be read (${cause.message})`,
      { file: path },
      '',
      {
        cause,
      },
    );
  });

/** Those of one kind; what is of another kind is counted. errors: DATA_MISMATCH for images beside sounds; OPTION_INVALID where a list names neither */
function ofKinds(source: string, all: readonly SampleFile[]): SampleFiles {
  const kinds = new Map<SampleKind, SampleFile[]>();
  for (const file of all) {
    const kind = typeof file.place === 'string' ? kindOfName(file.name) : (kindOfName(file.name) ?? 'images');
    if (kind === undefined) continue;
    const own = kinds.get(kind);
    if (own === undefined) kinds.set(kind, [file]);
    else own.push(file);
  }
  // Beside images a text says something of them.
  const [first, second] = [...kinds.keys()].filter((kind) => kinds.size === 1 || kind !== 'texts');
  if (first === undefined)
    throw invalid(
      `data name no file that can be a sample: ${shown(baseName(all[0]!.name))}`,
      `Expected: ${EXPECTED}.`,
    );
  if (second !== undefined)
    throw new EspalierError('DATA_MISMATCH', `the samples are both ${first} and ${second}`, { file: source });
  const files = kinds.get(first)!;
  return { kind: first, source, files, others: all.length - files.length };
}
