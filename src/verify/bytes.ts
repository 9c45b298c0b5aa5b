import { stat } from 'node:fs/promises';

/** Bytes of a model: the .onnx file and its external data. */
export async function modelBytes(model: string | Uint8Array): Promise<number> {
  if (typeof model !== 'string') return model.byteLength;
  return (await stat(model)).size;
}
