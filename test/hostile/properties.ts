import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { EspalierError, loadData, openModel, operators, readPlan } from '../../src/index.js';
import { bytes, float32, int64, npy, npz } from '../data/files.js';
import { encodeModel } from '../support/onnx.js';
import { byteEdits, changed, edited, graphEdits } from './mutate.js';
import { seeds, specs } from './seeds.js';

/** Longer than any of these small inputs may take, also on a busy machine. */
const LONGEST = 20_000;

/** Ends in a result, or in an error of ours; and soon. */
async function endsWell(act: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof EspalierError) || problem.code === 'INTERNAL') throw problem;
  }
  const took = performance.now() - began;
  if (took > LONGEST) throw new Error(`it took ${Math.round(took)} ms`);
}

async function prunes(source: Uint8Array, seed: number): Promise<void> {
  using model = await openModel(source);
  model.inspect();
  const pruned = await model.prune({ ratio: 0.5, criterion: 'random', seed });
  const after = await pruned.toBytes();
  // What came out can be read, by this reader too.
  using again = await openModel(after);
  again.inspect();
}

const archives = (): readonly Uint8Array[] => {
  const files = {
    x: float32('3, 2', 1, 2, 3, 4, 5, 6),
    label: int64('3,', 1n, 2n, 3n),
    f: npy('>f4', '2, 3', bytes(new Float32Array(6)), { fortran: true }),
    text: npy('<U1', '2,', new Uint8Array(8)),
    s: npy('<f8', '', new Uint8Array(8), { version: 2 }),
  };
  return [npz(files), npz(files, 0), npz({}), ...Object.values(files)];
};

/** Everything that is in the data. */
async function readsAll(path: string): Promise<void> {
  const { arrays } = await loadData(path);
  for (const { dims, type, read } of arrays.values()) {
    const samples = dims[0] ?? 1;
    if (type !== undefined) await read(0, Math.min(samples, 1000));
    if (type !== undefined && samples > 0) await read(samples - 1, samples);
  }
}

const PLANNED = 'convnet-residual';

/** What must hold of any input, by name. `folder`: where the input that is tried lies, for one that never ends. */
export const properties: Readonly<Record<string, (folder: string) => fc.IAsyncProperty<unknown>>> = {
  /** `.npz` and `.npy`. */
  data(folder) {
    const all = archives();
    const path = join(folder, 'data');
    return fc.asyncProperty(
      fc.nat(all.length - 1),
      fc.nat(all.length - 1),
      byteEdits,
      (pick, other, edits) => {
        writeFileSync(path, changed(all[pick]!, edits, all[other]!));
        return endsWell(() => readsAll(path));
      },
    ) as fc.IAsyncProperty<unknown>;
  },

  /** A plan as text: changed by bytes. */
  planText(folder) {
    const made = plan();
    const path = join(folder, 'plan.json');
    return fc.asyncProperty(byteEdits, async (edits) => {
      const text = new TextDecoder().decode(changed(new TextEncoder().encode(await made), edits));
      writeFileSync(path, text);
      return endsWell(() => applies(text));
    }) as fc.IAsyncProperty<unknown>;
  },

  /** A plan as data: any of its parts is anything. */
  planData(folder) {
    const made = plan();
    const path = join(folder, 'plan.json');
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(1e308, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, '__proto__', 'constructor', ''),
      fc.array(fc.nat(20), { maxLength: 8 }).map((list) => [...new Set(list)].sort((a, b) => a - b)),
    );
    const edits = fc.array(fc.tuple(fc.nat(10_000), fc.constantFrom('set', 'key', 'drop'), anything), {
      minLength: 1,
      maxLength: 3,
    });
    return fc.asyncProperty(edits, async (changes) => {
      const data = JSON.parse(await made) as unknown;
      for (const [pick, how, value] of changes) {
        const places = placesIn(data);
        const { holder, key } = places[pick % Math.max(1, places.length)] ?? { holder: {}, key: '' };
        if (how === 'set') holder[key] = value;
        else {
          if (how === 'key') holder[typeof value === 'string' ? value : `${pick}`] = holder[key];
          delete holder[key];
        }
      }
      const text = JSON.stringify(data);
      writeFileSync(path, text);
      return endsWell(() => applies(text));
    }) as fc.IAsyncProperty<unknown>;
  },

  /** A model's bytes, changed and mixed with another's. */
  modelBytes(folder) {
    const all = [...seeds().values()];
    const path = join(folder, 'model.onnx');
    return fc.asyncProperty(
      fc.nat(all.length - 1),
      fc.nat(all.length - 1),
      byteEdits,
      (pick, other, edits) => {
        const model = changed(all[pick]!, edits, all[other]!);
        writeFileSync(path, model);
        return endsWell(() => prunes(model, pick));
      },
    ) as fc.IAsyncProperty<unknown>;
  },

  /** A model whose file is well-formed, and whose graph means anything. */
  modelGraph(folder) {
    const all = [...specs().values()];
    // Nodes of the models, and every operator that is known, with whatever operands and attributes come.
    const known = operators().map(({ op, domain }) => ({ op, domain, inputs: [], outputs: [] }));
    const ops = [...all.flatMap(({ nodes }) => nodes), ...known];
    const path = join(folder, 'model.onnx');
    return fc.asyncProperty(fc.nat(all.length - 1), graphEdits, (pick, edits) => {
      const model = encodeModel(edited(all[pick]!, edits, ops));
      writeFileSync(path, model);
      return endsWell(() => prunes(model, pick));
    }) as fc.IAsyncProperty<unknown>;
  },
};

async function plan(): Promise<string> {
  using model = await openModel(seeds().get(PLANNED)!);
  return JSON.stringify((await model.prune({ ratio: 0.5 })).plan);
}

async function applies(text: string): Promise<void> {
  const read = readPlan(text);
  using model = await openModel(seeds().get(PLANNED)!);
  await (await model.apply(read)).toBytes();
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(data: unknown): Place[] {
  if (typeof data !== 'object' || data === null) return [];
  const holder = data as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
