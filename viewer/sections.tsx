import type { ComponentChildren } from 'preact';
import type { ReportData } from '../src/findings/types.js';
import { Reproduce } from './views/reproduce.js';
import { Scores } from './views/scores.js';
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
  const sections: readonly (Section & { readonly shown: boolean })[] = [
    { id: 'scores', title: 'At a glance', shown: true, view: <Scores data={data} /> },
    {
      id: 'warnings',
      title: 'What to know',
      shown: data.warnings.length > 0,
      view: <Warnings data={data} />,
    },
    { id: 'widths', title: 'Widths', shown: data.nodes.length > 1, view: <Silhouette data={data} /> },
    {
      id: 'bytes',
      title: 'Where the bytes are',
      shown: data.tensors.length > 0,
      view: <Treemap data={data} />,
    },
    { id: 'reproduce', title: 'Do it again', shown: true, view: <Reproduce data={data} /> },
  ];
  return sections.filter(({ shown }) => shown);
}
