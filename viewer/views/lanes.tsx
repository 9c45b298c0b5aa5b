import { ticks } from 'd3-array';
import { useState } from 'preact/hooks';
import type { GroupRow, ReportData } from '../../dist/types/findings/types.js';
import { decimal } from '../../src/report/numbers.js';
import { Figure, Key, Section, Table } from '../parts/figure.js';
import { useWidth } from '../parts/hooks.js';
import { Picture } from '../parts/picture.js';
import { shortened } from '../parts/text.js';

const HEIGHT = 250;
const EDGE = { left: 44, right: 8, top: 18, bottom: 30 };

const isShown = ({ runs, scores }: GroupRow): boolean => runs !== undefined && scores !== undefined;

/** Whether the lanes of a group are known one by one. */
export const hasLanes = ({ groups }: ReportData): boolean => groups.some(isShown);

/** A lane, what it is worth, and whether it stayed. */
interface Lane {
  readonly lane: number;
  readonly kept: boolean;
  readonly score: number;
  readonly entropy?: number;
  readonly conditional?: number;
}

/** The lanes of one group in the order of their worth, and where the line between those that stay and those that leave lies. */
export function Lanes({ data }: { readonly data: ReportData }) {
  const groups = data.groups.filter(isShown);
  const [id, setId] = useState(
    () => groups.reduce((a, b) => (b.lanes[0] - b.lanes[1] > a.lanes[0] - a.lanes[1] ? b : a)).id,
  );
  const [box, width] = useWidth<HTMLDivElement>();
  const group = groups.find((own) => own.id === id)!;
  const lanes = lanesOf(group);
  const bits = group.conditional !== undefined;
  return (
    <Section
      id="lanes"
      title="Which lanes left"
      says={
        bits
          ? 'The lanes of one group, those worth most on the left; right of the line they left. A bar is what a lane says (its entropy), in bits; the pale part of it other lanes say too, the full part no other does (its conditional entropy given all others). A lane is worth what the next layers make of that.'
          : 'The lanes of one group by what each was worth to the criterion, those worth most on the left; right of the line they left.'
      }
    >
      <Figure
        name={`lanes-${id.replace(/[^\w.-]+/g, '-').slice(0, 60)}`}
        legend={
          <>
            <Key kind="after">kept</Key>
            <Key kind="gone">removed</Key>
            {bits && <Key kind="soft">said by others too</Key>}
          </>
        }
        table={() => (
          <Table
            heads={['Lane', 'State', 'Importance', ...(bits ? ['Entropy (bits)', 'Conditional (bits)'] : [])]}
            rows={lanes.map(({ lane, kept, score, entropy, conditional }) => [
              lane,
              kept ? 'kept' : 'removed',
              decimal(score),
              ...(bits ? [decimal(entropy!), decimal(conditional!)] : []),
            ])}
          />
        )}
      >
        <div class="controls">
          <label>
            Group
            <select value={id} onChange={(event) => setId(event.currentTarget.value)}>
              {groups.map((own) => (
                <option key={own.id} value={own.id}>
                  {shortened(own.id, 48)} ({own.lanes[1]} of {own.lanes[0]})
                </option>
              ))}
            </select>
          </label>
        </div>
        <div ref={box}>
          <Bars lanes={lanes} width={width} bits={bits} group={group} />
        </div>
      </Figure>
    </Section>
  );
}

function lanesOf({ lanes, runs, scores, entropy, conditional }: GroupRow): readonly Lane[] {
  const kept = runs!.flatMap((run, index) => Array<boolean>(run).fill(index % 2 === 0));
  return Array.from(
    { length: lanes[0] },
    (_, lane): Lane => ({
      ...{ lane, kept: kept[lane]!, score: scores![lane]! },
      ...(entropy && conditional && { entropy: entropy[lane]!, conditional: conditional[lane]! }),
    }),
  ).sort((a, b) => Number(b.kept) - Number(a.kept) || b.score - a.score);
}

/** The share of all lanes that may lie below what is drawn: those that say next to nothing would press the others together. */
const BEYOND = 0.06;

/** From the least to the greatest, without outliers below. */
function rangeOf(lanes: readonly Lane[], bits: boolean): readonly [number, number] {
  const values = lanes
    .flatMap((lane) => (bits ? [lane.conditional!, lane.entropy!] : [lane.score]))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const top = values.at(-1) ?? 1;
  if (!bits) return [Math.min(0, values[0] ?? 0), Math.max(top, 1e-300)];
  const low = values[Math.floor(BEYOND * values.length)] ?? 0;
  return [low - 0.15 * Math.max(0.1, top - low), top];
}

function Bars({
  lanes,
  width,
  bits,
  group,
}: {
  readonly lanes: readonly Lane[];
  readonly width: number;
  readonly bits: boolean;
  readonly group: GroupRow;
}) {
  const [low, top] = rangeOf(lanes, bits);
  const bottom = HEIGHT - EDGE.bottom;
  const y = (value: number): number =>
    Math.min(bottom, EDGE.top + ((top - value) / (top - low)) * (bottom - EDGE.top));
  const step = (width - EDGE.left - EDGE.right) / lanes.length;
  const x = (index: number): number => EDGE.left + index * step;
  const stay = group.lanes[1];
  const bar = (index: number, kind: string, from: number, to: number) => (
    <rect
      class={kind}
      x={x(index)}
      width={Math.max(0.5, step - (step > 4 ? 1 : 0))}
      y={y(to)}
      height={Math.max(0.5, y(from) - y(to))}
    />
  );
  return (
    <Picture
      width={width}
      height={HEIGHT}
      label={`${lanes.length} lanes of ${shortened(group.id, 60)}, of which ${stay} stay`}
    >
      {ticks(low, top, 4).map((tick) => (
        <g key={tick}>
          <line class="grid" x1={EDGE.left} x2={width - EDGE.right} y1={y(tick)} y2={y(tick)} />
          <text class="tick" x={EDGE.left - 6} y={y(tick) + 4} text-anchor="end">
            {decimal(tick, 2)}
          </text>
        </g>
      ))}
      {lanes.map((lane, index) => {
        const own = bits ? lane.conditional! : lane.score;
        return (
          <g key={lane.lane}>
            {bits && bar(index, 'soft', own, lane.entropy!)}
            {bar(index, lane.kept ? 'after' : 'gone', low, Number.isFinite(own) ? own : low)}
          </g>
        );
      })}
      {stay < lanes.length && (
        <Cut at={x(stay)} width={width} text={`${stay} stay, ${lanes.length - stay} left`} />
      )}
      <text class="tick" x={EDGE.left} y={HEIGHT - 8}>
        worth most
      </text>
      <text class="tick" x={width - EDGE.right} y={HEIGHT - 8} text-anchor="end">
        worth least
      </text>
    </Picture>
  );
}

function Cut({ at, width, text }: { readonly at: number; readonly width: number; readonly text: string }) {
  const isLeft = at < width / 2;
  return (
    <>
      <line class="cut" x1={at} x2={at} y1={EDGE.top - 12} y2={HEIGHT - EDGE.bottom + 6} />
      <text class="tick" x={isLeft ? at + 5 : at - 5} y={EDGE.top - 5} text-anchor={isLeft ? 'start' : 'end'}>
        {text}
      </text>
    </>
  );
}
