import { EspalierError } from '../base/errors.js';
import { fidelity } from '../compare/measures.js';
import type { Answers } from '../compare/row.js';
import type { Dataset } from '../data/dataset.js';
import { answeringKept, INTERFACE_KEY, readChanges, takingWhole } from '../data/interfaceChanges.js';
import { quietly } from '../native/quietly.js';
import type { CallOptions, ReportOptions } from '../options/types.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { RunResult, Session } from '../runtime/runtime.js';
import { type BatchSource, openBatchSource } from '../verify/batchSource.js';
import { NO_CHANGES } from '../verify/modelComparison.js';
import { type ModelPair, modelPair } from '../verify/modelPair.js';
import { answerOf, isChanged, kindOf, mostTelling } from './answers.js';
import type { OpenedFile } from './opened.js';
import { sampleInput } from './sampleInput.js';
import type { Answer, ComparedSample, ComparedSamples } from './types.js';

/** Samples that are looked at, and for how long; so many of them are shown. */
const LOOKED = 512;
const PATIENCE_MS = 5000;
const SHOWN = 12;

type Options = Pick<ReportOptions, 'runtime' | 'labels' | 'samples'> &
  CallOptions & { readonly data: Dataset };

/**
 * Runs both models on samples, and shows those whose answers changed most. Undefined where the pruned model cannot be run as the
 * original is: a verification says why.
 */
export async function comparedSamples(
  original: OpenedFile,
  pruned: OpenedFile,
  options: Options,
): Promise<ComparedSamples | undefined> {
  const { runtime = onnxruntime(), signal } = options;
  const sessions: Session[] = [];
  const load = async (model: string | Uint8Array): Promise<Session> => {
    const session = await runtime.load(model, quietly(options));
    sessions.push(session);
    return session;
  };
  try {
    const [first, second] = [await load(original.source), await load(pruned.source)];
    const changes = readChanges(pruned.graph.document.metadata[INTERFACE_KEY]) ?? NO_CHANGES;
    const pair = await modelPair(
      { model: original.source, session: first },
      { model: pruned.source, session: second },
      original.graph.document,
      load,
      signal,
    );
    const both = {
      original: answeringKept(pair.original, changes),
      pruned: takingWhole(pair.pruned, changes),
      outputs: pair.outputs,
    };
    return await lookedAt(both, await openBatchSource(both.original, options, { metadata: {} }));
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EspalierError && error.code === 'RUNTIME_FAILED') return undefined;
    throw error;
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}

async function lookedAt(both: ModelPair, source: BatchSource): Promise<ComparedSamples | undefined> {
  const start = performance.now();
  const most = Math.min(LOOKED, source.samples);
  const found: Found = { looked: 0, changed: 0, shown: [] };
  // Where a batch does not tell its samples apart they are run one by one.
  const separate = source.batch === 'any' && (await separates(both, source));
  for await (const batch of source.batches(separate ? Math.min(source.size, 32) : 1, most)) {
    await look(both, batch, source, found);
    if (performance.now() - start > PATIENCE_MS) break;
  }
  const { looked, changed, own, shown } = found;
  return own === undefined
    ? undefined
    : {
        looked,
        changed,
        output: both.outputs.outputOf(own),
        kind: found.kind!,
        shown: shown.map(({ sample }) => sample),
      };
}

/** What was found so far. */
interface Found {
  looked: number;
  changed: number;
  /** The output that is shown, and what it tells. */
  own?: string;
  kind?: ComparedSamples['kind'];
  /** The worst comes first. */
  shown: readonly { readonly sample: ComparedSample; readonly severity: number }[];
}

async function separates({ original, outputs }: ModelPair, source: BatchSource): Promise<boolean> {
  for await (const { feeds, samples } of source.batches(2, 2))
    return samples < 2 || outputs.separates((await original.run(feeds)).outputs, samples);
  return false;
}

async function look(
  { original, pruned, outputs }: ModelPair,
  {
    feeds,
    from,
    samples,
  }: { readonly feeds: Parameters<Session['run']>[0]; readonly from: number; readonly samples: number },
  { labels }: BatchSource,
  found: Found,
): Promise<void> {
  const wanted = { outputs: outputs.values.map(({ name }) => name) };
  const [a, b] = [(await original.run(feeds, wanted)).outputs, (await pruned.run(feeds, wanted)).outputs];
  const { answers } = outputs.compare(a, b, feeds, samples);
  const own = answers.find(({ output }) => output === found.own) ?? mostTelling(answers);
  if (own === undefined) return;
  found.own ??= own.output;
  found.kind ??= kindOf(own);
  for (let sample = 0; sample < samples; sample++) {
    const kept = fidelity(own.rows[sample]!, own);
    const changed = isChanged(own, sample, kept);
    found.looked += 1;
    if (changed) found.changed += 1;
    if (Number.isNaN(kept) || (found.kind === 'classes' && !changed)) continue;
    const said = answersOf([a, b], sample, samples, own, outputs);
    const severity = severityOf(said, kept);
    if (found.shown.length >= SHOWN && severity <= found.shown.at(-1)!.severity) continue;
    const input = sampleInput(feeds, sample, samples);
    if (input === undefined) continue;
    const label = labels?.[from + sample];
    const shown: ComparedSample = {
      ...{ at: from + sample, fidelity: kept, input, answers: said },
      ...(typeof label === 'number' && { label }),
    };
    found.shown = [...found.shown, { sample: shown, severity }]
      .sort((x, y) => y.severity - x.severity)
      .slice(0, SHOWN);
  }
}

const answersOf = (
  [original, pruned]: readonly [Tensors, Tensors],
  sample: number,
  samples: number,
  own: Answers,
  outputs: ModelPair['outputs'],
): readonly [Answer, Answer] => [
  answerOf(original[own.output]!, sample, samples, own, outputs),
  answerOf(pruned[own.output]!, sample, samples, own, outputs),
];

type Tensors = RunResult['outputs'];

/** How much an answer lost: of classes the probability of the original's class, of others how unlike it is. */
function severityOf([original, pruned]: readonly [Answer, Answer], kept: number): number {
  const first = original.classes?.[0];
  if (first === undefined) return 1 - kept;
  return first.value - (pruned.classes?.find((own) => own.class === first.class)?.value ?? 0);
}
