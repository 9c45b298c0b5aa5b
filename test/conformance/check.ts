import type * as ort from 'onnxruntime-node';
import { EspalierError, openModel } from '../../src/index.js';
import type { ValueDocument } from '../../src/model/document.js';
import { openBytes } from '../../src/native/index.js';
import type { Case } from './archive.js';
import { pruneStored } from './pruned.js';
import type { Answers } from './run.js';
import { run } from './run.js';
import type { Inferred, View } from './shapes.js';
import { inferOutputs, VIEWS } from './shapes.js';
import type { Recorded } from './tensors.js';
import { readTensor } from './tensors.js';

/** Each prunes other lanes. */
const SEEDS = [1, 2];

/** What became of one conformance test. */
export interface Outcome {
  readonly name: string;
  /** Why onnxruntime gives no answer to the original, so that there is nothing to compare. */
  readonly notRun: string | undefined;
  /** Undefined where the model could not be read. */
  readonly views: Readonly<Record<View, Inferred>> | undefined;
  /** How often it was pruned with its inputs stored in it. */
  readonly pruned: number;
  /** What is not as it should be. */
  readonly faults: readonly string[];
}

/** Opens, lays out, prunes, saves and runs one conformance test. */
export async function check(test: Case): Promise<Outcome> {
  const faults: string[] = [];
  let pruned = 0;
  const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (problem) {
      faults.push(`${what}: ${messageOf(problem)}`);
      return undefined;
    }
  };

  const read = await guarded('reading', () => readAndInfer(test));
  for (const view of VIEWS)
    for (const wrong of read?.views[view].wrong ?? []) faults.push(`${view}: ${wrong}`);
  await guarded('pruning', () => prune(test.model));
  const saved = await guarded('saving', () => savedUnpruned(test.model));
  if (read === undefined || saved === undefined)
    return { name: test.name, notRun: 'could not be opened', views: undefined, pruned, faults };

  if (Buffer.compare(saved.subarray(0, test.model.length), test.model) !== 0)
    faults.push('saving: the bytes are not the original and metadata behind it');
  const original = read.cannotRun ?? (await run(test.model, read.recorded.inputs));
  if (typeof original !== 'string') {
    const difference = differenceOf(original, await run(saved, read.recorded.inputs));
    if (difference !== undefined) faults.push(`running: ${difference}`);
    for (const seed of SEEDS) {
      const found = await guarded('pruning what is stored', () =>
        pruneStored(test.model, read.recorded, seed),
      );
      if (found?.fault !== undefined) faults.push(`pruned, seed ${seed}: ${found.fault}`);
      if (found !== undefined) pruned++;
    }
  }
  return {
    name: test.name,
    notRun: typeof original === 'string' ? original : undefined,
    views: read.views,
    pruned,
    faults,
  };
}

const messageOf = (problem: unknown): string => (problem instanceof Error ? problem.message : `${problem}`);

interface Read {
  readonly views: Readonly<Record<View, Inferred>>;
  readonly recorded: {
    readonly inputs: ReadonlyMap<string, Recorded>;
    readonly outputs: ReadonlyMap<string, Recorded>;
  };
  /** Why onnxruntime-node cannot be asked. */
  readonly cannotRun: string | undefined;
}

async function readAndInfer({ model, inputs, outputs }: Case): Promise<Read> {
  const native = await openBytes(model);
  try {
    const document = native.describe();
    const { graph, tensors } = document;
    const stored = new Set(graph.initializers.map((id) => tensors[id]!.name));
    const given = graph.inputs.filter(({ name }) => !stored.has(name));
    const recorded = {
      inputs: recordedBy(given, inputs),
      outputs: recordedBy(graph.outputs, outputs),
    };
    const numbers = (tensor: number): Float64Array => native.numbers(tensor);
    const infer = (view: View): Inferred => inferOutputs(document, numbers, recorded, view);
    const views = { stated: infer('stated'), open: infer('open'), stored: infer('stored') };
    const unheld = [...recorded.inputs.values(), ...recorded.outputs.values()].find(
      ({ data }) => data === undefined,
    );
    const cannotRun = [...given, ...graph.outputs].some(({ dtype }) => dtype === null)
      ? NO_TENSOR
      : unheld && `${NO_ARRAY} ${unheld.dtype}`;
    return { views, recorded, cannotRun };
  } finally {
    native.dispose();
  }
}

/** onnxruntime-node has no sequences and no optionals. */
export const NO_TENSOR = 'an input or output is no tensor';
/** Where an output has such elements, onnxruntime-node ends the whole process. */
export const NO_ARRAY = 'JavaScript has no array of';

/** What was recorded, by the names that the file gives it; what is no tensor is left out. */
function recordedBy(
  values: readonly ValueDocument[],
  files: readonly Uint8Array[],
): ReadonlyMap<string, Recorded> {
  const found = new Map<string, Recorded>();
  for (const [i, { name, dtype }] of values.entries()) {
    const bytes = files[i];
    if (dtype !== null && bytes !== undefined) found.set(name, readTensor(bytes));
  }
  return found;
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

/** Takes half of the lanes away, where there are any. */
async function prune(bytes: Uint8Array): Promise<void> {
  using model = await openModel(bytes);
  try {
    await (await model.prune({ ratio: 0.5 })).toBytes();
  } catch (problem) {
    if (problem instanceof EspalierError && problem.code === 'NOTHING_PRUNABLE') return;
    throw problem;
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
