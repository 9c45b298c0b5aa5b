// Accuracy after one-shot pruning, beside the Python peer's: an ablation of criteria, refitting and allocation.
//
//   npm run bench:accuracy -- [--models FOLDER] [--zoo FOLDER] [--model GLOB,...] [--cells 10,20,...] [--criteria a,b,...]
//     [--reconstruct on,off] [--policies global,allocate,uniform] [--seeds N] [--samples N] [--json OUT] [--python PATH]
//
// Trained models are calibrated on the inputs of DATA.calib.npz alone and judged by DATA.test.npz. With --zoo, models of
// other makers and kinds are judged by their task's metric instead, half of their data calibrating and half judging;
// without --models the trained ones are then left out. Each seed but 0 calibrates on another three quarters of the samples.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Dataset, Model } from '../../src/index.js';
import { loadData, openModel } from '../../src/index.js';
import type { Cell, Method, Results } from './cells.js';
import { cut, reason } from './cells.js';
import type { Options } from './options.js';
import { readOptions } from './options.js';
import { peers } from './peer.js';
import { chosen, drawn, halves, samplesOf } from './samples.js';
import { accuracyTable, BELOW, failures, title, zooTable } from './tables.js';
import { samplesFor, top1 } from './trained.js';
import { dataOf, metricsOf, missing } from './zoo.js';

/** What a reader of the zoo wants to know first: does the default keep what the plainest pruning destroys? */
const PLAINEST_AND_DEFAULT: readonly Method[] = [
  { criterion: 'l2', policy: 'uniform', reconstruct: false },
  { criterion: 'information', policy: 'allocate', reconstruct: true },
];

type Judged = Pick<Cell, 'metrics' | 'failed'>;

/** Prunes a model in all ways, and judges each. */
async function cellsOf(
  file: string,
  dataset: Dataset,
  samples: readonly number[],
  judge: { readonly samples: number; readonly of: (bytes: Uint8Array) => Promise<Judged> },
  { methods, cells: removals, seeds }: Options & Required<Pick<Options, 'methods' | 'cells'>>,
): Promise<readonly Cell[]> {
  const model = basename(file, '.onnx');
  const found: Cell[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const data = await chosen(dataset, drawn(samples, seed));
    using opened: Model = await openModel(file);
    for (const method of methods ?? [])
      for (const removed of removals ?? []) {
        const asked = { model, ...method, removed, seed, samples: judge.samples };
        let cell: Cell;
        try {
          const { bytes, macs, seconds } = await cut(opened, data, method, removed, seed);
          cell = { ...asked, macs, seconds, ...(await judge.of(bytes)) };
        } catch (error) {
          cell = { ...asked, failed: reason(error) };
        }
        found.push(cell);
        const worth = cell.failed ?? Object.values(cell.metrics ?? {}).map((value) => value.toFixed(3));
        console.error(`${title(cell)}: ${worth} (${cell.seconds?.toFixed(1) ?? '-'} s)`);
      }
  }
  return found;
}

const modelsIn = (folder: string, wanted: (name: string) => boolean): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.onnx') && wanted(basename(name, '.onnx')))
    .sort()
    .map((name) => join(folder, name));

async function trained(folder: string, options: Options): Promise<Results> {
  const results: Results = { originals: [], cells: [] };
  const { cells = peers.removed } = options;
  for (const file of modelsIn(folder, options.wanted)) {
    const model = basename(file, '.onnx');
    try {
      const [calibration, test] = await samplesFor(folder, model);
      const samples = Math.min(options.samples, samplesOf(test));
      results.originals.push({ model, samples, metrics: { top1: await top1(file, test, samples) } });
      const of = async (bytes: Uint8Array): Promise<Judged> => ({
        metrics: { top1: await top1(bytes, test, samples) },
      });
      const all = Array.from({ length: samplesOf(calibration) }, (_, sample) => sample);
      results.cells.push(...(await cellsOf(file, calibration, all, { samples, of }, { ...options, cells })));
    } catch (error) {
      console.error(`${model}: ${reason(error)}`);
    }
  }
  return results;
}

async function zoo(folder: string, options: Options, work: string): Promise<Results> {
  const results: Results = { originals: [], cells: [] };
  const { python, cells = [30, 50], methods = PLAINEST_AND_DEFAULT } = options;
  for (const file of modelsIn(folder, options.wanted)) {
    const name = basename(file, '.onnx');
    try {
      const dataset = await loadData(dataOf(folder, name));
      const [calibrate, samples] = halves(samplesOf(dataset));
      const judge = (path: string): Judged => {
        const metrics = metricsOf({ python, folder, name, samples }, [path])[0]!;
        return typeof metrics === 'string' ? { failed: metrics } : { metrics };
      };
      const { metrics, failed } = judge(file);
      if (metrics === undefined) throw new Error(failed);
      results.originals.push({ model: name, samples: samples.length, metrics });
      const of = async (bytes: Uint8Array): Promise<Judged> => {
        const path = join(work, `${name}.onnx`);
        writeFileSync(path, bytes);
        return judge(path);
      };
      const judged = { samples: samples.length, of };
      const asked = { ...options, cells, methods };
      results.cells.push(...(await cellsOf(file, dataset, calibrate, judged, asked)));
    } catch (error) {
      console.error(`${name}: ${reason(error)}`);
    }
  }
  return results;
}

const options = readOptions(process.argv.slice(2));
const work = mkdtempSync(join(tmpdir(), 'espalier-accuracy-'));
try {
  const commit = execFileSync('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim();
  console.log(`${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}, commit ${commit}`);
  const found: Record<string, Results> = {};
  if (options.models !== undefined) {
    if (existsSync(options.models)) {
      const results = await trained(options.models, options);
      found.trained = results;
      console.log(
        `\nAccuracy in percent at a share of multiply-adds removed; ${BELOW.own} below the peer's best by more than the standard error, ${BELOW.reestimated} below its best with BatchNorm re-estimated`,
      );
      console.log(accuracyTable(results, options.cells ?? peers.removed));
    } else console.log(`No trained models: there is no ${options.models}`);
  }
  if (options.zoo !== undefined) {
    const why = existsSync(options.zoo) ? missing(options.python, options.zoo) : `there is no ${options.zoo}`;
    if (why === undefined) {
      const results = await zoo(options.zoo, options, work);
      found.zoo = results;
      console.log('\nTask metrics at a share of multiply-adds removed');
      console.log(zooTable(results, options.cells ?? [30, 50]));
    } else console.log(`The zoo is left out: ${why}`);
  }
  const failed = failures(Object.values(found).flatMap(({ cells }) => cells));
  if (failed.length > 0) console.log(`\nFailed:\n${failed.join('\n')}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(found, undefined, 1)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
