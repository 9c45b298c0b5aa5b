/** Draws charts as SVG text. Colours are of middle brightness, so that they can be read on white and on black. */

export const COLOURS = {
  grey: '#808080',
  blue: '#3987d6',
  orange: '#d9772b',
  green: '#2f9e63',
  purple: '#a06cd5',
};

export interface Axis {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly log?: boolean;
  readonly text?: (tick: number) => string;
}

export interface Series {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: string;
  readonly label?: string;
  /** By default a line. */
  readonly as?: 'line' | 'dashes' | 'dots';
  readonly opacity?: number;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Where the labels of the series are listed; their first line lies at this share of the width and of the height. */
  readonly legend: readonly [across: number, down: number];
}

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const ROW = 16;

/** Text of the caller's own making. `anchor`: which end of it lies at x. */
export function text(
  x: number,
  y: number,
  words: string,
  { anchor = 'start', colour = COLOURS.grey, bold = false, turned = false } = {},
): string {
  const at = turned
    ? `transform="translate(${at1(x)} ${at1(y)}) rotate(-90)"`
    : `x="${at1(x)}" y="${at1(y)}"`;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text ${at} text-anchor="${anchor}" fill="${colour}"${weight}>${escaped(words)}</text>`;
}

export function line(
  points: readonly (readonly [number, number])[],
  colour: string,
  { width = 1, dashes = '', opacity = 1 } = {},
): string {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${at1(x)} ${at1(y)}`).join('');
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  const faint = opacity === 1 ? '' : ` opacity="${opacity}"`;
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}"${dashed}${faint}/>`;
}

export const dot = (x: number, y: number, radius: number, colour: string, opacity = 1): string =>
  `<circle cx="${at1(x)}" cy="${at1(y)}" r="${radius}" fill="${colour}"${opacity === 1 ? '' : ` opacity="${opacity}"`}/>`;

/** A whole picture. `about`: what it shows, for those who do not see it. */
export const svg = (width: number, height: number, about: string, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    `  font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12">`,
    `<title>${escaped(about)}</title>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');

/** A chart with its axes. `frame`: the plotted area; labels lie around it. */
export function chart({ title, x, y, series, legend }: Chart, { left, top, width, height }: Frame): string[] {
  const across = (value: number): number => left + width * share(x, value);
  const down = (value: number): number => top + height * (1 - share(y, value));
  const grid = { opacity: 0.3 };
  const parts = [
    text(left, top - 10, title, { bold: true }),
    ...y.ticks.flatMap((tick) => [
      line(
        [
          [left, down(tick)],
          [left + width, down(tick)],
        ],
        COLOURS.grey,
        grid,
      ),
      text(left - 6, down(tick) + 4, (y.text ?? String)(tick), { anchor: 'end' }),
    ]),
    ...x.ticks.flatMap((tick) => [
      line(
        [
          [across(tick), top + height],
          [across(tick), top + height + 4],
        ],
        COLOURS.grey,
      ),
      text(across(tick), top + height + 17, (x.text ?? String)(tick), { anchor: 'middle' }),
    ]),
    line(
      [
        [left, top + height],
        [left + width, top + height],
      ],
      COLOURS.grey,
    ),
    text(left + width / 2, top + height + 36, x.label, { anchor: 'middle' }),
    text(left - 44, top + height / 2, y.label, { anchor: 'middle', turned: true }),
  ];
  const [legendX, legendY] = [left + legend[0] * width, top + legend[1] * height];
  let row = 0;
  for (const { points, colour, label, as = 'line', opacity = 1 } of series) {
    const placed = points.map(([a, b]) => [across(a), down(b)] as const);
    if (as === 'dots') parts.push(...placed.map(([a, b]) => dot(a, b, 2.5, colour, opacity)));
    else parts.push(line(placed, colour, { width: 2, opacity, ...(as === 'dashes' && { dashes: '5 4' }) }));
    if (label === undefined) continue;
    const middle = legendY + ROW * row++;
    const sample = [
      [legendX, middle - 4],
      [legendX + 22, middle - 4],
    ] as const;
    if (as === 'dots') parts.push(dot(legendX + 11, middle - 4, 3, colour));
    else parts.push(line(sample, colour, { width: 2, ...(as === 'dashes' && { dashes: '5 4' }) }));
    parts.push(text(legendX + 28, middle, label));
  }
  return parts;
}

/** Where a value lies on its axis; what lies beyond an end is drawn at it. */
function share({ from, to, log = false }: Axis, value: number): number {
  const [a, b, v] = log
    ? [Math.log(from), Math.log(to), Math.log(Math.max(value, Math.min(from, to)))]
    : [from, to, value];
  return Math.min(1, Math.max(0, (v - a) / (b - a)));
}

const at1 = (value: number): string => String(Math.round(value * 10) / 10);

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
