import { graphlib, layout } from '@dagrejs/dagre';
import type { ReportData } from '../../dist/types/findings/types.js';
import type { Fold } from './fold.js';

/** A box and where it lies: its middle. */
export interface Box {
  readonly fold: Fold;
  readonly x: number;
  readonly y: number;
}

/** A line from one box to another, by points. */
export interface Line {
  readonly from: number;
  readonly to: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** The graph of the boxes that are seen, laid out from top to bottom. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

export const BOX = { width: 176, height: 46 };

/** Lays out the boxes; lines between nodes are lines between the boxes that they lie in. */
export function laidOut(seen: readonly Fold[], edges: ReportData['edges']): Drawing {
  const boxOf = new Map<number, number>();
  for (const [index, { nodes }] of seen.entries()) for (const node of nodes) boxOf.set(node, index);
  const graph = new graphlib.Graph({ multigraph: false });
  graph.setGraph({
    rankdir: 'TB',
    nodesep: 18,
    ranksep: 26,
    edgesep: 8,
    marginx: 12,
    marginy: 12,
    ranker: 'tight-tree',
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const index of seen.keys()) graph.setNode(`${index}`, { ...BOX });
  for (const [from, to] of edges) {
    const [a, b] = [boxOf.get(from), boxOf.get(to)];
    if (a !== undefined && b !== undefined && a !== b) graph.setEdge(`${a}`, `${b}`);
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    boxes: seen.map((fold, index) => {
      const { x, y } = graph.node(`${index}`) as { x: number; y: number };
      return { fold, x, y };
    }),
    lines: graph.edges().map((edge: { readonly v: string; readonly w: string }) => ({
      from: Number(edge.v),
      to: Number(edge.w),
      points: (graph.edge(edge) as { points: Line['points'] }).points,
    })),
  };
}
