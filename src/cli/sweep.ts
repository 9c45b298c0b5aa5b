import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import { saveOptions } from '../options/call.js';
import { checkSweepOptions } from '../options/checks.js';
import { sweepOptions } from '../options/sweeping.js';
import type { Sweep } from '../options/types.js';
import { kindOf, readText } from '../platform/index.js';
import { toJson } from '../report/json.js';
import { sweepReport } from '../report/sweep.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { words } from '../schema/fields.js';
import { checkOutput, writeOutput } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  output: {
    takes: words(),
    help: 'also write all numbers, as JSON, point by point; where it is there already, the sweep goes on from it',
    sign: 'OUT',
    letter: 'o',
  },
} satisfies Declarations;

/** `espalier sweep MODEL --data S --macs 0.9..0.2`: many prunings of one model beside each other, judged by samples that were held out. */
export function declareSweep(command: Command, terminal: Terminal): void {
  command.action((file: string, _, given: Command) => run(file, given, terminal));
  addFlags(
    command,
    [
      ...[...flagsOf(ownOptions), ...flagsOf(sweepOptions.all)],
      ...[...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
    ],
    true,
  );
}

async function run(file: string, command: Command, terminal: Terminal): Promise<void> {
  const given = checkSweepOptions(givenOf(command, sweepOptions));
  const { output } = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const speech = spokenOf(command);
  const known = output === undefined || force ? undefined : await earlier(output);
  if (output !== undefined)
    await checkOutput(output, { force: force || known !== undefined, sources: [file] });
  if (known !== undefined)
    terminal.hint(`Going on from ${output}: ${known.points.length} points are there.`, speech);
  const { sweep } = await import('../sweep/sweep.js');
  const found = await work(terminal, { ...given, ...speech }, (call) =>
    sweep(file, {
      ...given,
      ...call,
      ...(known !== undefined && { known }),
      ...(output !== undefined && { onPoint: (all: Sweep) => writeOutput(output, toJson(all)) }),
    }),
  );
  if (output !== undefined) await writeOutput(output, toJson(found));
  if (found.points.some(({ failed }) => failed !== undefined)) terminal.fail();
  terminal.print(speech.json ? toJson(found) : sweepReport(found, terminal.width));
}

/** What an earlier sweep wrote, if something lies there. errors: OUTPUT_EXISTS where that is something else */
async function earlier(path: string): Promise<Sweep | undefined> {
  if ((await kindOf(path).catch(() => undefined)) !== 'file') return undefined;
  return sweepIn(path).catch((cause: unknown) => {
    throw new EspalierError(
      'OUTPUT_EXISTS',
      'the output exists, and is no sweep that could be gone on with',
      { file: path },
      'Overwrite it with --force.',
      { cause },
    );
  });
}

/** The sweep in a file. errors: FILE_NOT_FOUND, FILE_UNREADABLE */
export async function sweepIn(path: string): Promise<Sweep> {
  const text = await readText(path).catch((cause: unknown) => {
    throw new EspalierError('FILE_NOT_FOUND', 'the file cannot be read', { file: path }, '', { cause });
  });
  try {
    const found = JSON.parse(text) as Sweep;
    if (found.format === 'espalier-sweep' && found.version === 1 && Array.isArray(found.points)) return found;
  } catch {
    // What is no JSON is no sweep.
  }
  throw new EspalierError(
    'FILE_UNREADABLE',
    'the file is no sweep',
    { file: path },
    'Give what espalier sweep -o wrote.',
  );
}
