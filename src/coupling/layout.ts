import type { Axes, Axis, Factor } from './axis.js';
import type { Equations } from './equations.js';

/** A name for an independent lane: a letter in tests, a group in reports. */
export type NameLane = (lane: number) => string;

/**
 * Axes as text: a name is a group of lanes, `a+b` end to end, `h*d` a product, `?` a length that is not known, a number
 * an axis that is always kept. `Concat: n a h w, n b h w -> n a+b h w`.
 */
export const layout = (axes: Axes, equations: Pick<Equations, 'atoms'>, name: NameLane): string =>
  axes.map((axis) => axisLayout(axis, equations, name)).join(' ');

function axisLayout(axis: Axis, equations: Pick<Equations, 'atoms'>, name: NameLane): string {
  if (axis.factors.length === 0) return '1';
  return axis.factors.map((factor) => factorLayout(factor, equations, name)).join('*');
}

function factorLayout(
  { length, labels }: Factor,
  equations: Pick<Equations, 'atoms'>,
  name: NameLane,
): string {
  if (labels === undefined) return typeof length === 'number' ? `${length}` : '?';
  const runs: { readonly text: string; readonly lanes: string[] }[] = [];
  for (const label of labels) {
    const atoms = equations.atoms(label);
    const text = atoms.map(name).join('*');
    const last = runs.at(-1);
    if (last?.text === text) last.lanes.push(atoms.join());
    else runs.push({ text, lanes: [atoms.join()] });
  }
  return runs.map(({ text, lanes }) => (text === '' ? `${lanes.length}` : repeated(text, lanes))).join('+');
}

/** A run of lanes of one group: `a*2` where each lies there twice in a row, `2*a` where all come again. */
function repeated(text: string, lanes: readonly string[]): string {
  const count = lanes.length / new Set(lanes).size;
  if (count === 1 || !Number.isInteger(count)) return text;
  if (lanes.every((lane, i) => lane === lanes[i - (i % count)])) return `${text}*${count}`;
  return lanes.every((lane, i) => lane === lanes[i % (lanes.length / count)]) ? `${count}*${text}` : text;
}
