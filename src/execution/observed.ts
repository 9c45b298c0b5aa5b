import { NO_EDITS } from '../model/edits.js';
import { type NativeModel, type NativeOptions, openBytes, openFile } from '../native/index.js';
import { temporaryFolder } from '../platform/index.js';

/** A copy of a model with more outputs, made for a runtime. */
export interface ObservedModel {
  /** What a runtime loads: bytes with all data inside, or a path. */
  readonly model: string | Uint8Array;
  /**
   * Takes away what was written, once nobody reads it any more: `closed` is waited for where files that are open cannot
   * be removed.
   */
  remove(closed?: Promise<unknown>): Promise<void>;
}

/** Models below this many bytes are copied in memory. */
const IN_MEMORY = 1024 ** 3;

/**
 * Copies a model so that these values of its main graph are outputs too. A runtime then computes them as they are, even
 * where its optimiser would have fused their node into another one.
 *
 * - large models go to a folder of their own among the system's temporary files, with their external data beside them
 * - errors: OUTPUT_UNWRITABLE, FILE_UNREADABLE; nothing is left behind
 */
export async function observe(
  model: NativeModel,
  values: readonly string[],
  options: Pick<NativeOptions, 'signal' | 'threads'> = {},
  inMemory = IN_MEMORY,
): Promise<ObservedModel> {
  const edits = { ...NO_EDITS, outputs: values.map((name) => ({ name })) };
  const { bytes, externalBytes } = model.describe();
  if (bytes + externalBytes < inMemory)
    return { model: await model.saveToBytes(edits, options), remove: async () => undefined };
  const folder = await temporaryFolder();
  try {
    const path = folder.path('model.onnx');
    await model.save(path, edits, options);
    return {
      model: path,
      remove: (closed) => folder.remove().catch(() => Promise.resolve(closed).then(() => folder.remove())),
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/** The same of a model that is not opened: a path or its bytes. errors: those of opening it too. */
export async function observedCopy(
  model: string | Uint8Array,
  values: readonly string[],
  options: Pick<NativeOptions, 'signal' | 'threads'> = {},
): Promise<ObservedModel> {
  const opened = await (typeof model === 'string' ? openFile(model, options) : openBytes(model, options));
  try {
    return await observe(opened, values, options);
  } finally {
    opened.dispose();
  }
}
