import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import { saveOptions } from '../options/call.js';
import { checkVerifyOptions } from '../options/checks.js';
import { verifyOptions } from '../options/verifying.js';
import { toJson } from '../report/json.js';
import { checked } from '../schema/check.js';
import { checkOutput } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { modelNamed, STREAM } from './models.js';
import { reportFlag, writeReport } from './reporting.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

/** `espalier verify ORIGINAL PRUNED`: how alike they answer, how fast, how large. Exit code 1 where one cannot replace the other. */
export function declareVerify(command: Command, terminal: Terminal): void {
  command.action((original: string, pruned: string, _, given: Command) =>
    compare(original, pruned, given, terminal),
  );
  addFlags(command, [
    ...[...flagsOf(verifyOptions.all), ...flagsOf(reportFlag)],
    ...[...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ]);
}

async function compare(
  original: string,
  pruned: string,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const given = checkVerifyOptions(givenOf(command, verifyOptions));
  const { report } = givenOf(command, { all: reportFlag });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const speech = spokenOf(command);
  if (report !== undefined) await checkOutput(report, { force, sources: [original, pruned] });
  const { verify } = await import('../verify/verify.js');
  if (original === STREAM && pruned === STREAM)
    throw new EspalierError('OPTION_INVALID', 'standard input is one model, and two are compared');
  const [first, second] = [await modelNamed(original), await modelNamed(pruned)];
  const result = await work(terminal, { ...given, ...speech }, async (call) => {
    const verification = await verify(first, second, { ...given, ...call });
    if (report !== undefined) await writeReport(report, first, second, { ...given, verification }, call);
    return verification;
  });
  if (!result.ok) terminal.fail();
  if (speech.json) return terminal.print(toJson(result));
  const { verificationReport } = await import('../report/verification.js');
  terminal.print(verificationReport(result, terminal.width));
  if (report !== undefined) terminal.print(`written: ${report}`);
}
