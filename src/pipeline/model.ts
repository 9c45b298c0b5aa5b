import { presumed } from '../allocation/allocate.js';
import { policyNamed } from '../allocation/policies.js';
import type { Budget } from '../allocation/policy.js';
import { ascending, oneFactorEach, roundingTo } from '../allocation/policy.js';
import { command, EspalierError, option, text, warned } from '../base/errors.js';
import { finished, type Steps } from '../base/steps.js';
import type { LatencyModel } from '../cost/latency/model.js';
import { CostModel, isWeight } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import { analysing } from '../coupling/analysis.js';
import { choosing } from '../coupling/choosing.js';
import type { Group } from '../coupling/groups.js';
import type { Lengths } from '../coupling/lengths.js';
import type { Removal } from '../coupling/survivors.js';
import type { ReadNumbers, Walk } from '../coupling/walk.js';
import { Widths } from '../coupling/widths.js';
import type { Dataset } from '../data/data.js';
import { foldedGraph } from '../folding/fold.js';
import { Knowledge } from '../loss/session.js';
import type { Graph } from '../model/graph.js';
import type { NativeModel } from '../native/index.js';
import { quietly } from '../native/quietly.js';
import { registryNow } from '../ops/registry.js';
import type {
  ApplyOptions,
  InspectOptions,
  PlanOptions,
  ScoreOptions,
  TreeOptions,
} from '../options/opened.js';
import { policyFor } from '../options/policyFor.js';
import type {
  CallOptions,
  GroupScore,
  Inspection,
  LatencyPrediction,
  Pruned,
  SaveOptions,
  Stability,
  TreeReport,
  Warning,
} from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { inSlices, turnOfLoop } from '../platform/index.js';
import { onnxruntime } from '../runtime/onnxruntime.js';
import type { Runtime } from '../runtime/runtime.js';
import { criterionNamed, defaultCriterion } from '../scoring/criteria.js';
import { scoresOf, type Worth } from '../scoring/criterion.js';
import { optionsFor } from '../scoring/options.js';
import type { Cuts } from '../surgery/cuts.js';
import { cutsOf } from '../surgery/cuts.js';
import { planTables, removalOf, removalOfPlan } from '../surgery/removal.js';
import { evidenceOf } from './evidence.js';
import { prunedWithin } from './guarded.js';
import { inspect } from './inspect.js';
import { Latencies, predictionOf } from './latency.js';
import { lengthsIn, lengthsOf, lengthTexts } from './lengths.js';
import { checkMarks, keyOf, type Marks, namesIn } from './marks.js';
import { named, PrunedModel, sizeAfter } from './pruned.js';
import { stabilityOf } from './stability.js';
import { growTree } from './tree.js';
import { computing } from './turns.js';
import { Worths } from './worths.js';

/** A plan just made, and what it comes to. */
interface Decision {
  readonly analysis: Analysis;
  readonly plan: Plan;
  readonly decided: { readonly removal: Removal; readonly cuts: Cuts };
  readonly latency?: LatencyPrediction;
  /** What is left is to be refitted by this. */
  readonly knowledge?: Knowledge;
  /** Groups of which a trial gave NaN or infinite values. */
  readonly overflowing: readonly string[];
}

/** An opened model behind the border: what it is given was checked, and samples are datasets. Each method is one of `Model`. */
export class OpenModel {
  readonly #analyses = new Map<string, Analysis>();
  /** By samples, the lengths that they were seen to have. */
  readonly #lengths = new WeakMap<Dataset, Map<string, Lengths>>();
  readonly #worths = new Worths();
  readonly #knowledge = new WeakMap<
    Dataset,
    readonly {
      readonly analysis: Analysis;
      readonly given: Runtime | undefined;
      readonly samples: number | undefined;
      readonly knowledge: Knowledge;
    }[]
  >();
  readonly #latencies: Latencies;
  #inspection: Inspection | undefined;
  #folded: Graph | undefined;
  #sha256: string | undefined;

  constructor(
    readonly native: NativeModel,
    readonly graph: Graph,
    /** One for all analyses of the model, so that they agree on what its groups are. */
    readonly registry = registryNow(),
  ) {
    this.#latencies = new Latencies(native);
  }

  get file(): string {
    return this.graph.file;
  }

