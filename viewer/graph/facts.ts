import type { BeforeAfter, ReportData } from '../../dist/types/findings/types.js';
import { bytes, count, macs } from '../../src/report/numbers.js';
import { counted, shapeText } from '../parts/text.js';
import type { Fold } from './fold.js';

/** What becomes of the nodes of a box, all together. */
export interface Facts {
  readonly params: BeforeAfter;
  readonly bytes: BeforeAfter;
  readonly macs: BeforeAfter;
  /** How many of them are gone, and how many are frozen somewhere. */
  readonly gone: number;
  readonly frozen: number;
}

/** Adds up what is known of the nodes of a box. */
export function factsOf({ nodes }: Fold, data: ReportData): Facts {
  const sums = { params: [0, 0], bytes: [0, 0], macs: [0, 0] } as Record<
    'params' | 'bytes' | 'macs',
    [number, number]
  >;
  let [gone, frozen] = [0, 0];
  for (const index of nodes) {
    const node = data.nodes[index]!;
    for (const key of ['params', 'bytes', 'macs'] as const)
      for (const side of [0, 1] as const) sums[key][side] += node[key][side];
    if (node.gone) gone += 1;
    if (node.frozen) frozen += 1;
  }
  return { ...sums, gone, frozen };
}

/** The share that is left: of the parameters, else of the work, else all. */
export function keptOf({ params, macs: work, gone }: Facts, count: number, two: boolean): number {
  if (!two) return 1;
  const [before, after] = params[0] > 0 ? params : work;
  if (before > 0) return Math.min(1, after / before);
  return gone === count ? 0 : 1;
}

/** The second line of a box: what it is. The operator is left out where `name`, what the box is called, ends with it. */
export function kindText({ nodes, children }: Fold, { nodes: rows }: ReportData, name = ''): string {
  if (children.length > 0) return counted(nodes.length, 'node');
  const { op, shape = [] } = rows[nodes[0]!]!;
  if (shape.length === 0) return op;
  return name.endsWith(op) ? shapeText(shape) : `${op} · ${shapeText(shape)}`;
}

/** What there is to say of a box, as names and values. */
export function factRows(fold: Fold, data: ReportData): readonly (readonly [name: string, value: string])[] {
  const facts = factsOf(fold, data);
  const two = data.pruned !== undefined;
  const both = ([before, after]: BeforeAfter, text: (value: number) => string): string =>
    two && before !== after ? `${text(before)} → ${text(after)}` : text(before);
  const rows: (readonly [string, string])[] = [];
  if (fold.children.length === 0) {
    const { op, domain, shape, left, gone } = data.nodes[fold.nodes[0]!]!;
    rows.push(['Operator', domain === '' ? op : `${domain}.${op}`]);
    const changed = left !== undefined && shape !== undefined && left.join() !== shape.join();
    rows.push(['Output', changed ? `${shapeText(shape)} → ${shapeText(left)}` : shapeText(shape)]);
    if (gone) rows.push(['Pruned model', 'has no such node']);
  } else
    rows.push(['Nodes', `${fold.nodes.length}${facts.gone > 0 ? `, of which ${facts.gone} are gone` : ''}`]);
  if (facts.params[0] > 0)
    rows.push(['Parameters', both(facts.params, count)], ['Bytes', both(facts.bytes, bytes)]);
  if (facts.macs[0] > 0) rows.push(['Work', both(facts.macs, macs)]);
  return rows;
}
