import { stat } from 'node:fs/promises';
import { EspalierError } from '../errors.js';

/** Bytes of a model: the .onnx file and its external data, as far as the file can be read as a model at all. */
export async function modelBytes(model: string | Uint8Array): Promise<number> {
  if (typeof model !== 'string') return model.byteLength;
  const { openFile } = await import('../native/index.js');
  try {
    const opened = await openFile(model, {});
    try {
      const { bytes, externalBytes } = opened.describe();
      return bytes + externalBytes;
    } finally {
      opened.dispose();
    }
  } catch (error) {
    if (error instanceof EspalierError && error.code.startsWith('MODEL_')) return (await stat(model)).size;
    throw error;
  }
}
