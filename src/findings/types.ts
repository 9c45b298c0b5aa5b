import type { Length } from '../coupling/lengths.js';
import type {
  ChosenCurve,
  GuardReport,
  LatencyPrediction,
  ReconstructionReport,
  Size,
  TreeReport,
  ValueReport,
  Verification,
  Warning,
} from '../options/types.js';

/** Something of the original model, and the same of the pruned one: 0 where that does not have it. */
export type BeforeAfter = readonly [before: number, after: number];

/**
 * What a report shows: two models, what left and what that cost, as plain data. The same in memory and in JSON. Whoever draws it needs
 * nothing else; its version changes where a field changes its meaning or goes.
 */
export interface ReportData {
  readonly format: 'espalier-report';
  readonly version: 1;
  /** The release that made it. */
  readonly espalier: string;
  readonly original: ModelSummary;
  /** Absent where there is only one model to show. */
  readonly pruned?: ModelSummary;
  /** Lengths that the file leaves open, and what multiply-adds are counted at. */
  readonly lengths: Readonly<Record<string, Length>>;
  /** What is said first: shares and means with their intervals. */
  readonly scores: readonly Score[];
  readonly verification?: Verification;
  readonly guard?: GuardReport;
  readonly reconstruction?: ReconstructionReport;
  readonly latency?: LatencyPrediction;
  readonly warnings: readonly Warning[];
  readonly groups: readonly GroupRow[];
  readonly tensors: readonly TensorRow[];
  /** Of the original, each after all that it reads; without those that compute what follows from stored tensors and lengths alone. */
  readonly nodes: readonly NodeRow[];
  /** Which node reads what which other one makes: positions in `nodes`. */
  readonly edges: readonly (readonly [from: number, to: number])[];
  /** Sentences that rows refer to by position: why something is frozen. */
  readonly reasons: readonly string[];
  readonly curves?: readonly ChosenCurve[];
  readonly tree?: TreeReport;
  readonly samples?: ComparedSamples;
  readonly made: Provenance;
}

/** One of the two models. */
export interface ModelSummary {
  /** The file's name, without its folder. */
  readonly file: string;
  /** Of the .onnx file, hexadecimal. */
  readonly sha256: string;
  readonly producer: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly nodes: number;
  readonly size: Size;
  readonly inputs: readonly ValueReport[];
  readonly outputs: readonly ValueReport[];
}

/** A number that says how alike the two models are, or how well they do. */
export interface Score {
  readonly kind: 'fidelity' | 'top1' | 'accuracy' | 'guard';
  /** Of which output; of a guard, of which metric. */
  readonly of: string;
  /** 0 to 1, or of a guard in the metric's own unit. */
  readonly value: number;
  /** The same of the original, where it has one. */
  readonly original?: number;
  /** Of 95 %. */
  readonly interval?: readonly [low: number, high: number];
  readonly samples: number;
  /** Of a guard: what was asked for. */
  readonly limit?: { readonly atLeast?: number; readonly atMost?: number };
}

/** A group of lanes: what it was and what it is. */
export interface GroupRow {
  readonly id: string;
  readonly lanes: BeforeAfter;
  readonly exact: boolean;
  /** Why its removal is not exact. */
  readonly inexact?: string;
  /** Parameters that would leave with all of its lanes. */
  readonly params: number;
  /** The first node that reads or makes its lanes, by position in `nodes`; groups are in this order. -1 where none is known. */
  readonly node: number;
  /** Runs of lanes that stay and that leave in turn, those that stay first: [3, 2, 4] keeps 3, removes 2, keeps 4. */
  readonly runs?: readonly number[];
  /** [lanes]: importance by the criterion of the plan, higher stays longer. */
  readonly scores?: readonly number[];
  /** [lanes], in bits: what a lane says, and what it says that no other lane does. */
  readonly entropy?: readonly number[];
  readonly conditional?: readonly number[];
}

/** A stored tensor of weights. */
export interface TensorRow {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  /** Of the pruned model; absent where it is not there any more, or there is only one model. */
  readonly left?: readonly number[];
  readonly bytes: BeforeAfter;
  /** The node that reads it first, by position in `nodes`; -1 where none does. */
  readonly node: number;
  /** Axes that are shorter: runs of indices as in `GroupRow.runs`, where it is known which stay. */
  readonly cuts?: readonly { readonly axis: number; readonly runs?: readonly number[] }[];
  /** Axes that have frozen indices, and why, by position in `reasons`. */
  readonly frozen?: readonly { readonly axis: number; readonly reasons: readonly number[] }[];
}

/** A node of the graph. */
export interface NodeRow {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Lengths of its first output at the lengths that are assumed; absent where they are not known. */
  readonly shape?: readonly number[];
  readonly left?: readonly number[];
  readonly params: BeforeAfter;
  readonly bytes: BeforeAfter;
  readonly macs: BeforeAfter;
  /** The pruned model has no node of this name. */
  readonly gone?: true;
  /** Why it is not followed, or why weights of it cannot be cut: positions in `reasons`. */
  readonly frozen?: readonly number[];
}

/** Samples on which both models were run for the report. */
export interface ComparedSamples {
  /** Samples that were looked at. */
  readonly looked: number;
  /** Those of them that have another answer: another class, or boxes or values that are less than half alike. */
  readonly changed: number;
  readonly output: string;
  readonly kind: 'classes' | 'boxes' | 'values';
  /** Those that differ most, the worst first. */
  readonly shown: readonly ComparedSample[];
}

/** One sample, and what either model says of it. */
export interface ComparedSample {
  /** Its position in the samples. */
  readonly at: number;
  /** How much of the original's answer is kept, 0 to 1. */
  readonly fidelity: number;
  readonly label?: number;
  readonly input: SampleInput;
  readonly answers: readonly [original: Answer, pruned: Answer];
}

/** What a sample is, in a form that can be shown. */
export type SampleInput =
  | ShownImage
  /** At most some hundred of its numbers, evenly picked. */
  | {
      readonly form: 'values';
      readonly name: string;
      readonly dims: readonly number[];
      readonly values: readonly number[];
    }
  | { readonly form: 'texts'; readonly name: string; readonly texts: readonly string[] };

/** Numbers that lie as the pixels of an image do. */
export interface ShownImage {
  readonly form: 'image';
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Rows of gray or red, green and blue, 0 to 255, in base64. */
  readonly pixels: string;
  /** What the model's numbers were that became 0 and 255. */
  readonly from: readonly [low: number, high: number];
  /** What the numbers were that many of, before they were made fewer: boxes are of this size. */
  readonly size: readonly [width: number, height: number];
}

/** What one model says of a sample: its likeliest classes, its boxes, or its numbers. */
export interface Answer {
  readonly classes?: readonly { readonly class: number | string; readonly value: number }[];
  /** Left, top, right, bottom, and further columns. */
  readonly boxes?: readonly (readonly number[])[];
  readonly values?: readonly number[];
  /** The same as a picture, where it is one: a map, or an image that was made. */
  readonly image?: ShownImage;
}

/** How the report came to be, so that it can be made again. */
export interface Provenance {
  /** The command, as it was typed. */
  readonly command?: string;
  /** Of the plan, as the pruned model's metadata have it. */
  readonly plan?: { readonly sha256: string; readonly made: Readonly<Record<string, unknown>> };
  readonly data?: string;
}
