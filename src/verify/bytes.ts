import { EspalierError } from '../base/errors.js';
import type { ModelDocument } from '../model/document.js';
import { NO_EDITS } from '../model/edits.js';
import { sizeOf } from '../platform/index.js';
import type { OpenedSource } from '../schema/sources.js';

/** What is known of a model without running it. */
export interface DescribedModel {
  /** Of the .onnx file and its external data. */
  readonly bytes: number;
  /** Nothing where the file cannot be read as a model: what runs it will tell. */
  readonly document?: ModelDocument;
}

/** Describes a model, as far as it can be read as a model at all. */
export async function describe(model: string | Uint8Array): Promise<DescribedModel> {
  const { openBytes, openFile } = await import('../native/index.js');
  try {
    const opened = await (typeof model === 'string' ? openFile(model, {}) : openBytes(model, {}));
    try {
      const document = opened.describe();
      const { bytes, externalBytes } = document;
      return { bytes: typeof model === 'string' ? bytes + externalBytes : model.byteLength, document };
    } finally {
      opened.dispose();
    }
  } catch (error) {
    const unread = error instanceof EspalierError && error.code.startsWith('MODEL_');
    if (typeof model !== 'string') return { bytes: model.byteLength };
    if (unread) return { bytes: await sizeOf(model) };
    throw error;
  }
}

/**
 * A path, or bytes: a runtime needs all of a model, and finds no files but those in its folder. External data that is given is moved into
 * the model.
 *
 * errors: as `openModel`, MODEL_TOO_LARGE from 2 GiB on, where external data is given
 */
export async function pathOrBytes({ model, files }: OpenedSource): Promise<string | Uint8Array> {
  if (files.size === 0) {
    const isBlob = typeof model !== 'string' && !(model instanceof Uint8Array);
    return isBlob ? new Uint8Array(await model.blob.arrayBuffer()) : model;
  }
  const { openAny } = await import('../native/index.js');
  const opened = await openAny(model, {}, files);
  try {
    return await opened.saveToBytes(NO_EDITS);
  } finally {
    opened.dispose();
  }
}
