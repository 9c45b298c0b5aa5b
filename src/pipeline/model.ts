import { command, EspalierError, text } from '../base/errors.js';
import { decidedBy } from '../compression/decided.js';
import { sectionsIn } from '../compression/sections.js';
import { isWeight } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Lengths } from '../coupling/lengths.js';
import type { Dataset } from '../data/dataset.js';
import type { Graph } from '../model/graph.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import { registryNow } from '../ops/registry.js';
import type {
  OpenedApplyOptions,
  OpenedInspectOptions,
  OpenedPlanOptions,
  OpenedScoreOptions,
  OpenedTreeOptions,
} from '../options/opened.js';
import type {
  CallOptions,
  GroupScore,
  Inspection,
  Pruned,
  SaveOptions,
  Stability,
  TreeReport,
  Warning,
} from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { turnOfLoop } from '../platform/index.js';
import type { Runtime } from '../runtime/runtime.js';
import { Analyses } from './analyses.js';
import type { MadePlan } from './decide.js';
import { decide } from './decide.js';
import { growTree } from './growTrees.js';
import { prunedWithin } from './guarded.js';
import { inspect } from './inspect.js';
import { Latencies } from './latency.js';
import { lengthsIn } from './lengths.js';
import { checkMarks, type Marks, namesIn } from './marks.js';
import { cutModel, PrunedModel, warnedOf } from './pruned.js';
import { notRefitted, refitted } from './refitted.js';
import { replay } from './replay.js';
import { checkSamples } from './sampleCheck.js';
import { GroupScores } from './scores.js';
import { Sessions } from './sessions.js';
import { stabilityOf } from './stability.js';
import { computing } from './turns.js';

/** An opened model behind the border: what it is given was checked, and samples are datasets. Each method is one of `Model`. */
export class OpenModel {
  readonly #analyses: Analyses;
  readonly #sessions: Sessions;
  readonly #scores: GroupScores;
  readonly #latencies: Latencies;
  #inspection: Inspection | undefined;
  #sha256: string | undefined;

  constructor(
    readonly native: NativeModel,
    readonly graph: Graph,
    /** One for all analyses of the model, so that they agree on what its groups are. */
    registry = registryNow(),
  ) {
    this.#analyses = new Analyses(native, graph, registry);
    this.#sessions = new Sessions(native);
    this.#scores = new GroupScores(native, this.#sessions);
    this.#latencies = new Latencies(native);
  }

  get file(): string {
    return this.graph.file;
  }

  inspect(): Inspection {
    this.#inspection ??= inspect(this.#analyses.plain);
    return this.#inspection;
  }

  /** What calls with these marks work on, at lengths that shapes and samples show, else at the other ones. */
  analysed(marks: Marks, options: OpenedInspectOptions, otherwise?: Lengths): Promise<Analysis> {
    return this.#analyses.measured(marks, options, otherwise);
  }