  inspect(): Inspection {
    this.#inspection ??= inspect(this.#analysis());
    return this.#inspection;
  }

  inspectWith(options: InspectOptions): Promise<Inspection> {
    return computing(options, async () => inspect(await this.#marked(options)));
  }

  async sha256(options: CallOptions = {}): Promise<string> {
    const sha256 = this.#sha256 ?? (await this.native.sha256(options));
    this.#sha256 = sha256;
    return sha256;
  }

  async score(options: ScoreOptions): Promise<readonly GroupScore[]> {
    const worth = await computing(options, async () => {
      const analysis = await this.#marked(options);
      return this.#worth(analysis, analysis.groups, options, true);
    });
    return [...worth].map(([{ id, lanes }, own]) => ({
      id,
      lanes: lanes.length,
      ...('scores' in own ? own : { scores: own }),
    }));
  }

  async tree(options: TreeOptions): Promise<TreeReport> {
    return computing(options, async () => {
      const marks = { free: options.free ?? [] };
      checkMarks(this.graph, marks);
      return growTree(this.native, await this.#analysed(marks, options), options);
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

  async plan(options: PlanOptions): Promise<Plan> {
    const decided = await computing(
      options,
      (): Promise<{ readonly plan: Plan }> =>
        options.guard?.length ? this.#within(options) : this.#decide(options),
    );
    return decided.plan;
  }

  async prune(options: PlanOptions): Promise<Pruned> {
    return computing(
      options,
      (): Promise<Pruned> => (options.guard?.length ? this.#within(options) : this.#prune(options)),
    );
  }

  async #within(options: PlanOptions): Promise<Pruned> {
    await this.#analysed({}, options);
    const { size } = this.inspect();
    return prunedWithin({ native: this.native, file: this.file, size }, options, (amount) =>
      this.#prune(amount),
    );
  }

  async #prune(options: PlanOptions): Promise<PrunedModel> {
    const { analysis, plan, decided, latency, knowledge, overflowing } = await this.#decide(options);
    await turnOfLoop();
    const pruned = new PrunedModel(this.native, analysis, plan, decided);
    if (knowledge !== undefined) await refitted(pruned, knowledge, decided, options);
    if (latency !== undefined) Object.assign(pruned, { latency });
    if (overflowing.length > 0) pruned.warnings.push(overflows(overflowing));
    const { bytes } = options;
    if (bytes === undefined || pruned.after.bytes <= bytes) return pruned;
    throw new EspalierError(
      'INTERNAL',
      `the pruned model would have ${pruned.after.bytes} bytes, more than the budget of ${bytes}`,
      { file: this.file },
      'Please report the model.',
    );
  }

  async stability(options: PlanOptions): Promise<Stability> {
    await this.#analysed({}, options);
    return stabilityOf(options, this.inspect(), (half) => this.plan(half));
  }

  async #decide(options: PlanOptions): Promise<Decision> {
    // The hash reads the whole file: it runs beside the analysis and the scoring, and ends where they fail.
    const stopping = new AbortController();
    const stop = (): void => stopping.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', stop, { once: true });
    const sha256 = this.sha256({ ...quietly(options), signal: stopping.signal });
    sha256.catch(() => {}); // told where it is waited for
    try {
      return await this.#decideFor(sha256, options);
    } finally {
      options.signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  async #decideFor(hash: Promise<string>, options: PlanOptions): Promise<Decision> {
    const policy = policyNamed(options.policy ?? policyFor(options));
    const analysis = await this.#marked(options);
    const knowledge = this.#knowledgeOf(analysis, options);
    const allowed = analysis.groups.filter(
      (group) => group.lanes.length > 1 && (group.exact || options.exact !== true),
    );
    if (allowed.length === 0) throw nothingPrunable(analysis, options);
    const refits = knowledge !== undefined && options.reconstruct !== false;
    if (refits) await knowledge.prepare(options);
    const single = new Set(oneFactorEach(analysis.groups, allowed));
    // Both factors of a product may be cut where it is known what both cost once all is refitted.
    const known = policy.weighs === true && refits ? await knowledge.rankings(allowed, options) : [];
    const groups = allowed.filter((group, index) => single.has(group) || known[index] !== undefined);
    const scores = await this.#scores(analysis, groups, options);
    const sha256 = await hash;
    const costs = new CostModel(analysis);
    const latency =
      options.latency === undefined ? undefined : await this.#latencies.of(analysis, costs, sha256, options);
    const budget = budgetOf(analysis, costs, options, latency, refits ? knowledge.added : 0);
    const damage =
      policy.weighs && knowledge !== undefined
        ? await damageBy(knowledge, groups, scores, options)
        : undefined;
    await turnOfLoop();
    const kept = await policy.allocate({
      groups,
      scores,
      ...(damage !== undefined && { damage }),
      rounding: roundingTo(options.roundTo),
      ...(options.ratio !== undefined && { ratio: options.ratio }),
      ...(budget !== undefined && { budget }),
      ...(options.signal !== undefined && { signal: options.signal }),
    });
    const nothingLeaves = groups.every(
      (group) => (kept.get(group)?.length ?? group.lanes.length) === group.lanes.length,
    );
    if (nothingLeaves && options.ratio !== undefined) throw tooCoarse(analysis, groups, options);
    await turnOfLoop();
    const removal = removalOf(analysis, kept);
    await turnOfLoop();
    const cuts = cutsOf(analysis, removal);
    await turnOfLoop();
    const plan: Plan = {
      format: 'espalier-plan',
      version: 1,
      model: { sha256, file: this.file },
      made: madeWith(options, policy.name, refits, costs),
      groups: analysis.groups.flatMap((group) => {
        const positions = kept.get(group);
        if (positions === undefined || positions.length === group.lanes.length) return [];
        const worth = Array.from(scores.get(group)!);
        return [
          { id: group.id, lanes: group.lanes.length, kept: positions, exact: group.exact, scores: worth },
        ];
      }),
      ...planTables(analysis, cuts, removal),
    };
    const predicted = latency && { latency: predictionOf(latency, removal) };
    const weighed = new Set(damage === undefined ? [] : groups.map(({ id }) => id));
    const overflowing = [...(knowledge?.overflowing ?? [])].filter((id) => weighed.has(id));
    const made = { analysis, plan, decided: { removal, cuts }, overflowing };
    return { ...made, ...(refits && { knowledge }), ...predicted };
  }

  apply(plan: Plan, options: ApplyOptions): Promise<Pruned> {
    return computing(options, () => this.#apply(plan, options));
  }

  async #apply(checked: Plan, options: ApplyOptions): Promise<Pruned> {
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
    const analysis = await this.#measured(marks, options, lengthsIn(lengths));
    const decided = removalOfPlan(analysis, checked);
    const complete: Plan = { ...checked, ...planTables(analysis, decided.cuts, decided.removal) };
    const pruned = new PrunedModel(this.native, analysis, complete, decided);
    const knowledge = this.#knowledgeOf(analysis, options);
    if (knowledge !== undefined) await refitted(pruned, knowledge, decided, options);
    else if (checked.made.reconstruct === true) pruned.warnings.push(notRefitted());
    return pruned;
  }

  dispose(): void {
    this.native.dispose();
  }

  #analysis(): Analysis {
    return finished(this.#analysing({}));
  }

  /** The same without holding the event loop for long. */
  async #analysed(marks: Marks, { signal }: CallOptions = {}): Promise<Analysis> {
    return inSlices(this.#analysing(marks), signal);
  }

  /** The same with what must stay and what may shrink. errors: OPTION_INVALID for names that there are not. */
  async #marked(options: Marks & ApplyOptions): Promise<Analysis> {
    checkMarks(this.graph, options);
    return this.#measured(options, options);
  }

  /** The same with the lengths that shapes and samples show; `otherwise`: those that a plan was made at. */
  async #measured(
    marks: Marks,
    options: ApplyOptions = {},
    otherwise: Lengths = new Map(),
  ): Promise<Analysis> {
    const analysis = await this.#analysed(marks, options);
    const found = await this.#lengthsOf(analysis, options);
    const lengths = new Map([...otherwise, ...found]);
    if (lengths.size === 0) return analysis;
    const key = JSON.stringify([keyOf(marks), [...lengths].sort(([a], [b]) => (a < b ? -1 : 1))]);
    const measured = this.#analyses.get(key) ?? { ...analysis, lengths };
    this.#analyses.set(key, measured);
    return measured;
  }

  /** What is seen of the same samples again is the same. */
  async #lengthsOf(analysis: Analysis, options: ApplyOptions): Promise<Lengths> {
    const { data, shape = {}, samples } = options;
    if (data === undefined) return lengthsOf(this.native, analysis, options);
    const known = this.#lengths.get(data) ?? new Map<string, Lengths>();
    this.#lengths.set(data, known);
    const key = JSON.stringify([Object.entries(shape), samples]);
    const lengths = known.get(key) ?? (await lengthsOf(this.native, analysis, options));
    known.set(key, lengths);
    return lengths;
  }

  *#analysing(marks: Marks): Steps<Analysis> {
    const key = keyOf(marks);
    const { keep, free } = marks;
    const known = this.#analyses.get(key);
    if (known !== undefined) return known;
    const read = (tensor: number): Float64Array => this.native.numbers(tensor);
    const { graph, walk } = yield* this.#foldedGraph(read);
    const analysis = yield* analysing(graph, this.registry, read, keep, free, walk);
    // Who asks beside `inSlices`, which carries out one after the other, may have been first.
    const first = this.#analyses.get(key) ?? analysis;
    this.#analyses.set(key, first);
    return first;
  }

  /** The graph with the weights that it computes as stored ones. */
  *#foldedGraph(read: ReadNumbers): Steps<{ readonly graph: Graph; readonly walk?: Walk }> {
    if (this.#folded !== undefined) return { graph: this.#folded };
    const walk = yield* choosing(this.graph, this.registry, read, () => false);
    // Who asks beside may have been first.
    if (this.#folded !== undefined) return { graph: this.#folded };
    const folded = foldedGraph(walk, this.native, this.registry, read);
    this.#folded = folded ?? this.graph;
    return folded === undefined ? { graph: this.graph, walk } : { graph: folded };
  }

  /** What is known from these samples, as long as somebody has them. */
  #knowledgeOf(analysis: Analysis, options: ScoreOptions): Knowledge | undefined {
    const { data, runtime, samples } = options;
    if (data === undefined) return undefined;
    const all = this.#knowledge.get(data) ?? [];
    const known = all.find(
      (own) => own.analysis === analysis && own.given === runtime && own.samples === samples,
    );
    if (known !== undefined) return known.knowledge;
    const knowledge = new Knowledge(this.native, analysis, data, runtime ?? onnxruntime(), samples);
    this.#knowledge.set(data, [...all, { analysis, given: runtime, samples, knowledge }]);
    return knowledge;
  }

  async #scores(
    analysis: Analysis,
    groups: readonly Group[],
    options: ScoreOptions,
  ): Promise<ReadonlyMap<Group, Float64Array>> {
    const worth = await this.#worth(analysis, groups, options, false);
    return new Map([...worth].map(([group, own]) => [group, scoresOf(own)]));
  }

