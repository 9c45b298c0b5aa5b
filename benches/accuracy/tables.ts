import type { Column } from '../../src/report/table.js';
import { table } from '../../src/report/table.js';
import type { Cell, Original, Results } from './cells.js';
import { accuracyOf, peerOf, peers } from './peer.js';

/** Below the peer's best, and below its best with statistics of BatchNorm measured anew. */
export const BELOW = { own: '▾', reestimated: '▿' } as const;

/** For each trained model the peer's rows, then ours, a column for each share that is removed. */
export function accuracyTable({ originals, cells }: Results, removed: readonly number[]): string {
  const rows = originals.flatMap((original) => {
    const own = cells.filter(({ model }) => model === original.model);
    if (own.length === 0) return [];
    const peer = peerOf(original.model);
    const name = `${original.model} (${percent(original.metrics.top1!)})`;
    const theirs = (['own', 'reestimated'] as const).flatMap((kind) => {
      if (peer?.[kind] === undefined) return [];
      const what = kind === 'own' ? `best of ${peers.peer}` : 'and BatchNorm re-estimated';
      const values = removed.map((r) => accuracyOf(peer[kind], r)?.toFixed(1) ?? '-');
      return [[what, '', '', ...values, '']];
    });
    const ours = methodsOf(own).map((same) => [
      same[0]!.criterion,
      same[0]!.policy,
      same[0]!.reconstruct ? 'yes' : 'no',
      ...removed.map((r) =>
        accuracyCell(
          same.filter((cell) => cell.removed === r),
          original,
        ),
      ),
      seconds(same),
    ]);
    return [...theirs, ...ours].map((row, place) => [place === 0 ? name : '', ...row]);
  });
  return table(
    [
      ...columns(['model (original)', 'criterion', 'policy', 'refit']),
      ...columns(
        removed.map((r) => `${r} %`),
        true,
      ),
      { head: 's', right: true },
    ],
    rows,
  );
}

/** The zoo: all metrics of a model in one cell, in the order in which the head of its rows names them. */
export function zooTable({ originals, cells }: Results, removed: readonly number[]): string {
  const rows = originals.flatMap((original) => {
    const own = cells.filter(({ model }) => model === original.model);
    const names = Object.keys(original.metrics);
    return methodsOf(own).map((same, place) => [
      ...(place === 0
        ? [original.model, names.join(' / '), shares(names.map((name) => original.metrics[name]!))]
        : ['', '', '']),
      same[0]!.criterion,
      same[0]!.policy,
      same[0]!.reconstruct ? 'yes' : 'no',
      ...removed.map((r) => {
        const measured = same.filter((cell) => cell.removed === r && cell.metrics !== undefined);
        if (measured.length === 0) return 'failed';
        return shares(names.map((name) => mean(measured.map(({ metrics }) => metrics![name]!))));
      }),
      seconds(same),
    ]);
  });
  return table(
    [
      ...columns(['model', 'metric', 'original', 'criterion', 'policy', 'refit']),
      ...columns(
        removed.map((r) => `${r} %`),
        true,
      ),
      { head: 's', right: true },
    ],
    rows,
  );
}

/** What went wrong, a line each. */
export const failures = (cells: readonly Cell[]): readonly string[] =>
  cells.flatMap((cell) => (cell.failed === undefined ? [] : [`${title(cell)}: ${cell.failed}`]));

export const title = ({ model, criterion, policy, reconstruct, removed, seed }: Cell): string =>
  `${model} ${criterion} ${policy} ${reconstruct ? 'refitted' : 'as cut'} ${removed} % seed ${seed}`;

/** Mean and spread in percent; marked where it is below the peer by more than the standard error. */
function accuracyCell(cells: readonly Cell[], { model }: Original): string {
  const found = cells.flatMap(({ metrics }) => metrics?.top1 ?? []);
  if (found.length === 0) return cells.length === 0 ? '-' : 'failed';
  const value = mean(found);
  const error = 100 * Math.sqrt((value * (1 - value)) / cells[0]!.samples);
  const spread = found.length > 1 ? ` ±${(100 * deviation(found)).toFixed(1)}` : '';
  const below = (kind: 'own' | 'reestimated'): boolean => {
    const theirs = accuracyOf(peerOf(model)?.[kind], cells[0]!.removed);
    return theirs !== undefined && 100 * value < theirs - error;
  };
  const mark = below('own') ? BELOW.own : below('reestimated') ? BELOW.reestimated : '';
  return `${percent(value)}${spread}${mark}`;
}

function methodsOf(cells: readonly Cell[]): readonly (readonly Cell[])[] {
  const key = ({ criterion, policy, reconstruct }: Cell): string => `${criterion} ${policy} ${reconstruct}`;
  return [...new Set(cells.map(key))].map((own) => cells.filter((cell) => key(cell) === own));
}

const columns = (heads: readonly string[], right = false): Column[] => heads.map((head) => ({ head, right }));
const percent = (share: number): string => (100 * share).toFixed(1);
const shares = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' / ');
const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Of a sample. */
function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (values.length - 1));
}

const seconds = (cells: readonly Cell[]): string => {
  const known = cells.flatMap((cell) => cell.seconds ?? []);
  return known.length === 0 ? '-' : mean(known).toFixed(1);
};