  checkSamples(
    dataset: Dataset,
    options: CallOptions & { readonly runtime?: Runtime },
  ): Promise<readonly Warning[]> {
    return computing(options, async () =>
      checkSamples(this.native, await this.#analyses.of({}, options), dataset, options),
    );
  }

  inspectWith(options: OpenedInspectOptions): Promise<Inspection> {
    return computing(options, async () => inspect(await this.#analyses.marked(options)));
  }

  async sha256(options: CallOptions = {}): Promise<string> {
    const sha256 = this.#sha256 ?? (await this.native.sha256(options));
    this.#sha256 = sha256;
    return sha256;
  }

  async score(options: OpenedScoreOptions): Promise<readonly GroupScore[]> {
    const worth = await computing(options, async () => {
      const analysis = await this.#analyses.marked(options);
      return this.#scores.worth(analysis, analysis.groups, options, true);
    });
    return [...worth].map(([{ id, lanes }, own]) => ({
      id,
      lanes: lanes.length,
      ...('scores' in own ? own : { scores: own }),
    }));
  }

  async tree(options: OpenedTreeOptions): Promise<TreeReport> {
    return computing(options, async () => {
      const marks = { free: options.free ?? [] };
      checkMarks(this.graph, marks);
      return growTree(this.native, await this.#analyses.of(marks, options), options);
    });
  }

  writeWeightTerms(path: string, options: SaveOptions): Promise<{ readonly bytes: number }> {
    const weights = this.graph.document.tensors.filter(
      (tensor) => isWeight(tensor) && this.graph.nameOf(tensor.id) !== '',
    );
    return this.native.writeTerms(
      path,
      weights.map((tensor) => ({ tensor: tensor.id, name: this.graph.nameOf(tensor.id) })),
      options,
    );
  }

  async plan(options: OpenedPlanOptions): Promise<Plan> {
    const decided = await computing(
      options,
      (): Promise<{ readonly plan: Plan }> =>
        options.guard?.length ? this.#within(options) : this.#decide(options),
    );
    return decided.plan;
  }

  async prune(options: OpenedPlanOptions): Promise<Pruned> {
    return computing(
      options,
      (): Promise<Pruned> => (options.guard?.length ? this.#within(options) : this.#prune(options)),
    );
  }

  async #within(options: OpenedPlanOptions): Promise<Pruned> {
    await this.#analyses.of({}, options);
    const { size } = this.inspect();
    return prunedWithin({ native: this.native, file: this.file, size }, options, (amount) =>
      this.#prune(amount),
    );
  }

  async #prune(options: OpenedPlanOptions): Promise<PrunedModel> {
    const { analysis, plan, decided, latency, session, warnings, curves } = await this.#decide(options);
    await turnOfLoop();
    const cut = cutModel(analysis, plan, decided);
    const left = session === undefined ? cut : await refitted(cut, session, options);
    const pruned = new PrunedModel(this.native, warnedOf(left, warnings), {
      curves,
      ...(latency && { latency }),
    });
    const { bytes } = options;
    if (bytes === undefined || pruned.after.bytes <= bytes) return pruned;
    throw new EspalierError(
      'INTERNAL',
      `the pruned model would have ${pruned.after.bytes} bytes, more than the budget of ${bytes}`,
      { file: this.file },
      'Please report the model.',
    );
  }

  async stability(options: OpenedPlanOptions): Promise<Stability> {
    await this.#analyses.of({}, options);
    return stabilityOf(options, this.inspect(), (half) => this.plan(half));
  }

  async #decide(options: OpenedPlanOptions): Promise<MadePlan> {
    // The hash reads the whole file: it runs beside the analysis and the scoring, and ends where they fail.
    const stopping = new AbortController();
    const stop = (): void => stopping.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', stop, { once: true });
    const sha256 = this.sha256({ ...quietly(options), signal: stopping.signal });
    sha256.catch(() => {}); // Where the hash is waited for, its error is thrown.
    try {
      const analysis = await this.#analyses.marked(options);
      const session = this.#sessions.of(analysis, options);
      const known = { native: this.native, scores: this.#scores, latencies: this.#latencies, sha256 };
      return await decide({ ...known, analysis, session }, options);
    } finally {
      options.signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  apply(plan: Plan, options: OpenedApplyOptions): Promise<Pruned> {
    return computing(options, () => this.#apply(plan, options));
  }

  async #apply(checked: Plan, options: OpenedApplyOptions): Promise<Pruned> {
    const sha256 = await this.sha256(quietly(options));
    if (checked.model.sha256 !== sha256) {
      throw new EspalierError(
        'PLAN_STALE',
        `the plan was made for another model: ${checked.model.file} with sha256 ${checked.model.sha256.slice(0, 12)}…, this one has ${sha256.slice(0, 12)}…`,
        { file: this.file },
        text`Apply it to the model it was made for, or make a new plan: ${command.plan}`,
      );
    }
    const { keep, free, lengths } = checked.made;
    const marks = { keep: namesIn(keep), free: namesIn(free) };
    const analysis = await this.#analyses.measured(marks, options, lengthsIn(lengths));
    const decisions = replay(analysis, checked);
    const decided = decidedBy(analysis, [...decisions.values()]);
    const complete: Plan = { ...checked, ...sectionsIn(decisions) };
    const cut = cutModel(analysis, complete, decided);
    const session = this.#sessions.of(analysis, options);
    const left =
      session !== undefined
        ? await refitted(cut, session, options)
        : warnedOf(cut, checked.made.reconstruct === true ? [notRefitted()] : []);
    return new PrunedModel(this.native, left);
  }

  dispose(): void {
    this.native.dispose();
  }
}
