import type { ErrorCode, Where } from '../base/errors.js';
import { EspalierError, spokenFrom } from '../base/errors.js';
import { outOfMemory } from '../base/memory.js';
import { type Addon, addon, nameOfShown, onAddonLoss, repeatedly } from '../platform/index.js';

/** What every call off the main thread takes. */
export interface NativeOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    readonly phase: string;
    readonly done: number;
    readonly total: number;
  }) => void;
  readonly threads?: number;
}

/** Marks the addon's messages that carry an error as JSON. */
const MARK = 'espalier:';
/** Milliseconds between two reports of progress. */
const PERIOD = 100;

/**
 * One call off the main thread: stopped by the signal, reporting progress, its errors made ours.
 *
 * Where the signal aborts, it rejects with the signal's reason; where `onProgress` throws, it stops and rejects with that.
 *
 * - `undo`: takes back what was made where the last report throws
 */
export async function call<T>(
  phase: string,
  { signal, onProgress, threads }: NativeOptions,
  start: (job: Addon.Job) => Promise<T>,
  undo: (made: T) => void = () => {},
): Promise<T> {
  signal?.throwIfAborted();
  const job = new (addon().Job)(threads);
  const cancel = (): void => job.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  /** What the callback threw first. */
  const failures: { readonly problem: unknown }[] = [];
  const report = (): void => {
    if (failures.length > 0) return;
    try {
      onProgress?.({ phase, done: job.done, total: job.total });
    } catch (problem) {
      failures.push({ problem });
      job.cancel();
    }
  };
  const stopWhereTold = (): void => {
    for (const { problem } of failures) throw problem;
  };
  const rest = onProgress && repeatedly(report, PERIOD);
  try {
    // A progress callback that throws is found out before anything is written.
    report();
    stopWhereTold();
    const result = await answered(() => start(job));
    report();
    if (failures.length > 0) undo(result);
    stopWhereTold();
    return result;
  } catch (problem) {
    stopWhereTold();
    throw translated(problem, signal);
  } finally {
    rest?.();
    signal?.removeEventListener('abort', cancel);
  }
}

/** What is answered to a call, which begins at once; where the addon ends before that, nobody would answer. */
async function answered<T>(start: () => Promise<T>): Promise<T> {
  const answer = start();
  return new Promise((resolve, reject) => {
    const stop = onAddonLoss(reject);
    answer.then(resolve, reject).finally(stop);
  });
}

/** A call that writes files: they get their names once nobody can say no to them any more. */
export async function callWriting(
  options: NativeOptions,
  start: (job: Addon.Job) => Promise<Addon.Written>,
): Promise<{ readonly bytes: number; readonly externalBytes: number }> {
  const written = await call('write', options, start, (made) => made.discard());
  const { bytes, externalBytes } = written;
  const { signal, threads } = options;
  try {
    await call('write', { ...(signal && { signal }), ...(threads !== undefined && { threads }) }, (job) =>
      written.place(job),
    );
  } finally {
    written.discard();
  }
  return { bytes, externalBytes };
}

/** A call on the main thread, its errors made ours. */
export function callSync<T>(run: () => T): T {
  try {
    return run();
  } catch (problem) {
    throw translated(problem);
  }
}

/** The addon's error as an EspalierError, or as the reason of the signal that cancelled the call. */
function translated(cause: unknown, signal?: AbortSignal): unknown {
  if (!(cause instanceof Error) || cause instanceof EspalierError) return cause;
  // Of what a caller gives, WebAssembly cannot take a copy.
  if (cause.message === 'Out of memory')
    return outOfMemory('there is too little memory for what was given', cause);
  if (!cause.message.startsWith(MARK)) {
    return new EspalierError('INTERNAL', cause.message, {}, 'Please report this.', { cause });
  }
  const { code, what, where, todo } = JSON.parse(cause.message.slice(MARK.length)) as {
    readonly code: ErrorCode | 'ABORTED';
    readonly what: string;
    readonly where: Where;
    readonly todo: string;
  };
  if (code === 'ABORTED') {
    return signal?.reason ?? new DOMException('This operation was aborted', 'AbortError');
  }
  const shown = where.file === undefined ? where : { ...where, file: nameOfShown(where.file) };
  return new EspalierError(code, what, shown, spokenFrom(todo), { cause });
}
