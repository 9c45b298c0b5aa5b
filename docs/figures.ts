/**
 * Draws the figures of docs/information.md from runs on trained models: `npm run docs:figures`, a minute or two. It needs lenet5_mnist.onnx,
 * mlp300_mnist.onnx, mnist.calib.npz and mnist.test.npz in ../shared/models.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { PlanOptions, TreePairs } from '../src/index.js';
import { type Chart, COLOURS, chart, dot, line, type Series, svg, text } from './chart.js';
import { cut, entropyOfDraws, lost, predictions, type Trained, trained } from './runs.js';

const percent = (value: number): string => `${Math.round(value)} %`;
const power = (value: number): string =>
  `10${[...String(Math.round(Math.log10(value)))].map((c) => '⁰¹²³⁴⁵⁶⁷⁸⁹⁻'['0123456789-'.indexOf(c)]).join('')}`;
const evenly = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);

/** Entropies of ever more Gaussian numbers. */
async function samples(): Promise<string> {
  const counts = evenly(4, 14, 1).map((exponent) => 2 ** exponent);
  const series: Series[] = [];
  for (const [bins, colour] of [
    [256, COLOURS.blue],
    [16, COLOURS.orange],
  ] as const) {
    const width = 8 / bins;
    const known = 0.5 * Math.log2(2 * Math.PI * Math.E) - Math.log2(width);
    for (const millerMadow of [true, false]) {
      const points: [number, number][] = [];
      for (const count of counts) points.push([count, await entropyOfDraws(count, bins, millerMadow)]);
      const label = `${bins} bins${millerMadow ? ', corrected' : ''}`;
      series.push({ points, colour, label, as: millerMadow ? 'line' : 'dashes' });
    }
    series.push({
      points: [
        [counts[0]!, known],
        [counts.at(-1)!, known],
      ],
      colour: COLOURS.grey,
      ...(bins === 16 && { label: 'of the Gaussian itself' }),
    });
  }
  const picture: Chart = {
    title: 'Entropy of a histogram of n numbers',
    x: { label: 'numbers n', from: 16, to: 16384, log: true, ticks: counts.filter((_, i) => i % 2 === 0) },
    y: { label: 'bits', from: 2, to: 8, ticks: evenly(2, 8, 1) },
    series,
    legend: [0.64, 0.38],
  };
  const about =
    'Histogram entropies rise to that of the Gaussian as samples are added; corrected ones come close earlier.';
  return svg(570, 330, about, chart(picture, { left: 60, top: 34, width: 480, height: 240 }));
}

/** What lanes say, and what they alone say. */
async function conditional({ model, calibration }: Trained): Promise<string> {
  const scored = await model.score({ criterion: 'information', data: calibration });
  const { scores, parts } = scored.find(({ id }) => id === 'f1')!;
  const { entropy, conditional: alone } = parts as Record<string, Float64Array>;
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  const first = order.slice(0, order.length / 4);
  const point = (lane: number): readonly [number, number] => [entropy![lane]!, alone![lane]!];
  const [low, high] = [-3, 2];
  const picture: Chart = {
    title: 'The 300 hidden units of an MLP (f1), on 512 digits',
    x: { label: 'h(X): what a unit says, bits', from: low, to: 4, ticks: evenly(low, 4, 1) },
    y: { label: 'h(X | rest): what it alone says, bits', from: low, to: high, ticks: evenly(low, high, 1) },
    series: [
      {
        points: [
          [low, low],
          [high, high],
        ],
        colour: COLOURS.grey,
        label: 'nothing is repeated',
      },
      {
        points: order.slice(first.length).map(point),
        colour: COLOURS.blue,
        as: 'dots',
        opacity: 0.7,
        label: 'stays',
      },
      {
        points: first.map(point),
        colour: COLOURS.orange,
        as: 'dots',
        label: 'leaves with the first quarter',
      },
    ],
    legend: [0.03, 0.08],
  };
  const about =
    'Scatter of marginal and conditional entropies: all units lie far below the diagonal, and those that leave first lie lowest.';
  return svg(560, 370, about, chart(picture, { left: 60, top: 34, width: 480, height: 280 }));
}

