import type { NodeDocument } from '../model/document.js';
import type { Edits } from '../model/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Feeds, Runtime, Session, Tensor } from '../runtime/runtime.js';
import type { GivenValues } from './decisions.js';
import type { SubgraphPartition } from './subgraphPartition.js';

const NOTHING_GIVEN: GivenValues = { names: new Set(), from: { get: () => undefined } };

/** What a model's values are for some batches of samples, as far as it was computed. */
export class StagedRun {
  readonly #done = new Set<NodeDocument>();
  readonly #live: Map<string, Tensor>[];
  /** Names of the given values that were used. */
  readonly used = new Set<string>();
  readonly #kept: Map<string, Tensor>[] = [];
  #session: Session | undefined;

  /** `feeds`: of each batch; they are held, as is what later nodes read. */
  constructor(
    readonly native: NativeModel,
    readonly parts: SubgraphPartition,
    readonly runtime: Runtime,
    feeds: readonly Feeds[],
    /** The model that is computed: the file with these edits. */
    readonly edits: () => Edits,
    readonly options: Pick<NativeOptions, 'signal' | 'threads'>,
    /** Makes this model's inputs of the original's: it may have been pruned of some of their indices. */
    readonly taken: (feeds: Feeds) => Feeds = (feeds) => feeds,
    /** Values that are taken from the other model, since they decide lengths. */
    readonly given: GivenValues = NOTHING_GIVEN,
    /** Values that are kept for the other model, which takes them from here. */
    readonly kept: ReadonlySet<string> = NOTHING_GIVEN.names,
  ) {
    this.#live = feeds.map((own) => new Map(Object.entries(taken(own))));
  }

  /** What is kept of a value, where it has been computed. */
  get(value: string, batch: number): Tensor | undefined {
    return this.#kept[batch]?.get(value);
  }

  get batches(): number {
    return this.#live.length;
  }

  /** Bytes of what is held of the first batch. */
  get bytes(): number {
    return [...(this.#live[0]?.values() ?? [])].reduce(
      (sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0),
      0,
    );
  }

  /** Adds a batch, and computes for it the values that the earlier batches have reached. */
  async extend(whole: readonly Feeds[]): Promise<void> {
    const batches = whole.map(this.taken);
    const later = this.parts.live(this.#done);
    const nodes = this.parts.between([...later, ...this.#keptBy(this.#done)], new Set(), this.given.names);
    const made = this.parts.madeBy(nodes);
    const wanted = [...new Set([...later, ...this.kept])].filter((name) => made.has(name));
    const session = nodes.size === 0 ? undefined : await this.#load(nodes, wanted, batches[0] ?? {});
    try {
      for (const feeds of batches) {
        const live = new Map(Object.entries(feeds));
        if (session !== undefined) {
          this.#take(nodes, this.#live.length, live);
          const own = Object.fromEntries(session.inputs.map(({ name }) => [name, live.get(name)!]));
          const { outputs } = await session.run(own, { outputs: wanted });
          this.options.signal?.throwIfAborted();
          for (const [name, tensor] of Object.entries(outputs)) live.set(name, tensor);
          this.#keep(this.#live.length, outputs);
        }
        for (const name of live.keys()) if (!later.has(name)) live.delete(name);
        this.#live.push(live);
      }
    } finally {
      await session?.dispose();
    }
  }

  async #load(
    nodes: ReadonlySet<NodeDocument>,
    outputs: readonly string[],
    known: Readonly<Record<string, Tensor>>,
  ): Promise<Session> {
    const part = this.parts.part(nodes, outputs, (name) => known[name]?.type);
    const bytes = await this.native.saveToBytes({ ...this.edits(), part }, this.options);
    const beside = this.#session;
    return this.runtime.load(bytes, { ...this.options, ...(beside !== undefined && { beside }) });
  }

  /** Disposes of the sessions. Values that somebody holds stay. */
  async close(): Promise<void> {
    await this.#session?.dispose();
    this.#session = undefined;
  }

  /** Nodes that would be computed for these values. */
  before(values: readonly string[]): Set<NodeDocument> {
    return this.parts.between(values, this.#done, this.given.names);
  }

  /** Values that are kept, of those that these nodes make. */
  #keptBy(nodes: ReadonlySet<NodeDocument>): string[] {
    const made = this.parts.madeBy(nodes);
    return [...this.kept].filter((name) => made.has(name));
  }

  #keep(batch: number, outputs: Readonly<Record<string, Tensor>>): void {
    const own = this.#kept[batch] ?? new Map<string, Tensor>();
    this.#kept[batch] = own;
    for (const name of this.kept) if (outputs[name] !== undefined) own.set(name, outputs[name]);
  }

  /** Puts what is given of a batch beside what there is of it: where these nodes read it, or it is asked for. */
  #take(
    nodes: ReadonlySet<NodeDocument>,
    batch: number,
    live: Map<string, Tensor>,
    values: readonly string[] = [],
  ): void {
    const { names, from } = this.given;
    if (names.size === 0) return;
    for (const name of new Set([...this.parts.reads(nodes), ...values])) {
      const tensor = names.has(name) ? from.get(name, batch) : undefined;
      if (tensor === undefined) continue;
      live.set(name, tensor);
      this.used.add(name);
    }
  }

  /**
   * Computes these values, and hands them over batch by batch. What was computed once is not computed again, so a node
   * must be as it is to be when it is reached.
   */
  async to(
    values: readonly string[],
    each: (batch: number, tensors: ReadonlyMap<string, Tensor>) => Promise<void>,
  ): Promise<void> {
    const nodes = this.before(values);
    for (const node of nodes) this.#done.add(node);
    const later = this.parts.live(this.#done);
    const made = this.parts.madeBy(nodes);
    const asked = new Set([...values, ...later, ...this.kept]);
    const wanted = [...asked].filter((name) => made.has(name) && !this.given.names.has(name));
    for (const [batch, live] of this.#live.entries()) this.#take(nodes, batch, live, values);
    if (wanted.length === 0) {
      for (const [batch, live] of this.#live.entries()) await each(batch, live);
      return;
    }
    await this.#run(nodes, wanted, async (batch, outputs) => {
      const live = this.#live[batch]!;
      for (const [name, tensor] of Object.entries(outputs)) live.set(name, tensor);
      this.#keep(batch, outputs);
      await each(batch, live);
      for (const name of live.keys()) if (!later.has(name)) live.delete(name);
    });
  }

  /** Computes these values with the present weights, ahead of the schedule. Their nodes run again when the run reaches them. */
  async peek(
    values: readonly string[],
    each: (batch: number, tensors: ReadonlyMap<string, Tensor>) => Promise<void>,
  ): Promise<void> {
    await this.#run(this.before(values), values, (batch, outputs) =>
      each(batch, new Map(Object.entries(outputs))),
    );
  }

  async #run(
    nodes: ReadonlySet<NodeDocument>,
    wanted: readonly string[],
    each: (batch: number, outputs: Readonly<Record<string, Tensor>>) => Promise<void>,
  ): Promise<void> {
    for (const [batch, live] of this.#live.entries()) this.#take(nodes, batch, live);
    const known = Object.fromEntries(this.#live[0] ?? []);
    const before = this.#session;
    const session = await this.#load(nodes, wanted, known);
    this.#session = session;
    await before?.dispose();
    for (const [batch, live] of this.#live.entries()) {
      const feeds = Object.fromEntries(session.inputs.map(({ name }) => [name, live.get(name)!]));
      const { outputs } = await session.run(feeds, { outputs: wanted });
      this.options.signal?.throwIfAborted();
      await each(batch, outputs);
    }
  }
}
