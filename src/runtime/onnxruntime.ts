import { EspalierError } from '../base/errors.js';
import { installedPackage, packagePlaces } from '../platform/index.js';
import { argument } from '../schema/check.js';
import { textsOf } from '../schema/fields.js';
import type { Runtime } from './runtime.js';
import { type Edition, inThread } from './thread.js';

/**
 * onnxruntime as it is installed: onnxruntime-node, an optional peer, and where that is absent onnxruntime-web's WASM, which
 * needs no binary for the platform and is slower. In a worker thread for each session, since a run blocks its thread.
 */
export const onnxruntime = (from: readonly string[] = packagePlaces()): Runtime => {
  checkPlaces(from);
  return inThread(() => {
    const found = native(from) ?? wasm(from);
    if (found !== undefined) return found;
    throw missing(
      'onnxruntime, which runs models, is not installed',
      'Install it: npm install onnxruntime-node, or where that has no binary, npm install onnxruntime-web',
    );
  });
};

/** onnxruntime-web's WASM in Node, whatever else is installed. Errors: RUNTIME_MISSING where it is not. */
export const onnxruntimeWeb = (from: readonly string[] = packagePlaces()): Runtime => {
  checkPlaces(from);
  return inThread(() => {
    const found = wasm(from);
    if (found !== undefined) return found;
    throw missing('onnxruntime-web is not installed', 'Install it: npm install onnxruntime-web');
  });
};

const checkPlaces = (from: unknown): void => {
  argument('from', textsOf('an array of files that packages are looked for from'), from);
};

const native = (from: readonly string[]): Edition | undefined => edition('onnxruntime-node', 'cpu', from);

const wasm = (from: readonly string[]): Edition | undefined => edition('onnxruntime-web', 'wasm', from);

function edition(name: string, provider: Edition['provider'], from: readonly string[]): Edition | undefined {
  const found = installedPackage(name, from);
  if (found === undefined) return undefined;
  const { entry, version = 'of unknown version' } = found;
  return { name: `${name} ${version}`, entry, provider };
}

const missing = (what: string, todo: string): EspalierError =>
  new EspalierError('RUNTIME_MISSING', what, {}, todo);
