import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { saveOptions } from '../options/call.js';
import { HEADING } from '../options/headings.js';
import { sampleOptions } from '../options/sampling.js';
import type { CallOptions, SampleOptions, Warning } from '../options/types.js';
import { toJson } from '../report/json.js';
import { samplesJson, samplesTable } from '../report/samples.js';
import { checked } from '../schema/check.js';
import type { Declarations } from '../schema/declaration.js';
import { words } from '../schema/fields.js';
import { looksWrong } from './check.js';
import { checkOutput, writeFile } from './files.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { spokenOf, type Terminal, terminalOptions, work } from './terminal.js';

const ownOptions = {
  model: { takes: words(), needed: true, help: 'the .onnx file that the samples are for', sign: 'FILE' },
  output: { takes: words(), help: 'the .npz to write', sign: 'OUT', letter: 'o' },
  sheet: {
    takes: words(),
    help: 'also write a contact sheet of what the model sees, as PNG',
    sign: 'FILE',
    heading: HEADING.writing,
  },
} satisfies Declarations;

/** `espalier data SOURCE --model MODEL -o OUT`: samples as the model sees them, and what looks wrong about them. */
export function declareData(command: Command, terminal: Terminal): void {
  command.action((source: string, _, given: Command) => data(source, given, terminal));
  addFlags(command, [
    ...[...flagsOf(ownOptions), ...flagsOf(sampleOptions.all)],
    ...[...flagsOf(saveOptions.own), ...flagsOf(terminalOptions)],
  ]);
}

async function data(source: string, command: Command, terminal: Terminal): Promise<void> {
  const own = givenOf(command, { all: ownOptions });
  const { force = false } = checked(saveOptions, givenOf(command, saveOptions));
  const given = checked(sampleOptions, givenOf(command, sampleOptions));
  const speech = spokenOf(command);
  const sources = [source, own.model];
  for (const path of [own.output, own.sheet])
    if (path !== undefined) {
      await checkOutput(path, { force, sources });
      sources.push(path);
    }
  const made = await work(terminal, { ...given, ...speech }, (call) => prepared(source, own, given, call));
  const { dataset, warnings } = made;
  if (speech.json) return terminal.print(toJson({ ...samplesJson(dataset, warnings), ...own }));
  terminal.print(samplesTable(dataset, warnings));
  const written = [own.output, own.sheet].filter((path) => path !== undefined);
  if (written.length > 0) terminal.print(`\nwritten: ${written.join(', ')}`);
}

interface Prepared {
  readonly dataset: Dataset;
  readonly warnings: readonly Warning[];
}

async function prepared(
  source: string,
  {
    model: file,
    output,
    sheet,
  }: { readonly model: string; readonly output?: string; readonly sheet?: string },
  options: SampleOptions,
  call: CallOptions,
): Promise<Prepared> {
  const { openModel } = await import('../api/open.js');
  const model = await openModel(file, call);
  try {
    const all = await model.samples(source, { ...options, ...call });
    const dataset = await firstOf(all, options.samples);
    const warnings = [...(dataset.warnings ?? []), ...(await looksWrong(model, dataset, call))];
    if (sheet !== undefined) await writeSheet(sheet, dataset, call);
    if (output !== undefined) {
      const { npzOf } = await import('../data/npzWriter.js');
      await writeFile(output, npzOf(dataset, call.signal));
    }
    return { dataset, warnings };
  } finally {
    model.dispose();
  }
}

/** So many samples at the most. */
async function firstOf(dataset: Dataset, most: number | undefined): Promise<Dataset> {
  const count = [...dataset.arrays.values()][0]?.dims[0] ?? 0;
  if (most === undefined || most >= count) return dataset;
  const { part } = await import('../data/part.js');
  return { ...dataset, ...part(dataset, count, 0, most) };
}

async function writeSheet(path: string, dataset: Dataset, { signal }: CallOptions): Promise<void> {
  const [{ contactSheet }, { decoder }] = await Promise.all([
    import('../data/contactSheet.js'),
    import('../data/imageSamples.js'),
  ]);
  const sheet = await contactSheet(dataset, signal);
  if (sheet === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      '--sheet shows images, and the samples are none',
      {},
      'Leave it out.',
    );
  await writeFile(path, await (await decoder()).encodePng(sheet.image, sheet.captions));
}
