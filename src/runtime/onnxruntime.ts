import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EspalierError } from '../base/errors.js';
import { argument } from '../schema/check.js';
import { textsOf } from '../schema/fields.js';
import type { Runtime } from './runtime.js';
import { type Edition, inThread } from './thread.js';

/** Beside this package, then in the folder that the process was started in: `npx` installs it elsewhere than the project. */
const PLACES: readonly string[] = [import.meta.url, join(process.cwd(), 'package.json')];

/**
 * onnxruntime as it is installed: onnxruntime-node, an optional peer, and where that is absent onnxruntime-web's WASM, which
 * needs no binary for the platform and is slower. In a worker thread for each session, since a run blocks its thread.
 */
export const onnxruntime = (from: readonly string[] = PLACES): Runtime => {
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
export const onnxruntimeWeb = (from: readonly string[] = PLACES): Runtime => {
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
  const entry = resolved(name, from);
  return entry === undefined ? undefined : { name: `${name} ${versionOf(entry)}`, entry, provider };
}

/** The entry lies in a folder of the package. */
function versionOf(entry: string): string {
  try {
    const described: unknown = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'));
    const { version } = described as { version?: unknown };
    return typeof version === 'string' ? version : 'of unknown version';
  } catch {
    return 'of unknown version';
  }
}

function resolved(name: string, from: readonly string[]): string | undefined {
  for (const base of from) {
    try {
      return createRequire(base).resolve(name);
    } catch {
      // Not here: the next place.
    }
  }
  return undefined;
}

const missing = (what: string, todo: string): EspalierError =>
  new EspalierError('RUNTIME_MISSING', what, {}, todo);
