import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { IntegerProduct } from './integerProducts.js';
import type { Integers, LinearMap, Real, RealAt, StatedLinearMap } from './linearMap.js';
import type { Store } from './store.js';

/** A node that computes with integers, seen as the linear map of floats that these stand for. */
export class FloatView {
  constructor(
    readonly node: Node,
    readonly operands: readonly (AbstractTensor | undefined)[],
    readonly store: Store,
  ) {}

  /**
   * The floats that stand behind the integer data and the integer result of the map; undefined where the graph does not have
   * them.
   */
  seenAsFloats({ data, integers, dataAreIntegers = false, outputIsIntegers }: StatedLinearMap):
    | {
        readonly data: string | undefined;
        readonly output: string | undefined;
        readonly product?: IntegerProduct;
        readonly reals?: LinearMap['reals'];
      }
    | undefined {
    const [output] = this.node.outputs;
    if (!dataAreIntegers) return { data: this.node.inputs[data], output };
    if (integers?.scale !== undefined) {
      const answer = outputIsIntegers && this.#real(outputIsIntegers);
      if (outputIsIntegers !== undefined && answer === undefined) return undefined;
      const reals = answer && { output: answer };
      const floats = this.store.unquantised(this.node, data);
      if (floats !== undefined) return { data: floats, output, ...(reals && { reals }) };
      const own = dataAreIntegers === true ? undefined : this.#real(dataAreIntegers);
      return own && { data: this.node.inputs[data], output, reals: { ...reals, data: own } };
    }
    const product = this.store.productOf(this.node, data);
    return product && { data: product.data, output: product.output, product };
  }

  /** What integers stand for, where that is one scale and one zero point that are stored. */
  #real({ scale, zeroPoint }: RealAt): Real | undefined {
    const [by, point] = [this.#stored(scale), this.#stored(zeroPoint)];
    const range = RANGES[point?.dtype ?? ''];
    if (by === undefined || point === undefined || range === undefined) return undefined;
    const [factor, zero] = [by, point].map(({ id }) => {
      const [first, ...others] = this.store.contentOf(id)?.elements ?? [];
      return others.length === 0 && typeof first?.before === 'number' ? first.before : undefined;
    });
    if (factor === undefined || zero === undefined) return undefined;
    const of = (integer: number): number => (integer - zero) * factor;
    return { scale: factor, zeroPoint: zero, low: of(range[0]), high: of(range[1]) };
  }

  /** A weight of integers by what they stand for; undefined where scale or zero point are not stored, or lie elsewhere. */
  integersOf(
    { data, integers, outputAxis }: StatedLinearMap,
    product: IntegerProduct | undefined,
    along: number,
  ): Integers | undefined {
    if (integers === undefined || outputAxis === undefined) return undefined;
    const at = { node: this.node, operand: integers.scale ?? -1 };
    const scale = product?.scale ?? this.#stored(integers.scale ?? -1);
    const zeroPoint = this.#stored(integers.zeroPoint);
    if (scale?.dtype !== 'float32' && scale?.dtype !== 'float16') return undefined;
    if (zeroPoint === undefined && this.operands[integers.zeroPoint] !== undefined) return undefined;
    // A scale that the node reads itself lies on its own last axis. One that is multiplied behind the node is broadcast to
    // the node's output, whose axes are aligned from the right.
    const rank = this.operands[data]?.axes?.length ?? 0;
    const behind = product === undefined ? 1 : rank - outputAxis;
    const fits = scale.dims.every((length, d) => length === 1 || d === scale.dims.length - behind);
    if (!fits) return undefined;
    return {
      ...{ scale, axis: along, scaledAt: product?.scaledAt ?? [at], end: product?.end ?? this.node },
      ...(zeroPoint && { zeroPoint }),
    };
  }

  /** The stored tensor that an operand is itself. */
  #stored(index: number): TensorDocument | undefined {
    return this.operands[index] === undefined ? undefined : this.store.storedAs(this.node.inputs[index]!);
  }
}

/** The range of each integer type that activations are quantised to. */
const RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};
