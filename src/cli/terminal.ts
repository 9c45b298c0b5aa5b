import type { CallOptions } from '../options/types.js';
import { watchProgress } from './progress.js';

/** What a command may do to the world around it. */
export interface Terminal {
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Columns of the terminal; nothing when the output goes elsewhere, so that nothing is wrapped there. */
  readonly width: number | undefined;
  /** A result, to stdout. */
  print(text: string): void;
  /** A hint, to stderr; not with --quiet. */
  hint(text: string, options: { readonly quiet?: boolean | undefined }): void;
  /** The command could not do all that was asked: exit code 1. Its result says why. */
  fail(): void;
}

/** Options of every command that works for a while. */
export interface WorkOptions {
  readonly threads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does the work with what every long call takes; shows progress meanwhile. */
export async function work<T>(
  terminal: Terminal,
  { threads, quiet }: WorkOptions,
  act: (call: CallOptions) => Promise<T>,
): Promise<T> {
  const progress = watchProgress(quiet === true);
  try {
    return await act({
      signal: terminal.signal,
      onProgress: progress.show,
      ...(threads !== undefined && { threads }),
    });
  } finally {
    progress.stop();
  }
}
