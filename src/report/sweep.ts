import type { Sweep, SweepPoint } from '../options/types.js';
import { paretoFront } from '../sweep/pareto.js';
import { bytes, count, macs, percent } from './numbers.js';
import { facts, sections, table } from './table.js';
import { warningLines } from './warnings.js';

/** Points that differ by their seed alone. */
interface Row {
  readonly first: SweepPoint;
  readonly points: readonly SweepPoint[];
}

/** A line for each way to prune: what is left, and how well it does; over several seeds means with their standard deviation. */
export function sweepReport(sweep: Sweep, width?: number): string {
  const { model, data, test, accuracy, points } = sweep;
  const front = new Set(paretoFront(sweep));
  const rows = rowsOf(points);
  const judged = points.some((point) => point.accuracy !== undefined);
  return sections(
    facts([
      [
        'model',
        `${model.file}, ${count(model.size.params)} parameters, ${macs(model.size.macs)}, ${bytes(model.size.bytes)}`,
      ],
      ['data', `${data.samples} samples calibrate: ${data.source}`],
      ['test', `${test.samples} samples judge: ${test.source}`],
      ...(accuracy === undefined ? [] : [['accuracy', `${percent(accuracy)} of the original`] as const]),
    ]),
    table(
      [
        { head: 'criterion', wraps: true },
        { head: 'policy' },
        { head: 'asked' },
        { head: 'multiply-adds', right: true },
        { head: 'parameters', right: true },
        { head: 'file', right: true },
        { head: 'fidelity', right: true },
        ...(judged ? [{ head: 'accuracy', right: true }] : []),
        { head: 's', right: true },
        { head: '' },
      ],
      rows.map(({ first, points: own }) => [
        nameOf(first.criterion),
        first.policy,
        askedOf(first),
        meanOf(own, ({ size }) => size && size.macs / model.size.macs, PERCENT),
        meanOf(own, ({ size }) => size && size.params / model.size.params, PERCENT),
        meanOf(own, ({ size }) => size && size.bytes / model.size.bytes, PERCENT),
        meanOf(own, ({ fidelity }) => fidelity, { digits: 4 }),
        ...(judged ? [meanOf(own, (point) => point.accuracy, PERCENT)] : []),
        meanOf(own, ({ seconds }) => seconds, { digits: 1 }),
        own.some((point) => front.has(point)) ? 'best' : own.every(({ failed }) => failed) ? 'failed' : '',
      ]),
      width,
    ),
    rows.length > 0 ? 'best: no other is as small and does as well' : undefined,
    warningLines(
      points.flatMap((point) =>
        point.failed === undefined
          ? []
          : [
              {
                code: point.failed.code,
                text: `${nameOf(point.criterion)}, ${askedOf(point)}: ${point.failed.text}`,
              },
            ],
      ),
      'failed',
    ),
  );
}

const nameOf = (criterion: SweepPoint['criterion']): string =>
  typeof criterion === 'string' ? criterion : criterion.name;

function askedOf({ ratio, macs: work, params }: SweepPoint): string {
  if (work !== undefined) return `macs ${work}`;
  return params === undefined ? `ratio ${ratio}` : `params ${params}`;
}

function rowsOf(points: readonly SweepPoint[]): readonly Row[] {
  const rows = new Map<string, SweepPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.criterion, point.policy, point.reconstruct, askedOf(point)]);
    rows.set(key, [...(rows.get(key) ?? []), point]);
  }
  return [...rows.values()].map((own) => ({ first: own[0]!, points: own }));
}

/** The mean over seeds, with the standard deviation of single ones where there are several. */
function meanOf(
  points: readonly SweepPoint[],
  pick: (point: SweepPoint) => number | undefined,
  {
    times = 1,
    digits,
    unit = '',
  }: { readonly times?: number; readonly digits: number; readonly unit?: string },
): string {
  const values = points.flatMap((point) => pick(point) ?? []);
  if (values.length === 0) return '-';
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const text = (value: number): string => (times * value).toFixed(digits);
  if (values.length === 1) return `${text(mean)}${unit}`;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${text(mean)} ±${text(Math.sqrt(variance))}${unit}`;
}

const PERCENT = { times: 100, digits: 1, unit: ' %' } as const;
