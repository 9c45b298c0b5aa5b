/** Consecutive samples that run at once, and the values that are wanted of them. */
export interface PlannedRun {
  /** Counted from 0. Samples of which other values are wanted are of another batch; a large batch has several runs. */
  readonly batch: number;
  /** The first of the samples. */
  readonly from: number;
  readonly samples: number;
  readonly values: readonly string[];
}

/** Runs one after the other of one session. */
export interface Stretch {
  /** The values that its model gives. */
  readonly outputs: readonly string[];
  readonly runs: readonly PlannedRun[];
}

/** What is known once the first batch has run. */
export interface Planning {
  /** The first sample that has not run, and their number in all. */
  readonly from: number;
  readonly total: number;
  /** Samples of each batch where the model or the caller says so. */
  readonly size?: number;
  /** All values, those that are wanted of a batch, and the bytes that each takes for one sample. */
  readonly values: readonly string[];
  readonly select: (batch: number) => readonly string[];
  readonly bytes: ReadonlyMap<string, number>;
  /** Bytes of the model. */
  readonly model: number;
}

/**
 * The most bytes of activations that are fetched at once: larger batches were measured to be slower, and hold more memory for
 * longer.
 */
const BATCH_BYTES = 16 * 1024 * 1024;
const MAX_BATCH = 64;
/**
 * The least number of samples at once that lets runtimes use all cores. Batches are that large unless they take more than
 * `FEW_BYTES`.
 */
const FEW = 8;
const FEW_BYTES = 192 * 1024 * 1024;
/** The number of batches after which it is known what selected values take on average. */
const SHOWN = 8;
/**
 * A runtime computes all outputs of a model, whether they are fetched or not, and those of inner values cost it its fused operators and a
 * conversion of its blocked layouts. Another session without them is loaded where they would be more bytes than these, and than that many
 * times the bytes of the model: by measurement, loading then takes less time than they do.
 */
const SESSION_BYTES = 256 * 1024 * 1024;
const SESSION_MODELS = 8;

/**
 * Batches and runs of all samples behind the first batch. Those of which the same values are wanted are of one stretch, the ones of most values
 * before the others.
 */
export function planBatches(planning: Planning): readonly Stretch[] {
  const { values } = planning;
  const all: Stretch = { outputs: values, runs: [] };
  const byValues = new Map<string, Stretch & { readonly runs: PlannedRun[] }>();
  for (const run of runsOf(planning)) {
    const key = JSON.stringify([...new Set(run.values)].sort());
    const own = byValues.get(key) ?? { outputs: [...new Set(run.values)], runs: [] };
    own.runs.push(run);
    byValues.set(key, own);
  }
  const alone: Stretch[] = [];
  const together: PlannedRun[] = [];
  for (const stretch of byValues.values())
    if (pays(stretch, planning)) alone.push(stretch);
    else together.push(...stretch.runs);
  const most = alone.sort(
    (a, b) =>
      bytesOf(b.outputs, planning) - bytesOf(a.outputs, planning) || a.runs[0]!.from - b.runs[0]!.from,
  );
  const rest = { ...all, runs: together.sort((a, b) => a.from - b.from) };
  return [rest, ...most].filter(({ runs }) => runs.length > 0);
}

/** Whether a session that gives no other values is worth loading. A stretch of which nothing is wanted needs none. */
function pays({ outputs, runs }: Stretch, planning: Planning): boolean {
  const spared = bytesOf(planning.values, planning) - bytesOf(outputs, planning);
  const samples = runs.reduce((sum, run) => sum + run.samples, 0);
  return spared * samples > SESSION_BYTES + SESSION_MODELS * planning.model;
}

function* runsOf(planning: Planning): Generator<PlannedRun> {
  const { total, size: stated, select } = planning;
  const size = stated ?? fitting(averageOf(planning));
  for (let from = planning.from, batch = 1; from < total; from += size, batch++) {
    const values = select(batch);
    const to = Math.min(from + size, total);
    const parts = stated === undefined ? Math.ceil((to - from) / fitting(bytesOf(values, planning))) : 1;
    for (let part = 0; part < parts; part++) {
      const first = from + Math.floor(((to - from) * part) / parts);
      const end = from + Math.floor(((to - from) * (part + 1)) / parts);
      yield { batch, from: first, samples: end - first, values };
    }
  }
}

/** Bytes of what is wanted of one sample, on average over batches. */
function averageOf(planning: Planning): number {
  let sum = 0;
  for (let batch = 1; batch <= SHOWN; batch++) sum += bytesOf(planning.select(batch), planning);
  return sum / SHOWN;
}

/** How many samples to take at once, where each takes so many bytes. */
function fitting(bytes: number): number {
  const each = Math.max(1, bytes);
  const least = Math.min(FEW, Math.floor(FEW_BYTES / each));
  return Math.max(1, least, Math.min(MAX_BATCH, Math.floor(BATCH_BYTES / each)));
}

const bytesOf = (values: readonly string[], { bytes }: Planning): number =>
  [...new Set(values)].reduce((sum, name) => sum + (bytes.get(name) ?? 0), 0);
