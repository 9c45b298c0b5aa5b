import type { NodeDocument } from '../native/document.js';
import type { Edits } from '../native/edits.js';
import type { NativeModel, NativeOptions } from '../native/index.js';
import type { Feeds, Runtime, Session, Tensor } from '../runtime/runtime.js';
import type { Parts } from './parts.js';

/** What a model's values are for some batches of samples, as far as it was computed. */
export class Advance {
  readonly #done = new Set<NodeDocument>();
  readonly #live: Map<string, Tensor>[];
  #session: Session | undefined;

  /** `feeds`: of each batch; they are held, as is what later nodes read. */
  constructor(
    readonly native: NativeModel,
    readonly parts: Parts,
    readonly runtime: Runtime,
    feeds: readonly Feeds[],
    /** The model that is computed: the file with these edits. */
    readonly edits: () => Edits,
    readonly options: Pick<NativeOptions, 'signal' | 'threads'>,
    /** What this model takes of the original's inputs. */
    readonly taken: (feeds: Feeds) => Feeds = (feeds) => feeds,
  ) {
    this.#live = feeds.map((own) => new Map(Object.entries(taken(own))));
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

  /** Takes another batch along: computes what there is of the others by now. */
  async extend(whole: readonly Feeds[]): Promise<void> {
    const batches = whole.map(this.taken);
    const later = this.parts.live(this.#done);
    const nodes = this.parts.between([...later], new Set());
    const made = this.parts.madeBy(nodes);
    const wanted = [...later].filter((name) => made.has(name));
    const session = nodes.size === 0 ? undefined : await this.#load(nodes, wanted, batches[0] ?? {});
    try {
      for (const feeds of batches) {
        const live = new Map(Object.entries(feeds));
        if (session !== undefined) {
          const own = Object.fromEntries(session.inputs.map(({ name }) => [name, live.get(name)!]));
          const { outputs } = await session.run(own, { outputs: wanted });
          this.options.signal?.throwIfAborted();
          for (const [name, tensor] of Object.entries(outputs)) live.set(name, tensor);
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
    const edits = this.edits();
    const added = [...edits.nodes, ...this.parts.added(outputs)];
    const bytes = await this.native.saveToBytes({ ...edits, nodes: added, part }, this.options);
    const beside = this.#session;
    return this.runtime.load(bytes, { ...this.options, ...(beside !== undefined && { beside }) });
  }

  /** Lets go of the runtime. Values are gone with the last one who reads them. */
  async close(): Promise<void> {
    await this.#session?.dispose();
    this.#session = undefined;
  }

  /** Nodes that would be computed for these values. */
  before(values: readonly string[]): Set<NodeDocument> {
    return this.parts.between(values, this.#done);
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
    const wanted = [...new Set([...values, ...later])].filter((name) => made.has(name));
    if (nodes.size === 0) {
      for (const [batch, live] of this.#live.entries()) await each(batch, live);
      return;
    }
    await this.#run(nodes, wanted, async (batch, outputs) => {
      const live = this.#live[batch]!;
      for (const [name, tensor] of Object.entries(outputs)) live.set(name, tensor);
      await each(batch, live);
      for (const name of live.keys()) if (!later.has(name)) live.delete(name);
    });
  }

  /** Computes these values as they would be by now. Their nodes are computed again when they are reached, and may change until then. */
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
