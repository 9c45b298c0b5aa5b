import type { Dataset } from '../data/dataset.js';
import { datasetFor, type SampleSource } from '../data/samples.js';
import type { Graph } from '../model/graph.js';
import type { CalibrationOptions, SampleOptions } from '../options/types.js';
import type { ValueInfo } from '../runtime/runtime.js';

/** A model that samples are for: its graph, and where it lies, if at a path. */
export interface SampledModel {
  readonly graph: Graph;
  readonly path: string | undefined;
}

/** What a call says of its samples beside what they are. */
export type SampleWishes = Omit<SampleOptions, 'onProgress' | 'threads'> &
  Pick<CalibrationOptions, 'preprocess' | 'column' | 'sampleRate'>;

/** Samples of any form as arrays for a model: its inputs say how they are laid out, it and what lies beside it how they are made. */
export function samplesFor(
  { graph, path }: SampledModel,
  source: SampleSource,
  { samples, signal, preprocess, column, sampleRate, labels, shape }: SampleWishes,
): Promise<Dataset> {
  return datasetFor(source, {
    inputs: inputsOf(graph, shape),
    model: { metadata: graph.document.metadata, ...(path !== undefined && { path }) },
    ...(preprocess !== undefined && { preprocess }),
    ...(column !== undefined && { column }),
    ...(sampleRate !== undefined && { sampleRate }),
    ...(labels !== undefined && { labels }),
    ...(samples !== undefined && { most: samples }),
    ...(signal !== undefined && { signal }),
  });
}

/** With the lengths that `shape` gives to axes that the file leaves open, but for those that count samples. */
const inputsOf = (graph: Graph, shape: SampleWishes['shape'] = {}): readonly ValueInfo[] =>
  graph.inputs.map(({ name, dtype, shape: own }) => ({
    name,
    dtype: (dtype ?? 'other') as ValueInfo['dtype'],
    shape: (own ?? []).map((length, axis) => {
      const open = length === null || typeof length === 'string' || length === -1;
      const said = axis > 0 && open ? shape[name]?.[axis] : undefined;
      return said ?? (length === null || length === -1 ? '' : length);
    }),
  }));