/** What was predicted to be lost, and what was lost. */
async function damage(mlp: Trained): Promise<string> {
  const original = await mlp.judge(mlp.file);
  const panels: string[] = [];
  for (const [index, [id, whole, title]] of (
    [
      ['f2', 'f1.weight', 'f2: read by the last layer'],
      ['f1', 'f3.weight', 'f1: one layer before'],
    ] as const
  ).entries()) {
    const predicted = await predictions(mlp, id);
    const lanes = predicted.read.length;
    const curve = (values: Float64Array): [number, number][] =>
      Array.from(
        values.subarray(0, Math.round(0.95 * lanes)),
        (value, i) => [(100 * (i + 1)) / lanes, value] as const,
      )
        .filter(([x]) => x >= 5)
        .map(([x, y]) => [x, y]);
    const measured = async (options: PlanOptions): Promise<[number, number][]> => {
      const points: [number, number][] = [];
      for (const share of evenly(10, 90, 10)) {
        const pruned = await cut(mlp, { ratio: share / 100, roundTo: 1, keep: [whole], ...options });
        points.push([share, lost(original, pruned)]);
      }
      return points;
    };
    const picture: Chart = {
      title,
      x: { label: 'lanes that have left', from: 0, to: 100, ticks: evenly(0, 100, 25), text: percent },
      y: {
        label: index === 0 ? 'share of the variance that is lost' : '',
        from: 1e-5,
        to: 1,
        log: true,
        ticks: [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1],
        text: power,
      },
      series: [
        {
          points: await measured({ reconstruct: false }),
          colour: COLOURS.orange,
          label: 'measured, not refitted',
        },
        { points: await measured({}), colour: COLOURS.blue, label: 'measured, refitted' },
        {
          points: curve(predicted.answers),
          colour: COLOURS.grey,
          as: 'dashes',
          label: 'predicted of the answers',
        },
        {
          points: curve(predicted.read),
          colour: COLOURS.green,
          as: 'dashes',
          label: 'predicted where it is read',
        },
      ],
      legend: [0.36, 0.8],
    };
    panels.push(...chart(picture, { left: 60 + index * 350, top: 34, width: 300, height: 270 }));
  }
  const about =
    'Damage curves of two groups of the MLP: predictions, and errors of the answers on 3000 digits, with and without a refit.';
  return svg(740, 360, about, panels);
}

/** Accuracy after cuts, by criterion. */
async function accuracy(lenet: Trained): Promise<string> {
  const criteria = [
    ['information', COLOURS.blue],
    ['tree', COLOURS.purple],
    ['entropy', COLOURS.green],
    ['l2', COLOURS.orange],
    ['random', COLOURS.grey],
  ] as const;
  const panels: string[] = [];
  for (const [index, reconstruct] of [false, true].entries()) {
    const series: Series[] = [];
    for (const [criterion, colour] of criteria) {
      const points: [number, number][] = [];
      for (const ratio of [0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9]) {
        const seeds = criterion === 'random' ? [0, 1, 2, 3, 4] : [0];
        let [x, y] = [0, 0];
        for (const seed of seeds) {
          const pruned = await cut(lenet, { ratio, criterion, seed, roundTo: 1, reconstruct });
          x += (100 * pruned.macs) / seeds.length;
          y += pruned.accuracy / seeds.length;
        }
        points.push([x, y]);
      }
      series.push({ points, colour, label: criterion });
    }
    if (reconstruct) {
      const points: [number, number][] = [];
      for (const left of [0.5, 0.3, 0.2, 0.12, 0.06, 0.04, 0.025]) {
        const pruned = await cut(lenet, { macs: left, roundTo: 1 });
        points.push([100 * pruned.macs, pruned.accuracy]);
      }
      series.push({ points, colour: COLOURS.blue, as: 'dashes', label: 'information, allocate' });
    }
    const picture: Chart = {
      title: reconstruct ? 'what stays is refitted' : 'what stays is left as it is',
      x: {
        label: 'multiply-adds left',
        from: 55,
        to: 2,
        log: true,
        ticks: [50, 20, 10, 5, 2],
        text: percent,
      },
      y: reconstruct
        ? { label: '', from: 88, to: 100, ticks: evenly(88, 100, 2), text: percent }
        : { label: 'accuracy', from: 0, to: 100, ticks: evenly(0, 100, 20), text: percent },
      series,
      legend: [0.05, 0.57],
    };
    panels.push(...chart(picture, { left: 66 + index * 350, top: 34, width: 300, height: 270 }));
  }
  const about =
    'Accuracy of LeNet-5 over the share of multiply-adds removed, for five criteria, with and without a refit.';
  return svg(740, 360, about, panels);
}

