import type { GuardReport } from '../options/types.js';
import { decimal, percent } from './numbers.js';
import { sections, table } from './table.js';

/** What was guarded, how sure it is, and what was tried. */
export const guardReport = (report: GuardReport, width?: number): string =>
  sections(guardsTable(report, width), unjudgedLines(report), triesTable(report));

const unjudgedLines = ({ unjudged = [] }: GuardReport): string | undefined =>
  unjudged.length === 0
    ? undefined
    : unjudged.map(({ output, why }) => `not guarded: the output "${output}", since ${why}`).join('\n');

function guardsTable({ guards, samples, calibration }: GuardReport, width?: number): string {
  const text = table(
    [
      { head: 'guard' },
      { head: 'value', right: true },
      { head: '95 % interval' },
      { head: 'output', wraps: true },
    ],
    guards.map(({ metric, atLeast, atMost, value, interval, output }) => [
      atLeast === undefined ? `${metric} <= ${atMost}` : `${metric} >= ${atLeast}`,
      decimal(value, 4),
      interval.map((end) => decimal(end, 4)).join(' to '),
      output,
    ]),
    width,
  );
  const held = `on the last ${samples} of ${samples + calibration} samples, held out from calibration`;
  const without = Math.max(0, ...guards.map(({ unanswered = 0 }) => unanswered));
  const left =
    without === 0 ? '' : `; ${without} of them have no answer (NaN in both models) and are left out`;
  return `${text}\n${held}${left}`;
}

/** Nothing where the amount asked for held at once. */
function triesTable({ tries, guards }: GuardReport): string | undefined {
  if (tries.length < 2) return undefined;
  const metrics = guards.map(({ metric }) => metric);
  return table(
    [{ head: 'tried' }, ...metrics.map((metric) => ({ head: metric, right: true })), { head: 'holds' }],
    tries.map(({ severity: _, holds, values, ...amount }) => [
      amountText(amount),
      ...metrics.map((metric) => decimal(values.find((value) => value.metric === metric)?.value ?? null, 4)),
      values.length === 0 ? 'removes nothing' : holds ? 'yes' : 'no',
    ]),
  );
}

const amountText = (amount: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(amount)
    .filter((entry): entry is [string, number] => entry[1] !== undefined)
    .map(([name, value]) => `${name} ${name === 'bytes' ? value : percent(value)}`)
    .join(', ');
