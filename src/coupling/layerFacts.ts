import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { AbstractTensor } from './abstractTensor.js';
import type {
  ActivationProduct,
  ContractingSide,
  Side,
  StatedActivationProduct,
} from './activationProduct.js';
import type { StoredAxis } from './axis.js';
import { FloatView } from './floatView.js';
import type { IntegerProduct } from './integerProducts.js';
import type { Bias, LinearMap, Scale, Scales, StatedLinearMap } from './linearMap.js';
import { storedAxes } from './linearMap.js';
import type { Passage, Passing } from './passage.js';
import type { Recurrence, Recurring } from './recurrence.js';
import type { Roles } from './roles.js';
import type { Store } from './store.js';

/** What the rule of one node says of the node as a layer: what scores, refits and folding need to know of it. */
export class LayerFacts {
  readonly linearMaps: LinearMap[] = [];
  readonly scalings: Scale[] = [];
  readonly passages: Passage[] = [];
  /** Axes of operand 0 that the node divides along by what it makes of all that lies there. */
  readonly normalised: number[] = [];
  readonly recurrences: Recurrence[] = [];
  readonly activationProducts: ActivationProduct[] = [];
  /** Operands that would be weights if they were stored, by name. */
  readonly wanted: string[] = [];

  constructor(
    readonly node: Node,
    readonly operands: readonly (AbstractTensor | undefined)[],
    readonly store: Store,
    readonly roles: Roles,
  ) {}

  /** The node multiplies data by a stored weight and sums. */
  addLinearMap(stated: StatedLinearMap): void {
    const { data, weight, outputs, input, taps = [], fixed, instead, ...rest } = stated;
    const operand = this.operands[weight]?.axes;
    const view = new FloatView(this.node, this.operands, this.store);
    const seen = view.seenAsFloats(stated);
    if (seen === undefined) return;
    const value = instead ?? seen.data;
    if (operand === undefined || value === undefined || this.#isInFunction) return;
    const stored = storedAxes(operand, (tensor) => this.store.dimsOf(tensor));
    this.#wants(stored === undefined ? weight : undefined, operandOf(stated.bias));
    if (stored === undefined) return;
    const axisOf = (axis: number): number => stored.axes[axis]!;
    const { output } = seen;
    const integers = view.integersOf(stated, seen.product, axisOf(outputs[0]!));
    if (integers === undefined && stated.integers !== undefined) return;
    if (integers !== undefined) {
      const { scale, zeroPoint, axis } = integers;
      const by = { scale: scale.id, ...(zeroPoint && { zeroPoint: zeroPoint.id }), axis };
      for (const own of storedAxesOf(this.operands[weight], this.#stored(weight)?.id))
        this.roles.quantised(own, by);
    }
    this.linearMaps.push({
      node: this.node,
      data: value,
      axis: rest.axis,
      ...(rest.part !== undefined && { part: rest.part }),
      ...(rest.outputAxis !== undefined &&
        output !== undefined && { output: { value: output, axis: rest.outputAxis } }),
      ...(instead !== undefined && { feedsBack: true }),
      ...{ weight: stored.tensor, operand: weight },
      layout: {
        outputs: outputs.map(axisOf),
        input: axisOf(input),
        taps: taps.map(axisOf),
        fixed: fixed === undefined ? [] : [{ axis: axisOf(fixed.axis), index: fixed.index }],
      },
      ...(rest.groups !== undefined && rest.groups > 1 && { groups: rest.groups }),
      ...(rest.window !== undefined && { window: rest.window }),
      ...(rest.fused !== undefined && output !== undefined && { fused: rest.fused }),
      bias: biasOf(seen.product) ?? rest.bias ?? { kind: 'none' },
      ...(integers && { integers }),
      ...(seen.reals && { reals: seen.reals }),
    });
  }

  /** The node runs along a sequence, and feeds its first output back. */
  addRecurrence(recurring: Recurring): void {
    this.#wants(recurring.operands.input, recurring.operands.recurrent);
    if (this.#isInFunction) return;
    const states = this.store.outputName(this.node, 0);
    this.recurrences.push({ node: this.node, data: this.node.inputs[0]!, states, ...recurring });
  }

  /** The node's last step is to scale and shift each lane of its first output. */
  addScaling({ axis, scale, shift }: Scales): void {
    const [value] = this.node.outputs;
    this.#wants(scale, shift);
    if (this.#isInFunction || value === undefined || this.#stored(scale) === undefined) return;
    const output = { value, axis };
    this.scalings.push({ node: this.node, output, scale, ...(shift !== undefined && { shift }) });
  }

  /** What the node does to each element of an operand first. */
  addPassage(passing: Passing): void {
    if (!this.#isInFunction) this.passages.push({ node: this.node, ...passing });
  }

  /** The node multiplies two computed values and sums. */
  addActivationProduct({ summed, lengths = {}, sides }: StatedActivationProduct): void {
    const computed = sides.every(
      ({ operand, projected }) => projected !== undefined || this.#stored(operand) === undefined,
    );
    if (!computed || this.#isInFunction) return;
    const [left, right] = sides.map((side) => this.#side(side)) as [Side, Side];
    this.activationProducts.push({
      ...{ node: this.node, summed, sides: [left, right] },
      lengths: new Map(Object.entries(lengths)),
    });
  }

  /** The node cannot be followed: what was said of it does not hold. */
  clear(): void {
    const { linearMaps, scalings, passages, normalised, recurrences, activationProducts } = this;
    for (const list of [linearMaps, scalings, passages, normalised, recurrences, activationProducts])
      list.length = 0;
  }

  /** A function's body may be called from several places, so that its nodes are no layers of their own. */
  get #isInFunction(): boolean {
    return this.node.body !== undefined;
  }

  #stored(operand: number): TensorDocument | undefined {
    return this.operands[operand] === undefined ? undefined : this.store.storedAs(this.node.inputs[operand]!);
  }

  /** Operands that are computed: folding may make stored tensors of them. */
  #wants(...operands: readonly (number | undefined)[]): void {
    for (const operand of operands) {
      const name = this.node.inputs[operand ?? -1] ?? '';
      const axes = this.operands[operand ?? -1]?.axes;
      const isSeen =
        axes !== undefined && storedAxes(axes, (tensor) => this.store.dimsOf(tensor)) !== undefined;
      if (name !== '' && !isSeen) this.wanted.push(name);
    }
  }

  #side({ operand, axes, projected, bias }: ContractingSide): Side {
    const own = { operand, axes, from: projected ?? 0, ...(bias && { bias }) };
    return projected === undefined ? { ...own, value: this.node.inputs[operand]! } : own;
  }
}

/** The axes of one stored tensor that an operand's axes still are. */
export const storedAxesOf = (operand: AbstractTensor | undefined, tensor: number | undefined): StoredAxis[] =>
  (operand?.axes ?? [])
    .flatMap(({ factors }) => factors.flatMap(({ stored }) => stored ?? []))
    .filter((axis) => axis.tensor === tensor);

/** Where a product of integers has a bias of its own. */
const biasOf = (product: IntegerProduct | undefined): Bias | undefined =>
  product?.bias && { kind: 'operand', operand: product.bias.operand, at: product.bias.node };
const operandOf = (bias: Bias | undefined): number | undefined =>
  bias?.kind === 'operand' || bias?.kind === 'part' ? bias.operand : undefined;
