import type { Command } from 'commander';
import type { CallOptions } from '../options/types.js';
import type { Declarations } from '../schema/declaration.js';
import { flag } from '../schema/fields.js';
import { type FlagValues, givenOf } from './flags.js';
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

/** The same where standard output is taken by what is written: results go to stderr. */
export const beside = (terminal: Terminal): Terminal => ({
  ...terminal,
  print: (text) => {
    process.stderr.write(`${text}\n`);
  },
});

/** How a command speaks, whatever it does. */
export const terminalOptions = {
  quiet: { takes: flag(), help: 'no progress and no hints', letter: 'q' },
  json: { takes: flag(), help: 'print one JSON document' },
} satisfies Declarations;

/** Options of every command that works for a while. */
export type WorkOptions = FlagValues<typeof terminalOptions> & Pick<CallOptions, 'threads'>;

/** How a command was asked to speak. */
export const spokenOf = (command: Command): FlagValues<typeof terminalOptions> =>
  givenOf(command, { all: terminalOptions });

/** Does the work with what every long call takes; shows progress meanwhile, behind `prefix`. */
export async function work<T>(
  terminal: Terminal,
  { threads, quiet }: WorkOptions,
  act: (call: CallOptions) => Promise<T>,
  prefix = '',
): Promise<T> {
  const progress = watchProgress(quiet === true, prefix);
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