/** A pruning tree as a tournament: who is kept goes on to the right. */
async function tree({ model, calibration }: Trained): Promise<string> {
  const grown = (await model.tree({ group: 'c1', data: calibration })) as TreePairs;
  const [left, top, row, column] = [84, 44, 19, 100];
  const places = leaves(grown);
  const at = new Map(places.map((lane, place) => [lane, top + place * row]));
  const reach = new Map(places.map((lane) => [lane, left]));
  const parts = [
    text(left - 48, top - 22, 'lane', { anchor: 'end', bold: true }),
    text(left - 8, top - 22, 'I(y)', { anchor: 'end', bold: true }),
    ...grown.levels.map((_, level) =>
      text(left + (level + 0.9) * column, top - 22, `level ${level + 1}`, { anchor: 'end', bold: true }),
    ),
    ...places.flatMap((lane) => [
      text(left - 48, at.get(lane)! + 4, String(lane), { anchor: 'end' }),
      text(left - 8, at.get(lane)! + 4, grown.entropies[lane]!.toFixed(2), { anchor: 'end' }),
    ]),
  ];
  for (const [level, { parents }] of grown.levels.entries())
    for (const { kept, deleted, cost } of parents) {
      const x = left + (level + 0.9) * column;
      const [a, b] = [at.get(kept)!, at.get(deleted)!];
      parts.push(
        line(
          [
            [reach.get(kept)!, a],
            [x, a],
          ],
          COLOURS.blue,
          { width: 2 },
        ),
      );
      parts.push(
        line(
          [
            [reach.get(deleted)!, b],
            [x, b],
          ],
          COLOURS.orange,
          { width: 2 },
        ),
      );
      parts.push(
        line(
          [
            [x, a],
            [x, b],
          ],
          COLOURS.grey,
          { dashes: '2 3' },
        ),
      );
      parts.push(dot(x, b, 3, COLOURS.orange));
      parts.push(text(x - 8, b - 4, cost.toFixed(2), { anchor: 'end', colour: COLOURS.orange }));
      reach.set(kept, x);
    }
  const [last] = grown.order.slice(-1);
  const end = left + (grown.levels.length + 0.3) * column;
  parts.push(
    line(
      [
        [reach.get(last!)!, at.get(last!)!],
        [end, at.get(last!)!],
      ],
      COLOURS.blue,
      { width: 2 },
    ),
  );
  parts.push(text(end + 6, at.get(last!)! + 4, `${last} stays`, { colour: COLOURS.blue }));
  const about =
    'The pruning tree of 20 filters: pairs are joined level by level, orange lanes are deleted, with what each alone knows in bits.';
  return svg(left + (grown.levels.length + 1) * column, top + places.length * row, about, parts);
}

/** Lanes from top to bottom such that no lines cross. */
function leaves({ levels, order }: TreePairs): number[] {
  const below = (lane: number, level: number): number[] => {
    if (level === 0) return [lane];
    const parent = levels[level - 1]!.parents.find((own) => own.kept === lane);
    return [...below(lane, level - 1), ...(parent ? below(parent.deleted, level - 1) : [])];
  };
  return below(order.at(-1)!, levels.length);
}

const folder = new URL('./figures/', import.meta.url);
mkdirSync(folder, { recursive: true });
const [lenet, mlp] = [await trained('lenet5'), await trained('mlp300')];
for (const [name, draw] of Object.entries({
  samples,
  tree: () => tree(lenet),
  conditional: () => conditional(mlp),
  damage: () => damage(mlp),
  accuracy: () => accuracy(lenet),
})) {
  writeFileSync(new URL(`${name}.svg`, folder), await draw());
  console.log(`docs/figures/${name}.svg`);
}
