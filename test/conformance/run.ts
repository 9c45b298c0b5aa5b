import * as ort from 'onnxruntime-node';
import type { Recorded } from './tensors.js';

export type Answers = Readonly<Record<string, ort.Tensor>>;

/** A model's answers to the recorded inputs, or why onnxruntime gives none. */
export async function run(
  model: Uint8Array,
  inputs: ReadonlyMap<string, Recorded>,
): Promise<Answers | string> {
  let session: ort.InferenceSession | undefined;
  try {
    session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'basic',
      logSeverityLevel: 4,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    const feeds = Object.fromEntries(
      [...inputs].map(([name, { dtype, dims, data }]) => [
        name,
        new ort.Tensor(dtype as 'float32', data as Float32Array, dims),
      ]),
    );
    return (await session.run(feeds)) as Answers;
  } catch (problem) {
    return problem instanceof Error ? problem.message : `${problem}`;
  } finally {
    await session?.release();
  }
}
