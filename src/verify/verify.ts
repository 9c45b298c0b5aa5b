import { EspalierError } from '../base/errors.js';
import { frozen } from '../base/frozen.js';
import { INTERFACE_KEY, readChanges } from '../data/interfaceChanges.js';
import { quietly } from '../native/quietly.js';
import { checkVerifyOptions } from '../options/checks.js';
import { kindOf } from '../platform/index.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Session } from '../runtime/runtime.js';
import { type ModelSource, sourceFrom } from '../schema/sources.js';
import { describe, pathOrBytes } from './bytes.js';
import { ModelComparison, NO_CHANGES } from './modelComparison.js';
import { modelPair } from './modelPair.js';
import type { Verification, VerifyOptions } from './types.js';

/**
 * Runs two models, paths or bytes as `openModel` takes them, side by side on the same data: how alike they answer, how accurate they are, how fast and how large.
 * Holds one batch at a time.
 *
 * What makes the pruned model no replacement is a fault in the result. Errors are for what keeps it from being found out:
 * OPTION_INVALID, RUNTIME_MISSING, RUNTIME_FAILED (the original does not run), DATA_MALFORMED, DATA_MISMATCH, FILE_NOT_FOUND.
 */
export async function verify(
  original: ModelSource,
  pruned: ModelSource,
  options?: VerifyOptions,
): Promise<Verification> {
  const checked = checkVerifyOptions(options);
  const first = await pathOrBytes(await sourceFrom('original', original));
  const second = await pathOrBytes(await sourceFrom('pruned', pruned));
  return frozen(await verified(first, second, checked));
}

async function verified(
  original: string | Uint8Array,
  pruned: string | Uint8Array,
  options: VerifyOptions,
): Promise<Verification> {
  const { signal, runtime = onnxruntime() } = options;
  signal?.throwIfAborted();
  for (const model of [original, pruned]) if (typeof model === 'string') await mustExist(model);
  const [known, other] = await Promise.all([describe(original), describe(pruned)]);
  const sessions: Session[] = [];
  const load = async (model: string | Uint8Array): Promise<Session> => {
    const session = await runtime.load(model, quietly(options));
    sessions.push(session);
    return session;
  };
  try {
    const first = await load(original);
    const bytes = { original: known.bytes, pruned: other.bytes };
    const run = new ModelComparison(first, options, bytes, {
      ...(typeof original === 'string' && { path: original }),
      metadata: known.document?.metadata ?? {},
    });
    const second = await load(pruned).catch((error: unknown) => run.fault('UNLOADABLE', error));
    if (second === undefined) return run.result();
    const changes = readChanges(other.document?.metadata[INTERFACE_KEY]) ?? NO_CHANGES;
    return await run.compare(second, changes, () =>
      modelPair(
        { model: original, session: first },
        { model: pruned, session: second },
        known.document,
        load,
        signal,
      ),
    );
  } finally {
    const gone = Promise.all(sessions.map((session) => session.dispose()));
    // A session that is still busy goes as soon as it can; whoever aborted need not wait for it.
    if (!signal?.aborted) await gone;
  }
}

async function mustExist(file: string): Promise<void> {
  await kindOf(file).catch((cause: unknown) => {
    throw new EspalierError('FILE_NOT_FOUND', 'the model does not exist', { file }, '', { cause });
  });
}
