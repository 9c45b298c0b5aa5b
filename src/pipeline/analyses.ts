import { finished, type Steps } from '../base/steps.js';
import { type Analysis, analysingWalk, walkingFreely } from '../coupling/analysis.js';
import type { Lengths } from '../coupling/lengths.js';
import type { Walk } from '../coupling/walk.js';
import type { Dataset } from '../data/dataset.js';
import { foldedGraph } from '../folding/fold.js';
import type { Graph } from '../model/graph.js';
import type { NativeModel } from '../native/index.js';
import { registryNow } from '../ops/registry.js';
import type { OpenedApplyOptions } from '../options/opened.js';
import type { CallOptions } from '../options/types.js';
import { inSlices } from '../platform/index.js';
import { lengthsOf } from './lengths.js';
import { checkMarks, keyOf, type Marks } from './marks.js';

/** What is known of a model's coupling, computed once for the same names that must stay or may shrink, and the same lengths. */
export class Analyses {
  readonly #analyses = new Map<string, Analysis>();
  /** By samples, the lengths that they were seen to have. */
  readonly #lengths = new WeakMap<Dataset, Map<string, Lengths>>();
  readonly #read = (tensor: number): Float64Array => this.native.numbers(tensor);
  /** The graph with the weights that it computes as stored ones; and that graph, walked with nothing free. */
  #folded: Graph | undefined;
  #walk: Walk | undefined;

  constructor(
    readonly native: NativeModel,
    readonly graph: Graph,
    /** One for all analyses of the model, so that they agree on what its groups are. */
    readonly registry = registryNow(),
  ) {}

  /** With no marks, and lengths that the file leaves open guessed by their names. Holds the event loop until it is done. */
  get plain(): Analysis {
    return finished(this.#analysing({}));
  }

  /** The same for some marks, without holding the event loop for long. */
  async of(marks: Marks, { signal }: CallOptions = {}): Promise<Analysis> {
    return inSlices(this.#analysing(marks), signal);
  }

  /** The same with the marks of a call, and the lengths that its shapes and samples show. errors: OPTION_INVALID for names that there are not. */
  async marked(options: Marks & OpenedApplyOptions): Promise<Analysis> {
    checkMarks(this.graph, options);
    return this.measured(options, options);
  }

  /** The same with the lengths that shapes and samples show; `otherwise`: those that a plan was made at. */
  async measured(
    marks: Marks,
    options: OpenedApplyOptions = {},
    otherwise: Lengths = new Map(),
  ): Promise<Analysis> {
    const analysis = await this.of(marks, options);
    const found = await this.#lengthsOf(analysis, options);
    const lengths = new Map([...otherwise, ...found]);
    if (lengths.size === 0) return analysis;
    const key = JSON.stringify([keyOf(marks), [...lengths].sort(([a], [b]) => (a < b ? -1 : 1))]);
    const measured = this.#analyses.get(key) ?? { ...analysis, lengths };
    this.#analyses.set(key, measured);
    return measured;
  }

  /** What is seen of the same samples again is the same. */
  async #lengthsOf(analysis: Analysis, options: OpenedApplyOptions): Promise<Lengths> {
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
    const folded = yield* this.#walked();
    const walk = free?.length ? yield* this.#walking(folded.graph, free) : folded;
    const analysis = yield* analysingWalk(walk, keep);
    // Another call may have finished the same analysis while this one waited for its turn.
    const first = this.#analyses.get(key) ?? analysis;
    this.#analyses.set(key, first);
    return first;
  }

  *#walked(): Steps<Walk> {
    if (this.#walk !== undefined) return this.#walk;
    const walk = yield* this.#walking(this.#folded ?? this.graph);
    // Other calls may have come as far while this one waited for its turn, and what is derived of tensors is derived once.
    this.#folded ??= foldedGraph(walk, this.native, this.registry, this.#read) ?? this.graph;
    const folded = walk.graph === this.#folded ? walk : yield* this.#walking(this.#folded);
    this.#walk ??= folded;
    return this.#walk;
  }

  #walking(graph: Graph, free?: readonly string[]): Steps<Walk> {
    return walkingFreely(graph, this.registry, this.#read, free);
  }
}
