import { CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Lengths } from '../coupling/lengths.js';
import { type Graph, readGraph } from '../model/graph.js';
import { openAny } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import type { OpenedInspectOptions } from '../options/opened.js';
import type { Marks } from '../pipeline/marks.js';
import { OpenModel } from '../pipeline/model.js';
import { fileNameOf, type ModelSource, sourceFrom } from '../schema/sources.js';
import { pathOrBytes } from '../verify/bytes.js';

/** A model that a report tells of, before it is analysed. */
export interface OpenedFile {
  readonly model: OpenModel;
  /** As the file has it. */
  readonly graph: Graph;
  /** A path, or bytes: what a runtime takes. */
  readonly source: string | Uint8Array;
}

/** The same, and what is known of its groups and costs. */
export interface OpenedModel extends OpenedFile {
  readonly analysis: Analysis;
  readonly costs: CostModel;
}

/**
 * Opens a model.
 *
 * @param name of the argument, for errors
 * @param called what bytes are called, as they have no name
 * errors: those of `openModel`
 */
export async function openedFile(
  name: string,
  given: ModelSource,
  options: OpenedInspectOptions,
  called?: string,
): Promise<OpenedFile> {
  const from = await sourceFrom(name, given);
  const call = quietly(options);
  const native = await openAny(from.model, call, from.files);
  try {
    const file = from.model instanceof Uint8Array && called !== undefined ? called : fileNameOf(from);
    const graph = readGraph(native.describe(), file);
    return { model: new OpenModel(native, graph), graph, source: await pathOrBytes(from) };
  } catch (problem) {
    native.dispose();
    throw problem;
  }
}

/** Finds a model's groups, at lengths that samples and shapes show, else at the other ones. */
export async function analysed(
  file: OpenedFile,
  marks: Marks,
  options: OpenedInspectOptions,
  otherwise: Lengths = new Map(),
): Promise<OpenedModel> {
  const analysis = await file.model.analysed(marks, options, otherwise);
  return { ...file, analysis, costs: new CostModel(analysis) };
}
