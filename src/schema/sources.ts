import { EspalierError } from '../base/errors.js';
import { baseName, HAS_FILES, pathOfUrl } from '../platform/index.js';
import { invalid, shown } from './check.js';
import { isRecord } from './fields.js';

/** A path, or a `file:` URL as an object or as text. */
export type PathLike = string | URL;

/** A file: where it lies, its bytes in whatever holds bytes, or what gives them: a blob, a file of a form, the answer to a request. */
export type FileSource = PathLike | ArrayBufferLike | ArrayBufferView | Blob | Response;

/**
 * Files of external data, by the names that the model has for them (`location`); or files that have these names themselves, as a form
 * gives them.
 */
export type ExternalData = Readonly<Record<string, FileSource>> | readonly File[];

/** A model whose weights lie in other files, and these. What is not among them is looked for in the folder of a model that is given by its path. */
export interface ModelWithData {
  readonly model: FileSource;
  readonly externalData: ExternalData;
}

/** A model: its file, and where its weights lie in other files that have to be given, these beside it. */
export type ModelSource = FileSource | ModelWithData;

/** A blob, and what the file that it holds is called. */
export interface NamedBlob {
  readonly blob: Blob;
  readonly name: string;
}

/** `name`: of the argument, for errors. errors: OPTION_INVALID for what is no path, for URLs that are of no file, and in browsers. */
export function pathFrom(name: string, given: unknown): string {
  if (!HAS_FILES)
    throw invalid(
      `a browser has no files by path, so that ${name} cannot be ${shown(given)}`,
      'What is read can be a File, a Blob or bytes; what would be written comes as bytes: toBytes().',
    );
  if (isUrl(given)) return pathOf(name, given.href);
  if (typeof given !== 'string') throw invalid(`${name} must be a path or a file: URL, not ${shown(given)}`);
  if (/^file:\/\//i.test(given)) return pathOf(name, given);
  if (given === '' || given.includes('\0')) throw invalid(`${name} must be a path, not ${shown(given)}`);
  return given;
}

/** The path, or the bytes: a view of what was given, a copy only of memory that threads share. errors: OPTION_INVALID */
export function modelFrom(name: string, given: unknown): string | Uint8Array {
  if (typeof given === 'string' || isUrl(given)) return pathFrom(name, given);
  if (given instanceof Uint8Array) return unshared(given);
  if (ArrayBuffer.isView(given))
    return unshared(new Uint8Array(given.buffer, given.byteOffset, given.byteLength));
  if (isBuffer(given)) return unshared(new Uint8Array(given));
  throw invalid(
    `${name} must be a path, a file: URL, or the bytes of an .onnx file, not ${shown(given)}`,
    'Bytes may be an ArrayBuffer, a Buffer or any typed array.',
  );
}

/** A file in one of the forms in which it is opened. */
export type GivenFile = string | Uint8Array | NamedBlob;

/** A model and the files of external data that are given with it, by the names that it has for them. */
export interface OpenedSource {
  readonly model: GivenFile;
  readonly files: ReadonlyMap<string, GivenFile>;
}

/** What the file of a model is called; bytes have no name. */
export function fileNameOf({ model }: OpenedSource): string {
  if (typeof model === 'string') return baseName(model);
  return model instanceof Uint8Array ? 'model.onnx' : model.name;
}

/**
 * All that holds a model. Where there are no files, in a browser, a path is an address that is fetched.
 *
 * errors: OPTION_INVALID; FILE_NOT_FOUND, FILE_UNREADABLE for an answer or an address that gives no file
 */
export async function sourceFrom(name: string, given: unknown): Promise<OpenedSource> {
  if (!isWithData(given)) return { model: await fileFrom(name, given), files: new Map() };
  const { model, externalData } = given;
  const files = dataOf(`${name}.externalData`, externalData).map(
    async ([location, file]) =>
      [location, await fileFrom(`${name}.externalData["${location}"]`, file)] as const,
  );
  return { model: await fileFrom(`${name}.model`, model), files: new Map(await Promise.all(files)) };
}

const isWithData = (given: unknown): given is { readonly model: unknown; readonly externalData: unknown } =>
  isRecord(given) && kindOf(given) === 'Object' && 'model' in given && 'externalData' in given;

/** The files that are given, by their names. errors: OPTION_INVALID */
function dataOf(name: string, given: unknown): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(given)) {
    if (isRecord(given) && kindOf(given) === 'Object') return Object.entries(given);
    throw invalid(
      `${name} must be an object of files by their names, or an array of File, not ${shown(given)}`,
    );
  }
  return given.map((file, index) => {
    const named = isBlob(file) ? nameOf(file) : undefined;
    if (named !== undefined) return [named, file];
    throw invalid(
      `${name}[${index}] must be a File, which has a name, not ${shown(file)}`,
      'Of what has no name, give an object: { "the name that the model has for it": … }.',
    );
  });
}

