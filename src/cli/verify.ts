import type { Command } from 'commander';
import { checkVerifyOptions } from '../options/checks.js';
import { verifyOptions } from '../options/verifying.js';
import { toJson } from '../report/json.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

/** `espalier verify ORIGINAL PRUNED`: how alike they answer, how fast, how large. Exit code 1 where one cannot replace the other. */
export function declareVerify(command: Command, terminal: Terminal): void {
  command.action((original: string, pruned: string, _, given: Command) =>
    compare(original, pruned, given, terminal),
  );
  addFlags(command, [...flagsOf(verifyOptions.all), ...flagsOf(terminalOptions)]);
}

async function compare(
  original: string,
  pruned: string,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const given = checkVerifyOptions(givenOf(command, verifyOptions));
  const speech = spokenOf(command);
  const { verify } = await import('../verify/verify.js');
  const result = await work(terminal, { ...given, ...speech }, (call) =>
    verify(original, pruned, { ...given, ...call }),
  );
  if (!result.ok) terminal.fail();
  if (speech.json) return terminal.print(toJson(result));
  const { verificationReport } = await import('../report/verification.js');
  terminal.print(verificationReport(result, terminal.width));
}
