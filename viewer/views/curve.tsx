import { ticks } from 'd3-array';
import type { ReportData } from '../../dist/types/findings/types.js';
import type { GuardTry } from '../../dist/types/guard/types.js';
import { decimal, percent } from '../../src/report/numbers.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { useWidth } from '../parts/hooks.js';
import { Picture } from '../parts/picture.js';
import { shortened } from '../parts/text.js';

const HEIGHT = 280;
const EDGE = { left: 56, right: 14, top: 14, bottom: 44 };

/** An amount that was tried: how much was asked to stay, and what the guard's metric came to. */
interface Try {
  readonly left: number;
  readonly value: number;
  readonly interval: readonly [number, number];
  readonly holds: boolean;
  readonly taken: boolean;
}

/** Whether amounts were tried. */
export const hasCurve = ({ guard }: ReportData): boolean =>
  guard?.tries.some(({ values }) => values.length > 0) ?? false;

/** Of what was asked for, how much may stay: of a ratio what is not removed. */
const leftOf = ({ ratio, macs, params, latency, bytes }: GuardTry, whole: number): number =>
  ratio !== undefined ? 1 - ratio : (macs ?? params ?? latency ?? (bytes ?? whole) / whole);

const MEASURES: readonly (readonly [keyof GuardTry, string])[] = [
  ['ratio', 'kept of every group'],
  ['macs', 'work that may stay'],
  ['params', 'parameters that may stay'],
  ['latency', 'latency that may stay'],
  ['bytes', 'bytes that may stay'],
];

/** Everything that was tried to keep the guards: what held, what was refused, and what was taken. */
export function Curve({ data }: { readonly data: ReportData }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { guard, original } = data;
  if (guard === undefined) return null;
  return (
    <Section
      id="curve"
      title="How far it could go"
      says="Each point is a model that was pruned and tried on samples held out. Those below what was asked for were refused; the smallest that holds was taken. Lines show what the value may be on other samples, with 95 % confidence."
    >
      <div ref={box}>
        {guard.guards.map((own, index) => {
          const tries = triesOf(guard.tries, index, original.size.bytes);
          const limit = own.atLeast ?? own.atMost!;
          const measure =
            MEASURES.find(([key]) => guard.tries.some((tried) => tried[key] !== undefined))?.[1] ??
            'may stay';
          return (
            <Figure
              key={own.metric}
              name={`tries-${own.metric}`}
              legend={
                <>
                  <Key kind="after">holds</Key>
                  <Key kind="refused">refused</Key>
                  <span>a ring marks what was taken</span>
                </>
              }
              table={() => (
                <Table
                  heads={[measure, own.metric, 'from', 'to', 'State']}
                  rows={tries.map((tried) => [
                    percent(tried.left),
                    decimal(tried.value),
                    decimal(tried.interval[0]),
                    decimal(tried.interval[1]),
                    tried.taken ? 'taken' : tried.holds ? 'holds' : 'refused',
                  ])}
                />
              )}
            >
              <Points tries={tries} limit={limit} width={width} metric={own.metric} measure={measure} />
            </Figure>
          );
        })}
      </div>
    </Section>
  );
}

function triesOf(all: readonly GuardTry[], index: number, whole: number): readonly Try[] {
  const held = all.filter(({ holds, values }) => holds && values.length > 0);
  const taken = held.reduce<GuardTry | undefined>(
    (a, b) => (a === undefined || b.severity > a.severity ? b : a),
    undefined,
  );
  return all
    .flatMap((tried) => {
      const own = tried.values[index];
      return own === undefined
        ? []
        : [
            {
              left: leftOf(tried, whole),
              value: own.value,
              interval: own.interval,
              holds: tried.holds,
              taken: tried === taken,
            },
          ];
    })
    .sort((a, b) => a.left - b.left);
}

function Points({
  tries,
  limit,
  width,
  metric,
  measure,
}: {
  readonly tries: readonly Try[];
  readonly limit: number;
  readonly width: number;
  readonly metric: string;
  readonly measure: string;
}) {
  const values = [...tries.flatMap(({ interval, value }) => [...interval, value]), limit].filter(
    Number.isFinite,
  );
  const [low, high] = padded(Math.min(...values), Math.max(...values));
  const lefts = tries.map(({ left }) => left);
  // A single try stands in the middle of a range in which others could lie.
  const room = lefts.length > 1 ? 0 : 0.2;
  const [from, to] = padded(Math.min(...lefts) - room, Math.max(...lefts) + room);
  const x = (left: number): number =>
    EDGE.left + ((left - from) / (to - from)) * (width - EDGE.left - EDGE.right);
  const y = (value: number): number =>
    EDGE.top + ((high - value) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const path = tries
    .map(({ left, value }, index) => `${index === 0 ? 'M' : 'L'}${x(left).toFixed(1)},${y(value).toFixed(1)}`)
    .join('');
  return (
    <Picture width={width} height={HEIGHT} label={`${metric} against ${measure}: ${tries.length} tries`}>
      {ticks(low, high, 4).map((tick) => (
        <g key={tick}>
          <line class="grid" x1={EDGE.left} x2={width - EDGE.right} y1={y(tick)} y2={y(tick)} />
          <text class="tick" x={EDGE.left - 6} y={y(tick) + 4} text-anchor="end">
            {decimal(tick)}
          </text>
        </g>
      ))}
      {ticks(from, to, Math.max(2, Math.floor(width / 130))).map((tick) => (
        <text key={tick} class="tick" x={x(tick)} y={HEIGHT - EDGE.bottom + 18} text-anchor="middle">
          {percent(tick)}
        </text>
      ))}
      <text class="tick" x={width - EDGE.right} y={HEIGHT - 6} text-anchor="end">
        {measure}
      </text>
      <text class="tick" x="0" y={HEIGHT - 6}>
        {shortened(metric, 24)}
      </text>
      <line class="cut" x1={EDGE.left} x2={width - EDGE.right} y1={y(limit)} y2={y(limit)} />
      <path class="line" d={path} />
      {tries.map(({ left, value, interval, holds, taken }) => (
        <g key={left}>
          <line class="axis" x1={x(left)} x2={x(left)} y1={y(interval[0])} y2={y(interval[1])} />
          {taken && <circle class="ring" cx={x(left)} cy={y(value)} r="9" />}
          {holds ? (
            <circle class="after" cx={x(left)} cy={y(value)} r="5" />
          ) : (
            <path class="refused" d={`M${x(left) - 5},${y(value) - 5}h10v10h-10Z`} />
          )}
        </g>
      ))}
    </Picture>
  );
}

/** A range with some room around it, also where all is one. */
function padded(low: number, high: number): readonly [number, number] {
  const room = high > low ? 0.06 * (high - low) : Math.max(0.01, 0.05 * Math.abs(high));
  return [low - room, high + room];
}
