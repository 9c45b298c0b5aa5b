import * as ort from 'onnxruntime-node';
import { EspalierError, openModel } from '../../src/index.js';
import { openBytes } from '../../src/native/index.js';
import type { Case } from './archive.js';
import type { Inferred, View } from './shapes.js';
import { inferOutputs, VIEWS } from './shapes.js';
import type { Recorded } from './tensors.js';
import { readTensor } from './tensors.js';

/** What became of one conformance test. */
export interface Outcome {
  readonly name: string;
  /** Whether the model that was opened and saved answers as the original; or why there is no answer to compare. */
  readonly answers: 'the same' | 'at random' | { readonly notRun: string };
  /** Undefined where the model could not be opened. */
  readonly views: Readonly<Record<View, Inferred>> | undefined;
  readonly prunable: boolean;
  /** What is not as it should be. */
  readonly faults: readonly string[];
}

type Answers = Readonly<Record<string, ort.Tensor>>;

/** Opens, saves, prunes and runs one conformance test. */
export async function check(test: Case): Promise<Outcome> {
  const faults: string[] = [];
  const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (problem) {
      faults.push(`${what}: ${problem instanceof EspalierError ? problem.code : ''} ${messageOf(problem)}`);
      return undefined;
    }
  };

  const recorded = await recordedOf(test);
  const views = await guarded('reading', async () => {
    const native = await openBytes(test.model);
    try {
      const document = native.describe();
      const infer = (view: View): Inferred =>
        inferOutputs(document, (tensor) => native.numbers(tensor), recorded, view);
      return Object.fromEntries(VIEWS.map((view) => [view, infer(view)])) as Record<View, Inferred>;
    } finally {
      native.dispose();
    }
  });
  for (const view of VIEWS) for (const wrong of views?.[view].wrong ?? []) faults.push(`${view}: ${wrong}`);

  const saved = await guarded('saving', () => savedUnpruned(test.model));
  if (saved !== undefined && !startsWith(saved, test.model))
    faults.push('saving: the bytes are not the original and metadata behind it');
  const pruned = await guarded('pruning', () => prunedByHalf(test.model));

  const unheld = [...recorded.inputs.values(), ...recorded.outputs.values()].find(
    ({ data }) => data === undefined,
  );
  // onnxruntime-node ends the whole process where an output has elements that JavaScript has no array of.
  const original =
    unheld === undefined
      ? await run(test.model, recorded.inputs)
      : `JavaScript has no array of ${unheld.dtype}`;
  let answers: Outcome['answers'] = 'the same';
  if (typeof original === 'string') {
    answers = { notRun: original };
  } else if (saved !== undefined) {
    const again = await run(saved, recorded.inputs);
    const difference = differenceOf(original, again);
    if (difference !== undefined) {
      const repeated = await run(test.model, recorded.inputs);
      if (differenceOf(original, repeated) === undefined) faults.push(`running: ${difference}`);
      else answers = 'at random';
    }
  }
  if (pruned !== undefined && typeof original !== 'string') {
    const found = await run(pruned, recorded.inputs);
    const fault =
      typeof found === 'string'
        ? found
        : Object.entries(original).find(([name, { dims }]) => `${dims}` !== `${found[name]?.dims}`)?.[0];
    if (fault !== undefined) faults.push(`running it pruned: ${fault}`);
  }
  return { name: test.name, answers, views, prunable: pruned !== undefined, faults };
}

const messageOf = (problem: unknown): string => (problem instanceof Error ? problem.message : `${problem}`);

/** The recorded tensors: inputs by the names that the file gives them, its initializers left out. */
async function recordedOf(
  test: Case,
): Promise<{ inputs: ReadonlyMap<string, Recorded>; outputs: ReadonlyMap<string, Recorded> }> {
  const native = await openBytes(test.model);
  const { graph, tensors } = native.describe();
  native.dispose();
  const stored = new Set(graph.initializers.map((id) => tensors[id]!.name));
  const given = graph.inputs.filter(({ name }) => !stored.has(name));
  const inputs = new Map<string, Recorded>();
  for (const [i, { name, dtype }] of given.entries()) {
    const bytes = test.inputs[i];
    if (dtype !== null && bytes !== undefined) inputs.set(name, readTensor(bytes));
  }
  const outputs = new Map<string, Recorded>();
  for (const [i, { name, dtype }] of graph.outputs.entries()) {
    const bytes = test.outputs[i];
    if (dtype !== null && bytes !== undefined) outputs.set(name, readTensor(bytes));
  }
  return { inputs, outputs };
}

async function savedUnpruned(bytes: Uint8Array): Promise<Uint8Array> {
  using model = await openModel(bytes);
  model.inspect();
  const unpruned = await model.apply({
    format: 'espalier-plan',
    version: 1,
    model: { sha256: await model.sha256(), file: model.file },
    made: {},
    groups: [],
    tensors: {},
  });
  return unpruned.toBytes();
}

/** The model with half of its lanes, where there are any. */
async function prunedByHalf(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  using model = await openModel(bytes);
  try {
    return await (await model.prune({ ratio: 0.5 })).toBytes();
  } catch (problem) {
    if (problem instanceof EspalierError && problem.code === 'NOTHING_PRUNABLE') return undefined;
    throw problem;
  }
}

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  Buffer.compare(bytes.subarray(0, start.length), start) === 0;

/** A model's answers to the recorded inputs, or why onnxruntime gives none. */
async function run(model: Uint8Array, inputs: ReadonlyMap<string, Recorded>): Promise<Answers | string> {
  let session: ort.InferenceSession | undefined;
  try {
    session = await ort.InferenceSession.create(model, {
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
    return messageOf(problem);
  } finally {
    await session?.release();
  }
}

function differenceOf(wanted: Answers, found: Answers | string): string | undefined {
  if (typeof found === 'string') return found;
  for (const [name, tensor] of Object.entries(wanted)) {
    const other = found[name];
    if (other === undefined || `${other.type} ${other.dims}` !== `${tensor.type} ${tensor.dims}`)
      return `${name} has another type or shape`;
    if (Buffer.compare(bitsOf(tensor), bitsOf(other)) !== 0) return `${name} has other elements`;
  }
  return undefined;
}

const bitsOf = ({ data }: ort.Tensor): Buffer =>
  ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(JSON.stringify(data));
