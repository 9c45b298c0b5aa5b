import { EspalierError } from '../base/errors.js';
import {
  addonPlace,
  engine,
  installedPackage,
  keptTexts,
  machine,
  optionalPeers,
  packagePlaces,
  temporaryFolder,
  VERSION,
  writeText,
} from '../platform/index.js';
import type { Finding } from '../report/checkup.js';
import { bytes } from '../report/numbers.js';

/** The oldest Node that this package runs on. */
const OLDEST_NODE = 20;
/** Less memory than this is short for models of today. */
const LITTLE_MEMORY = 2e9;

/** Looks at all that Espalier needs, and tries it on a model of a few bytes. */
export async function checkup(): Promise<readonly Finding[]> {
  const findings = [engineFound(), machineFound(), memoryFound()];
  const tried = await pruned();
  findings.push(tried.finding);
  findings.push(...peersFound());
  if (tried.models !== undefined) findings.push(await ran(...tried.models));
  findings.push(await temporaryFound(), await cacheFound());
  return findings;
}

function engineFound(): Finding {
  const { name, version, node } = engine();
  const text = `${name} ${version}, Espalier ${VERSION}`;
  const isOld = node !== undefined && Number.parseInt(node, 10) < OLDEST_NODE;
  if (!isOld) return { name: 'engine', state: 'ok', text };
  return { name: 'engine', state: 'fault', text, todo: `Install Node ${OLDEST_NODE} or newer.` };
}

function machineFound(): Finding {
  const { cpu, cores, platform } = machine();
  return { name: 'processor', state: 'ok', text: `${cpu}, ${cores} threads, ${platform}` };
}

function memoryFound(): Finding {
  const { memory } = engine();
  if (memory === undefined)
    return { name: 'memory', state: 'ok', text: 'how much may be taken is not known' };
  const text = `${bytes(memory)} may be taken`;
  if (memory >= LITTLE_MEMORY) return { name: 'memory', state: 'ok', text };
  return {
    ...{ name: 'memory', state: 'warning', text },
    todo: 'Large models need more: give the container more memory, or --memory 256MB for less speed.',
  };
}

/** y = W2 relu(W1 x), 2 -> 4 -> 2 numbers, opset 17, as bytes in base64. */
const TINY =
  'CAg6xQEKEgoBeAoCdzESAWgiBk1hdE11bAoMCgFoEgFyIgRSZWx1ChIKAXIKAncyEgF5IgZNYXRNdWwSBWdyYXBoKiwIAggEEAFCAncxSiAAAFg/AADYPgAA' +
  'gD8AABC/AACgPQAA8L4AABi/AAAAPyosCAQIAhABQgJ3MkogAABoPwAACL8AABQ/AACAvwAATL8AAAA/AAC4PgAA6L5aFAoBeBIPCg0IARIJCgMSAW4KAggC' +
  'YhQKAXkSDwoNCAESCQoDEgFuCgIIAkIECgAQEQ==';

/** Whether the addon loads and prunes. */
async function pruned(): Promise<{ readonly finding: Finding; readonly models?: [Uint8Array, Uint8Array] }> {
  try {
    const original = Uint8Array.from(atob(TINY), (character) => character.charCodeAt(0));
    const { openModel } = await import('../api/open.js');
    const model = await openModel(original);
    try {
      const small = await (await model.prune({ ratio: 0.5 })).toBytes();
      const place = addonPlace() ?? 'unknown';
      const isWasm = place.endsWith('.wasm');
      return {
        finding: {
          name: 'addon',
          ...(isWasm
            ? {
                state: 'warning',
                text: `WebAssembly, one thread, which is slower: ${place}`,
                todo: 'Install the package of this platform (docs/install.md), or unset ESPALIER_WASM.',
              }
            : { state: 'ok', text: `native: ${place}` }),
        },
        models: [original, small],
      };
    } finally {
      model.dispose();
    }
  } catch (error) {
    return { finding: faultOf('addon', error) };
  }
}

/** Packages that are used where they are installed. Without a runtime models are pruned, and never run. */
function peersFound(): readonly Finding[] {
  return Object.entries(optionalPeers()).map(([name, range]): Finding => {
    const found = installedPackage(name, packagePlaces());
    if (found === undefined)
      return { name, state: 'ok', text: `not installed (optional; takes ${range}: npm install ${name})` };
    const { version } = found;
    const isOld = version !== undefined && isBelow(version, range);
    const text = `${version ?? 'of unknown version'} (takes ${range})`;
    return isOld
      ? { name, state: 'warning', text, todo: `Install a newer one: npm install ${name}@latest` }
      : { name, state: 'ok', text };
  });
}

/** Whether a version lies below a range of the form >=1.2.3. */
function isBelow(version: string, range: string): boolean {
  const least = /^>=(\d+(?:\.\d+)*)/.exec(range)?.[1];
  if (least === undefined) return false;
  const [own, other] = [version, least].map((text) => text.split(/[.-]/).map(Number));
  for (const [place, number] of other!.entries())
    if (own![place] !== number) return (own![place] ?? 0) < number;
  return false;
}

/** Whether the runtime runs a model and what was made of it. */
async function ran(original: Uint8Array, small: Uint8Array): Promise<Finding> {
  const { onnxruntime } = await import('../runtime/onnxruntime.js');
  const runtime = onnxruntime();
  try {
    for (const model of [original, small]) {
      const session = await runtime.load(model);
      const x = { type: 'float32', data: new Float32Array([1, 2]), dims: [1, 2] } as const;
      await session.run({ x }).finally(() => session.dispose());
    }
    const found = ['onnxruntime-node', 'onnxruntime-web'].find(
      (name) => installedPackage(name, packagePlaces()) !== undefined,
    );
    return { name: 'runtime', state: 'ok', text: `${found} runs models` };
  } catch (error) {
    // Without it everything that needs no samples works.
    return { ...faultOf('runtime', error), state: 'warning' };
  }
}

async function temporaryFound(): Promise<Finding> {
  try {
    const folder = await temporaryFolder();
    try {
      await writeText(folder.path('text'), 'text');
      return { name: 'temporary files', state: 'ok', text: 'can be written' };
    } finally {
      await folder.remove();
    }
  } catch (error) {
    const { text } = faultOf('', error);
    return {
      ...{ name: 'temporary files', state: 'warning', text },
      todo: 'Models of over a gigabyte are copied there when they run: set TMPDIR to a folder that can be written to.',
    };
  }
}

async function cacheFound(): Promise<Finding> {
  const kept = keptTexts();
  await kept.write('doctor.txt', 'text');
  const isKept = (await kept.read('doctor.txt')).includes('text');
  if (isKept) return { name: 'cache', state: 'ok', text: 'measured latencies are kept' };
  return {
    ...{
      name: 'cache',
      state: 'warning',
      text: 'no folder can be written to: latencies are measured each time',
    },
    todo: 'Set XDG_CACHE_HOME to a folder that can be written to.',
  };
}

function faultOf(name: string, error: unknown): Finding {
  const known = error instanceof EspalierError ? EspalierError.onCommandLine(error) : undefined;
  const text = known?.what ?? (error instanceof Error ? error.message : String(error));
  const todo = known?.todo;
  return { name, state: 'fault', text, ...(todo !== undefined && todo !== '' && { todo }) };
}