  /** parts: whether what scores are made of is wanted too, where that takes time. */
  #worth(
    analysis: Analysis,
    groups: readonly Group[],
    options: ScoreOptions,
    parts: boolean,
  ): Promise<ReadonlyMap<Group, Worth>> {
    const criterion = criterionNamed(options.criterion ?? defaultCriterion(options.data !== undefined));
    const knowledge = this.#knowledgeOf(analysis, options);
    return this.#worths.of(analysis, groups, { ...options, parts }, () => {
      const evidence = evidenceOf(this.native, analysis, options, knowledge, parts);
      return criterion.score(groups, optionsFor(criterion, options.criterionOptions), evidence);
    });
  }
}

const notRefitted = (): Warning =>
  warned(
    'NOT_REFITTED',
    text`the plan was made with a refit of what is left, and without samples nothing is refitted: give ${option('data')} too`,
  );

const overflows = (groups: readonly string[]): Warning => ({
  code: 'TRIAL_OVERFLOWS',
  text: `with half of the lanes of ${named(groups)} gone the model gave NaN or infinite values where the original gives numbers: that counted as losing all, and less of them leaves. float16 may be too small for what the model computes`,
});

/** Refits what is left, and says what no refit has come to. */
async function refitted(
  pruned: PrunedModel,
  knowledge: Knowledge,
  { cuts }: Decision['decided'],
  options: CallOptions,
): Promise<void> {
  await pruned.refit((removed) => knowledge.reconstruct(removed, options));
  const beyond = knowledge.beyond(cuts);
  if (beyond.length === 0) return;
  const text = `${beyond.length === 1 ? `node ${beyond[0]} lies` : `${beyond.length} nodes, first ${beyond[0]}, lie`} in a branch that not all samples take, in the body of a Loop or Scan, or in a function: what they multiply by is as it was cut. A branch is refitted by samples that all take it`;
  pruned.warnings.push({ code: 'PARTLY_REFITTED', text });
}

