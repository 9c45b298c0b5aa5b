import type { Dim, GivenKind } from '../model/dim.js';
import { symbol } from '../model/dim.js';
import type { ValueDocument } from '../model/document.js';
import type { Graph, Node } from '../model/graph.js';
import { literals } from '../model/values.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { Axes } from './axis.js';
import { isLabelled, plain } from './axis.js';
import type { Lanes } from './lanes.js';
import { Ranks } from './ranks.js';
import type { Cause } from './reason.js';

/** The largest rank that is believed: no network has tensors of more axes. */
const MOST_RANK = 64;
/** The longest vector whose numbers are followed as symbols where data decides them: shapes are that short. */
const MOST_GIVEN = 16;
const GIVEN_AS: Readonly<Record<string, GivenKind>> = {
  int64: 'integer',
  int32: 'integer',
  float64: 'real',
  float32: 'real',
  float16: 'real',
};

/** Gives a symbol to each length and number of a value that only data decides. */
export class OpenValues {
  /** The inference of ranks, made when the first rank is not known. */
  #ranks: Ranks | undefined;
  #unknowns = 0;

  /**
   * @param lawOf what a node's operator says of ranks
   * @param tensors the values that are known so far
   * @param lanes where it is noted why a length is open
   */
  constructor(
    readonly graph: Graph,
    readonly lawOf: ConstructorParameters<typeof Ranks>[1],
    readonly tensors: ReadonlyMap<string, AbstractTensor>,
    readonly lanes: Lanes,
  ) {}

  /**
   * What is known of a value, with what is not as symbols. Where its rank is not known, what stands around it may tell; its lengths are open then, whatever the
   * file states of them. What no rule computes of a single number, or of a few, is a symbol for each: data decides it.
   */
  completed(name: string, given: AbstractTensor, maker?: Node): AbstractTensor {
    const lost = given.lost ?? causeOf(name, maker, 'data decides how many axes it has');
    const tensor = given.axes === undefined ? { ...given, axes: this.#axesAround(name, lost), lost } : given;
    this.#ranks?.know(name, tensor);
    return this.#withContent(name, tensor, maker);
  }

  #axesAround(name: string, lost: Cause): Axes | undefined {
    const rank = this.rankOf(name);
    if (rank === undefined || rank > MOST_RANK) return undefined;
    return Array.from({ length: rank }, (_, d) => {
      const length = `${name}.${d}#${this.#unknowns++}`;
      this.lanes.opens(length, lost);
      return plain(symbol(length, undefined, 'count'));
    });
  }

  /** The rank of a value that is not made yet, or that its maker does not tell. */
  rankOf(name: string): number | undefined {
    if (this.#ranks === undefined) {
      this.#ranks = new Ranks(this.graph, this.lawOf);
      for (const [known, tensor] of this.tensors) this.#ranks.know(known, tensor);
    }
    return this.#ranks.of(name);
  }

  #withContent(name: string, tensor: AbstractTensor, maker: Node | undefined): AbstractTensor {
    const { axes, values, dtype } = tensor;
    const count = axes?.length === 0 ? 1 : axes?.length === 1 ? axes[0]!.length : undefined;
    const given = dtype === undefined ? 'real' : GIVEN_AS[dtype];
    const follows =
      values === undefined &&
      given !== undefined &&
      typeof count === 'number' &&
      count <= MOST_GIVEN &&
      !axes!.some(isLabelled);
    if (!follows) return tensor;
    const cause = tensor.lost ?? causeOf(name, maker, 'data decides what it gives');
    const elements = Array.from({ length: count }, (_, i) => {
      this.lanes.opens(`${name}[${i}]`, cause);
      return symbol(`${name}[${i}]`, undefined, given);
    });
    return { ...tensor, values: literals(axes!.length === 0 ? [] : [count], elements) };
  }

  /** What the model states of a value that it is given. */
  stated(value: ValueDocument): AbstractTensor {
    const axes = value.shape?.map((length, index) =>
      plain(this.#statedLength(length, `${value.name}.${index}`)),
    );
    return { axes, dtype: value.dtype ?? undefined };
  }

  #statedLength(length: number | string | null, otherwise: string): Dim {
    if (typeof length === 'number' && length >= 0) return length;
    if (typeof length === 'number') return symbol(`${otherwise}#${this.#unknowns++}`);
    const named = length !== null && IS_NAME.test(length);
    return symbol(named ? length : `${otherwise}#${this.#unknowns++}`);
  }
}

/** Some exporters write `?` or `None` for every length that they do not know: two axes called so need not be equally long. */
const IS_NAME = /^(?!(none|unknown|dynamic)$).*[\p{L}\p{N}]/isu;

/** Why something is not known of a value: its maker, or that it is given. */
const causeOf = (name: string, maker: Node | undefined, text: string): Cause =>
  maker === undefined
    ? { node: '', op: '', text: `the model is given "${name}"` }
    : { node: maker.name, op: maker.op, text };
