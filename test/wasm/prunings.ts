// Models of the tests' generators, pruned in several ways: hashes of what came out, by the addon of the process that this runs in.
//
//   npx tsx test/wasm/prunings.ts      prints them as JSON
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { EspalierError, openModel, type PlanOptions } from '../../src/index.js';
import { seeds } from '../hostile/seeds.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { encodeModel } from '../support/onnx.js';
import { draws } from '../support/random.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';

const WAYS: Readonly<Record<string, PlanOptions>> = {
  entropy: { ratio: 0.5 },
  macs: { macs: 0.5, criterion: 'l1' },
  exact: { params: 0.6, exact: true, criterion: 'l2' },
};
/** Of each generator. */
const GROWN = 12;
const LONGEST = 8;

/** Models by their names: grown ones, and those that hostile files are made of. */
function models(): ReadonlyMap<string, Uint8Array> {
  const next = draws(5);
  const steps = <Kind>(kinds: readonly Kind[]) =>
    Array.from({ length: 2 + next(LONGEST) }, () => ({
      kind: kinds[next(kinds.length)]!,
      pick: next(12),
      size: next(12),
    }));
  const found = new Map<string, Uint8Array>();
  for (let i = 0; i < GROWN; i++) {
    found.set(`convnet ${i}`, encodeModel(growConvnet(steps(KINDS), i)));
    found.set(`sequences ${i}`, encodeModel(growSequenceNet(steps(SEQUENCE_KINDS), i)));
  }
  for (const [name, bytes] of seeds()) found.set(name, bytes);
  return found;
}

const hashOf = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** For each model and way: the hashes of the plan and of the file, or the code of the error. */
export async function prunings(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const [name, bytes] of models())
    for (const [way, options] of Object.entries(WAYS))
      found[`${name}, ${way}`] = await pruning(bytes, options);
  return found;
}

async function pruning(bytes: Uint8Array, options: PlanOptions): Promise<string> {
  try {
    using model = await openModel(bytes);
    const pruned = await model.prune(options);
    return `${hashOf(JSON.stringify(pruned.plan))} ${hashOf(await pruned.toBytes())}`;
  } catch (error) {
    if (error instanceof EspalierError) return error.code;
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await prunings()));