/** What leaving by the scores' order is predicted to cost. */
async function damageBy(
  knowledge: Knowledge,
  groups: readonly Group[],
  scores: ReadonlyMap<Group, Float64Array>,
  options: PlanOptions,
): Promise<Map<Group, Float64Array>> {
  const found = new Map<Group, Float64Array>();
  for (const [done, group] of groups.entries()) {
    options.onProgress?.({ phase: 'weigh', done, total: groups.length });
    const own = scores.get(group)!;
    const order = Uint32Array.from(ascending(own));
    found.set(group, await knowledge.damage(group, order, presumed(own, order), quietly(options)));
  }
  knowledge.forgetTrials();
  return found;
}

function budgetOf(
  analysis: Analysis,
  costs: CostModel,
  options: PlanOptions,
  latency: LatencyModel | undefined,
  added: number,
): Budget | undefined {
  if (latency !== undefined)
    return {
      name: 'latency',
      limit: options.latency! * latency.originalMs,
      cost: (kept) => latency.of(removalOf(analysis, kept)),
    };
  const name = (['macs', 'params', 'bytes'] as const).find((key) => options[key] !== undefined);
  if (name === undefined) return undefined;
  const whole = costs.of();
  const widths = new Widths(analysis);
  const limit = name === 'bytes' ? options.bytes! : options[name]! * whole[name];
  return {
    name,
    limit,
    cost: (kept) => {
      const removal = removalOf(analysis, kept);
      return name === 'bytes' ? sizeAfter(analysis, costs, removal).bytes + added : costs.of(removal)[name];
    },
    ...(name !== 'bytes' && {
      costOf: (stay: ReadonlyMap<Group, number>) => {
        for (const [group, lanes] of stay) widths.set(group, lanes);
        return costs.of(widths)[name];
      },
    }),
  };
}

