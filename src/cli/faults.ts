import { CommanderError } from 'commander';
import { EspalierError } from '../base/errors.js';
import { toJson } from '../report/json.js';

/** Exit codes: part of the command line's contract. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** How a command ended that did not end well. */
export interface Fault {
  readonly exitCode: number;
  /** For stderr; nothing where commander has said it already. */
  readonly text?: string;
  readonly error: {
    readonly code: string;
    readonly what: string;
    readonly where: Readonly<Record<string, unknown>>;
    readonly todo: string;
  };
}

/** Nothing where nothing is wrong: help and version end with an exception too. */
export function faultOf(error: unknown, interrupted: boolean): Fault | undefined {
  const plain = (code: string, what: string, todo = '') => ({ code, what, where: {}, todo });
  if (interrupted)
    return {
      exitCode: EXIT.interrupted,
      text: 'Interrupted.',
      error: plain('INTERRUPTED', 'interrupted'),
    };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const what = error.message.replace(/^error: /, '');
    return { exitCode: EXIT.usage, error: plain('OPTION_INVALID', what, 'Try --help.') };
  }
  if (error instanceof EspalierError) {
    const { code, where } = error;
    const { what, todo, message } = EspalierError.onCommandLine(error);
    const exitCode = code === 'OPTION_INVALID' ? EXIT.usage : EXIT.failed;
    return { exitCode, text: message, error: { code, what, where: { ...where }, todo } };
  }
  const what = error instanceof Error ? error.message : String(error);
  const todo = 'This should not happen. Please report it, with the command and the model if you can.';
  return {
    exitCode: EXIT.failed,
    text: `INTERNAL: ${what}\n  ${todo}`,
    error: plain('INTERNAL', what, todo),
  };
}

/** Text to stderr; with --json the one document on stdout too. */
export function tell({ text, error }: Fault, json: boolean): void {
  if (text !== undefined) process.stderr.write(`${text}\n`);
  if (json) process.stdout.write(`${toJson({ error })}\n`);
}
