import type { ComponentChildren } from 'preact';
import type { ReportData, Score } from '../../dist/types/findings/types.js';
import { bytes, count, decimal, macs, milliseconds, percent } from '../../src/report/numbers.js';
import { Section, Table } from '../parts/figure.js';
import { counted, Shortened } from '../parts/text.js';

/** The big numbers: how much smaller, how much faster, how alike. */
export function Scores({ data }: { readonly data: ReportData }) {
  const { original, pruned, groups } = data;
  const lanes = groups.reduce((sum, group) => sum + group.lanes[0] - group.lanes[1], 0);
  const cut = groups.filter(({ lanes: [before, after] }) => after < before).length;
  if (pruned === undefined) return <Alone data={data} />;
  const { size } = original;
  const cost = (
    name: string,
    before: number,
    after: number,
    text: (value: number) => string,
    says: string,
  ) => (
    <Card
      key={name}
      name={name}
      value={change(before, after)}
      detail={`${text(before)} → ${text(after)}`}
      share={before > 0 ? after / before : 1}
      says={says}
    />
  );
  return (
    <Section
      id="scores"
      title="At a glance"
      says={`Channels, neurons and heads that belong together form groups, and one of a group is called a lane. ${lanes === 0 ? 'None was removed.' : `${counted(lanes, 'lane')} of ${counted(cut, 'group')} ${lanes === 1 ? 'was' : 'were'} removed.`} Each bar is what is left of the original.`}
    >
      <div class="cards">
        {cost('Size', size.bytes, pruned.size.bytes, bytes, 'of the file and its external data')}
        {cost('Parameters', size.params, pruned.size.params, count, 'numbers that the model has learned')}
        {cost('Work', size.macs, pruned.size.macs, macs, 'multiplications of one run')}
        <Speed data={data} />
        {data.scores.map((score) => (
          <Likeness key={`${score.kind} ${score.of}`} score={score} />
        ))}
      </div>
      <Basis data={data} />
    </Section>
  );
}

/** What the scores rest on. */
function Basis({ data: { verification, reconstruction, guard } }: { readonly data: ReportData }) {
  const found: string[] = [];
  if (verification === undefined)
    found.push('How alike the two models answer was not measured: give samples with --data.');
  else if (verification.data.samples === 0)
    found.push('How alike the two models answer could not be measured: see below.');
  else if (verification.data.random)
    found.push(
      `Likeness is that on ${counted(verification.data.samples, 'sample')} of random numbers, which real samples are not: give yours with --data.`,
    );
  else found.push(`Likeness is that on ${counted(verification.data.samples, 'sample')}.`);
  if (reconstruction)
    found.push(
      `${counted(reconstruction.layers, 'layer')} ${reconstruction.layers === 1 ? 'was' : 'were'} refitted on ${counted(reconstruction.samples, 'sample')}, so that each gives what it gave in the original.`,
    );
  if (guard)
    found.push(`Guards were checked on ${counted(guard.samples, 'sample')} that nothing was fitted to.`);
  return <p class="basis">{found.join(' ')}</p>;
}

/** What changed, as people say it: '62.1 % less'. */
function change(before: number, after: number): string {
  if (before === 0 || before === after) return 'as before';
  return after < before ? `${percent(1 - after / before)} less` : `${percent(after / before - 1)} more`;
}

function Speed({ data: { verification, latency } }: { readonly data: ReportData }) {
  const measured = verification?.latency;
  if (measured === undefined && latency === undefined) return null;
  const [before, after] = measured
    ? [measured.originalMs, measured.prunedMs]
    : [latency!.originalMs, latency!.predictedMs];
  const times = before / after;
  return (
    <Card
      name="Speed"
      value={times >= 1 ? `${decimal(times)} × as fast` : `${decimal(1 / times)} × as slow`}
      detail={`${milliseconds(before)} → ${milliseconds(after)}`}
      share={after / before}
      says={
        measured
          ? `median of ${counted(measured.runs, 'run')} of ${counted(measured.batch, 'sample')} on this machine`
          : 'predicted from layers that were measured on this machine'
      }
    />
  );
}

const TITLES: Readonly<Record<Score['kind'], string>> = {
  fidelity: 'Likeness',
  top1: 'Same answer',
  accuracy: 'Accuracy',
  guard: 'Guard',
};

const WHAT: Readonly<Record<Score['kind'], string>> = {
  fidelity: 'of what the output says is kept, on average over samples',
  top1: 'of samples get the class that the original gives',
  accuracy: 'of samples get their label',
  guard: 'on samples held out',
};

function Likeness({ score }: { readonly score: Score }) {
  const { kind, of, value, original, interval, samples, limit } = score;
  const isShare = value >= 0 && value <= 1;
  const text = (number: number): string => (isShare ? percent(number) : decimal(number));
  const range = interval && `${text(interval[0])} to ${text(interval[1])} with 95 % confidence`;
  const asked =
    limit &&
    (limit.atLeast === undefined ? `at most ${text(limit.atMost!)}` : `at least ${text(limit.atLeast)}`);
  const parts = [
    original === undefined ? undefined : `original ${text(original)}`,
    asked && `asked for ${asked}`,
    range,
  ].filter((part) => part !== undefined);
  return (
    <Card
      name={kind === 'guard' ? `Guard: ${of}` : TITLES[kind]}
      value={text(value)}
      detail={parts.length > 0 ? parts.join('; ') : `${counted(samples, 'sample')}`}
      {...(isShare && { share: value })}
      {...(isShare && interval && { interval })}
      says={
        <>
          {WHAT[kind]}
          {kind === 'guard' ? (
            ''
          ) : (
            <>
              {' '}
              (<Shortened text={of} most={24} />)
            </>
          )}
        </>
      }
    />
  );
}

function Card({
  name,
  value,
  detail,
  says,
  share,
  interval,
}: {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
  readonly says: ComponentChildren;
  /** 0 to 1, or more: drawn as a bar. */
  readonly share?: number;
  readonly interval?: readonly [number, number];
}) {
  return (
    <div class="card">
      <h3>{name}</h3>
      <p class="big">{value}</p>
      {share !== undefined && (
        <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="before" width="100" height="6" />
          <rect class="after" width={Math.min(100, 100 * share)} height="6" />
          {interval && (
            <rect
              class="range"
              x={100 * interval[0]}
              width={Math.max(0.6, 100 * (interval[1] - interval[0]))}
              y="2"
              height="2"
            />
          )}
        </svg>
      )}
      <p class="detail">{detail}</p>
      <p class="small">{says}</p>
    </div>
  );
}

/** One model alone: what it is. */
function Alone({ data: { original, groups, nodes } }: { readonly data: ReportData }) {
  const { size } = original;
  return (
    <Section id="scores" title="At a glance" says="What the model is made of, and what of it could go.">
      <Table
        heads={['What', 'Is']}
        rows={[
          ['Size', bytes(size.bytes)],
          ['Parameters', count(size.params)],
          ['Multiply-adds of one run', macs(size.macs)],
          ['Nodes', nodes.length],
          ['Groups of channels, neurons or heads that can be cut', groups.length],
        ]}
      />
    </Section>
  );
}
