import { EspalierError } from '../../base/errors.js';
import type { SingleNode } from '../../model/write.js';
import { writeSingleNode } from '../../model/write.js';
import { type NumericType, zeros } from '../../runtime/dtypes.js';
import type { Feeds, LoadOptions, Runtime, Session, Tensor } from '../../runtime/runtime.js';

/** Runs that are not counted, counted ones at least and at most, and how long they may go on, in milliseconds. */
const WARM_UP = 2;
const LEAST = 5;
const MOST = 200;
const PATIENCE_MS = 8;

/** A model that does nothing: what a run takes whatever the model is. */
const NOTHING: SingleNode = {
  irVersion: 8,
  opsets: [{ domain: '', version: 13 }],
  op: 'Identity',
  domain: '',
  attributes: {},
  operands: [{ dtype: 'float32', dims: [1], stored: false }],
  outputs: 1,
  dtype: 'float32',
};

/** Measures models in one thread of a runtime, which starts with the first of them. */
export class Bench {
  readonly #runtime: Runtime;
  readonly #options: LoadOptions;
  #started: Promise<Session> | undefined;

  constructor(runtime: Runtime, options: LoadOptions) {
    this.#runtime = runtime;
    this.#options = options;
  }

  /** Milliseconds that a run of nothing takes. */
  async overhead(): Promise<number> {
    return fastest(await this.#start(), feedsOf(NOTHING), PATIENCE_MS);
  }

  /**
   * Milliseconds of one run inside the runtime, overhead included: the least of some, since what else a machine does only
   * ever adds. Undefined where the runtime does not take the model, or there are no feeds for it.
   */
  async model(
    model: string | Uint8Array,
    feedsFor: (session: Session) => Feeds | undefined,
    patience = PATIENCE_MS,
  ): Promise<number | undefined> {
    const beside = await this.#start();
    let session: Session | undefined;
    try {
      session = await this.#runtime.load(model, { ...this.#options, beside });
      const feeds = feedsFor(session);
      return feeds && (await fastest(session, feeds, patience));
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (error instanceof EspalierError && error.code === 'RUNTIME_FAILED') return undefined;
      throw error;
    } finally {
      await this.#leave(session);
    }
  }

  /** The same of a node alone, on zeros. */
  async node(node: SingleNode): Promise<number | undefined> {
    const model = writeSingleNode(node);
    if (model === undefined) return undefined;
    return this.model(model, () => feedsOf(node));
  }

  async dispose(): Promise<void> {
    const started = await this.#started?.catch(() => undefined);
    await this.#leave(started);
  }

  #start(): Promise<Session> {
    this.#started ??= this.#runtime.load(writeSingleNode(NOTHING)!, this.#options);
    return this.#started;
  }

  async #leave(session: Session | undefined): Promise<void> {
    const closed = session?.dispose();
    // A session that is still busy goes as soon as it can; whoever aborted need not wait for it.
    if (this.#options.signal?.aborted) closed?.catch(() => undefined);
    else await closed;
  }
}

async function fastest(session: Session, feeds: Feeds, patience: number): Promise<number> {
  for (let i = 0; i < WARM_UP; i++) await session.run(feeds);
  const start = performance.now();
  let least = Infinity;
  for (let i = 0; i < MOST && (i < LEAST || performance.now() - start < patience); i++)
    least = Math.min(least, (await session.run(feeds)).ms);
  return least;
}

const feedsOf = ({ operands }: SingleNode): Feeds =>
  Object.fromEntries(
    operands.flatMap((operand, index) =>
      operand === undefined || operand.stored ? [] : [[`x${index}`, zerosOf(operand.dtype, operand.dims)]],
    ),
  );

/** A tensor of zeros of this element type and shape. */
export function zerosOf(dtype: string, dims: readonly number[]): Tensor {
  const type = dtype as NumericType;
  const length = dims.reduce((product, one) => product * one, 1);
  return { type, data: zeros(type, length), dims };
}
