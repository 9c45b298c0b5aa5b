import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import { checkVerifyOptions } from '../options/checks.js';
import type { Sweep } from '../options/types.js';
import { verifyOptions } from '../options/verifying.js';
import { type ComparedModel, comparisonReport } from '../report/comparison.js';
import { toJson } from '../report/json.js';
import { sweepReport } from '../report/sweep.js';
import { trialKey } from '../sweep/grid.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { modelsNamed, STREAM } from './models.js';
import { sweepIn } from './sweep.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

/** `espalier compare ORIGINAL MODEL...`: several models beside the one that they were made of; or results of sweeps as one table. */
export function declareCompare(command: Command, terminal: Terminal): void {
  command.action((files: readonly string[], _, given: Command) => compare(files, given, terminal));
  addFlags(command, [...flagsOf(verifyOptions.all), ...flagsOf(terminalOptions)]);
}

async function compare(named: readonly string[], command: Command, terminal: Terminal): Promise<void> {
  const given = checkVerifyOptions(givenOf(command, verifyOptions));
  const speech = spokenOf(command);
  const files = await modelsNamed(named);
  if (files.every((file) => file.endsWith('.json'))) {
    const together = merged(await Promise.all(files.map(sweepIn)));
    return terminal.print(speech.json ? toJson(together) : sweepReport(together, terminal.width));
  }
  const [original, ...others] = files;
  if (others.length === 0 || files.includes(STREAM))
    throw new EspalierError(
      'OPTION_INVALID',
      'there is nothing to compare',
      {},
      'Give the original and the models that were made of it, or JSON files of sweeps.',
    );
  const { verify } = await import('../verify/verify.js');
  const found: ComparedModel[] = [];
  for (const [index, file] of others.entries()) {
    const place = `${index + 1} of ${others.length}, ${file}: `;
    const act = () =>
      work(
        terminal,
        { ...given, ...speech },
        (call) => verify(original!, file, { ...given, ...call }),
        place,
      );
    try {
      const verification = await act();
      if (!verification.ok) terminal.fail();
      found.push({ file, verification });
    } catch (error) {
      // The original, and the samples, are all models': what is wrong with them is no one's fault.
      if (terminal.signal.aborted || !(error instanceof EspalierError) || error.where.file !== file)
        throw error;
      terminal.fail();
      found.push({ file, failed: { code: error.code, text: EspalierError.onCommandLine(error).what } });
    }
  }
  terminal.print(
    speech.json ? toJson({ original, models: found }) : comparisonReport(original!, found, terminal.width),
  );
}

/** Sweeps of one model as one; of points that are in several, the first. errors: OPTION_INVALID where they are of several models, or were judged differently */
function merged(sweeps: readonly Sweep[]): Sweep {
  const [first] = sweeps;
  const keyOf = ({ model, test }: Sweep): string => JSON.stringify([model.sha256, test]);
  const other = sweeps.find((own) => keyOf(own) !== keyOf(first!));
  if (other !== undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      other.model.sha256 === first!.model.sha256
        ? 'the sweeps were judged by other samples'
        : `the sweeps are of several models: ${first!.model.file} and ${other.model.file}`,
      {},
      'Compare sweeps of one model, with the same --test.',
    );
  const points = new Map(
    sweeps
      .flatMap((own) => own.points)
      .toReversed()
      .map((own) => [trialKey(own), own]),
  );
  return { ...first!, points: [...points.values()].toReversed() };
}
