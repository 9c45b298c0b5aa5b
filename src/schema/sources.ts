import { pathOfUrl } from '../platform/index.js';
import { invalid, shown } from './check.js';

/** A path, or a `file:` URL as an object or as text. */
export type PathLike = string | URL;

/** A model: where it lies, or its bytes in whatever holds bytes. */
export type ModelSource = PathLike | ArrayBufferLike | ArrayBufferView;

/** `name`: of the argument, for errors. errors: OPTION_INVALID for what is no path, and for URLs that are of no file. */
export function pathFrom(name: string, given: unknown): string {
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