function madeWith(
  options: PlanOptions,
  policy: string,
  reconstruct: boolean,
  costs: CostModel,
): Plan['made'] {
  const { ratio, macs, params, bytes, latency, exact, roundTo, keep, free } = options;
  const texts = lengthTexts(costs.lengths);
  const lengths = texts.length > 0 ? texts : undefined;
  const given = { ratio, macs, params, bytes, latency, exact, roundTo, keep, free, lengths };
  return {
    criterion: criterionNamed(options.criterion ?? defaultCriterion(options.data !== undefined)).name,
    ...options.criterionOptions,
    policy,
    seed: options.seed ?? 0,
    ...(reconstruct && { reconstruct }),
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Plan['made']),
  };
}

function tooCoarse({ graph }: Analysis, groups: readonly Group[], options: PlanOptions): EspalierError {
  const widest = groups.reduce((a, b) => (b.lanes.length > a.lanes.length ? b : a));
  return new EspalierError(
    'NOTHING_PRUNABLE',
    `a ratio of ${options.ratio} removes nothing: the widest of ${groups.length} groups, "${widest.id}", has ${widest.lanes.length} lanes`,
    { file: graph.file },
    text`Ask for a larger ratio, or for ${option('roundTo', 1)}.`,
  );
}

function nothingPrunable({ graph, groups, frozenNodes }: Analysis, options: PlanOptions): EspalierError {
  const inexact = groups.some((group) => !group.exact);
  const [first] = frozenNodes;
  const why =
    options.exact === true && inexact
      ? text`no lane is exact; without ${option('exact')} there are lanes to cut`
      : first !== undefined
        ? `every lane is frozen, for one because ${first[1].text} (node ${first[0].name})`
        : 'every lane is frozen';
  return new EspalierError(
    'NOTHING_PRUNABLE',
    text`there is nothing to prune: ${why}`,
    { file: graph.file },
    text`${command.inspect} shows what is frozen and why.`,
  );
}
