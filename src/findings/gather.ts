import { warningIn } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { INTERFACE_KEY, readChanges } from '../data/interfaceChanges.js';
import { quietly } from '../native/quietly.js';
import type {
  CallOptions,
  ChosenCurve,
  GroupScore,
  ReportOptions,
  ValueReport,
  Verification,
  Warning,
} from '../options/types.js';
import { inspect } from '../pipeline/inspect.js';
import { lengthsIn } from '../pipeline/lengths.js';
import { type Marks, namesIn } from '../pipeline/marks.js';
import type { Plan } from '../plan/plan.js';
import { sha256, VERSION } from '../platform/index.js';
import { groupRows } from './groups.js';
import { analysed, type OpenedFile, type OpenedModel } from './opened.js';
import { graphRows } from './rows.js';
import { scoresOf } from './scores.js';
import type { ComparedSamples, ModelSummary, ReportData } from './types.js';

/** What is known of two models when their report is put together. */
export interface Known {
  readonly original: OpenedFile;
  readonly pruned: OpenedFile | undefined;
  readonly options: Omit<ReportOptions, 'data'> & { readonly data?: Dataset };
  readonly plan: Plan | undefined;
  readonly verification: Verification | undefined;
  readonly warnings: readonly Warning[];
  /** By lanes: the parts of the criterion `information`, where there are samples. */
  readonly bits: readonly GroupScore[] | undefined;
  readonly samples: ComparedSamples | undefined;
}

/** Puts together what a report shows. */
export async function gathered(known: Known): Promise<ReportData> {
  const { options, plan, verification, bits, samples } = known;
  const { outcome, tree, command, data, runtime } = options;
  const measured = {
    ...quietly(options),
    ...(runtime !== undefined && { runtime }),
    ...(options.shape !== undefined && { shape: options.shape }),
    ...(data !== undefined && { data }),
  };
  const marks = marksOf(plan, known.pruned);
  const original = await analysed(known.original, marks, measured, lengthsIn(plan?.made.lengths));
  const lengths = new Map(Object.entries(original.costs.lengths));
  const pruned =
    known.pruned && (await analysed(known.pruned, { free: marks.free ?? [] }, quietly(options), lengths));
  const inspection = inspect(original.analysis);
  const rows = graphRows(original, pruned, inspection.frozen, plan);
  return {
    ...{ format: 'espalier-report', version: 1, espalier: VERSION },
    original: await summaryOf(original, options),
    ...(pruned !== undefined && { pruned: await summaryOf(pruned, options) }),
    lengths: inspection.lengths,
    scores: scoresOf(verification, outcome?.guard),
    ...(verification !== undefined && { verification }),
    ...(outcome?.guard !== undefined && { guard: outcome.guard }),
    ...(outcome?.reconstruction !== undefined && { reconstruction: outcome.reconstruction }),
    ...(outcome?.latency !== undefined && { latency: outcome.latency }),
    warnings: warningsOf(known, inspection.warnings),
    groups: groupRows(inspection.groups, rows.tensors, plan, bits),
    ...rows,
    ...(outcome?.curves !== undefined && { curves: outcome.curves.map(thinned) }),
    ...(tree !== undefined && { tree }),
    ...(samples !== undefined && { samples }),
    made: {
      ...(command !== undefined && { command }),
      ...(plan !== undefined && { plan: { sha256: sha256(JSON.stringify(plan)), made: plan.made } }),
      ...(verification !== undefined && !verification.data.random && { data: verification.data.source }),
    },
  };
}

/** What the plan left free, or what the pruned model says has shrunk: without it groups would not be those that were cut. */
function marksOf(plan: Plan | undefined, pruned: OpenedFile | undefined): Marks {
  if (plan !== undefined) return { keep: namesIn(plan.made.keep), free: namesIn(plan.made.free) };
  const changes = readChanges(pruned?.graph.document.metadata[INTERFACE_KEY]);
  return changes === undefined
    ? {}
    : { free: [...Object.keys(changes.inputs), ...Object.keys(changes.outputs)] };
}

async function summaryOf({ model, graph, costs }: OpenedModel, options: CallOptions): Promise<ModelSummary> {
  const { producer, opsets, bytes, externalBytes } = graph.document;
  const { params, macs } = costs.of();
  return {
    ...{ file: graph.file, producer, opsets, nodes: graph.nodes.length },
    sha256: await model.sha256(quietly(options)),
    size: { params, macs, bytes: bytes + externalBytes },
    inputs: graph.inputs.map(valueReport),
    outputs: graph.outputs.map(valueReport),
  };
}

const valueReport = ({ name, dtype, shape }: OpenedFile['graph']['inputs'][number]): ValueReport => ({
  ...{ name, dtype: dtype ?? 'unknown' },
  shape: shape?.map((length) => length ?? '?') ?? [],
});

/** Faults first, then warnings, each once; where a command made the report, in the words of the command line. */
function warningsOf({ options, verification, warnings }: Known, inspected: readonly Warning[]): Warning[] {
  const surface = options.command === undefined ? 'api' : 'cli';
  const all = [
    ...(verification?.faults ?? []),
    ...(options.outcome?.warnings ?? []),
    ...(verification?.warnings ?? []),
    ...warnings,
    ...inspected,
  ].map((warning) => warningIn(warning, surface));
  return [...new Map(all.map(({ code, text }) => [text, { code, text }])).values()];
}

/** Choices of one curve that a report holds at most. */
const MOST_CHOICES = 48;

/** Some of the choices, evenly: all that can be told apart in a picture, and the one that was taken. */
function thinned({ amounts, loss, chosen, ...rest }: ChosenCurve): ChosenCurve {
  const step = Math.max(1, Math.ceil(amounts.length / MOST_CHOICES));
  const kept = amounts.map((_, index) => index).filter((index) => index % step === 0 || index === chosen);
  return {
    ...rest,
    amounts: kept.map((index) => amounts[index]!),
    loss: kept.map((index) => loss[index]!),
    chosen: kept.indexOf(chosen),
  };
}