async function fileFrom(name: string, given: unknown): Promise<GivenFile> {
  if (isBlob(given)) return { blob: given, name: nameOf(given) ?? 'model.onnx' };
  if (kindOf(given) === 'Response') return answered(given as Response, (given as Response).url);
  if (HAS_FILES || !(typeof given === 'string' || isUrl(given))) return modelFrom(name, given);
  return fetched(name, given);
}

/** What lies at an address. errors: as `sourceFrom` */
export async function fetched(name: string, given: string | URL): Promise<NamedBlob> {
  if (given === '') throw invalid(`${name} must be an address, not ${shown(given)}`);
  const address = `${given}`;
  const answer = await fetch(address).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EspalierError('FILE_UNREADABLE', `it could not be fetched (${why})`, { file: address }, '', {
      cause,
    });
  });
  return answered(answer, address);
}

/** errors: FILE_NOT_FOUND, FILE_UNREADABLE */
async function answered(answer: Response, address: string): Promise<NamedBlob> {
  if (!answer.ok) {
    const code = answer.status === 404 ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE';
    throw new EspalierError(code, `the server answered ${answer.status} ${answer.statusText}`.trim(), {
      file: address,
    });
  }
  if (answer.bodyUsed) throw invalid('the answer was read already', 'Give its bytes, or fetch it anew.');
  return { blob: await answer.blob(), name: /([^/?#]+)(?:[?#].*)?$/.exec(address)?.[1] ?? 'model.onnx' };
}

/** What a file of a form is called; a blob has no name. */
export const nameOf = (blob: Blob): string | undefined =>
  'name' in blob && typeof blob.name === 'string' ? blob.name : undefined;

/** Whether this is a blob, also one of another realm; a file is one. */
export const isBlob = (value: unknown): value is Blob => ['Blob', 'File'].includes(kindOf(value));

const unshared = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer instanceof ArrayBuffer || kindOf(bytes.buffer) === 'ArrayBuffer' ? bytes : bytes.slice();

const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Of any realm: vm contexts and test runners have classes of their own. */
const isBuffer = (value: unknown): value is ArrayBufferLike =>
  ['ArrayBuffer', 'SharedArrayBuffer'].includes(kindOf(value)) &&
  typeof (value as Partial<ArrayBuffer>).byteLength === 'number';

/** Whether this is a URL object, also one of another realm, such as a test runner's sandbox. */
export const isUrl = (value: unknown): value is URL => value instanceof URL || kindOf(value) === 'URL';

function pathOf(name: string, url: string): string {
  try {
    return pathOfUrl(url);
  } catch (cause) {
    const why = cause instanceof Error ? ` (${cause.message})` : '';
    throw invalid(
      `${name} must be a path or a file: URL, not ${shown(url)}${why}`,
      'What lies elsewhere has to be fetched first: its bytes can be given.',
    );
  }
}
