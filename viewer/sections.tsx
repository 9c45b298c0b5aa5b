import type { ComponentChildren } from 'preact';
import type { ReportData } from '../dist/types/findings/types.js';
import { Curve, hasCurve } from './views/curve.js';
import { GraphDiff } from './views/graphDiff.js';
import { hasLanes, Lanes } from './views/lanes.js';
import { Latency } from './views/latency.js';
import { PruningTree } from './views/pruningTree.js';
import { Reproduce } from './views/reproduce.js';
import { Samples } from './views/samples.js';
import { Scores } from './views/scores.js';
import { Sensitivity } from './views/sensitivity.js';
import { Silhouette } from './views/silhouette.js';
import { Treemap } from './views/treemap.js';
import { Warnings } from './views/warnings.js';

/** A part of the page: its anchor, its name in the list of sections, and what it shows. */
interface Section {
  readonly id: string;
  readonly title: string;
  readonly view: ComponentChildren;
}

/** The sections for which a report has something to show, in the order of the page. */
export function sectionsOf(data: ReportData): readonly Section[] {
  const two = data.pruned !== undefined;
  const sections: readonly (Section & { readonly shown: boolean })[] = [
    { id: 'scores', title: 'At a glance', shown: true, view: <Scores data={data} /> },
    {
      id: 'warnings',
      title: 'What to know',
      shown: data.warnings.length > 0,
      view: <Warnings data={data} />,
    },
    { id: 'tree', title: 'Pruning tree', shown: data.tree !== undefined, view: <PruningTree data={data} /> },
    {
      id: 'samples',
      title: 'Changed answers',
      shown: data.samples !== undefined,
      view: <Samples data={data} />,
    },
    { id: 'widths', title: 'Widths', shown: data.nodes.length > 1, view: <Silhouette data={data} /> },
    {
      id: 'bytes',
      title: 'Where the bytes are',
      shown: data.tensors.length > 0,
      view: <Treemap data={data} />,
    },
    { id: 'graph', title: two ? 'Both graphs' : 'Graph', shown: true, view: <GraphDiff data={data} /> },
    { id: 'curve', title: 'How far it could go', shown: hasCurve(data), view: <Curve data={data} /> },
    {
      id: 'sensitivity',
      title: 'Sensitivity',
      shown: (data.curves?.length ?? 0) > 0,
      view: <Sensitivity data={data} />,
    },
    {
      id: 'latency',
      title: 'Latency by layer',
      shown: data.latency !== undefined,
      view: <Latency data={data} />,
    },
    { id: 'lanes', title: 'Which lanes left', shown: hasLanes(data), view: <Lanes data={data} /> },
    { id: 'reproduce', title: 'Do it again', shown: true, view: <Reproduce data={data} /> },
  ];
  return sections.filter(({ shown }) => shown);
}
