import type { Output } from '../coupling/abstractTensor.js';
import { type Axis, isLabelled, isZero, plain, withZero } from '../coupling/axis.js';
import { Frozen } from '../coupling/frozen.js';
import { bounds } from '../coupling/passage.js';
import type { Call } from '../coupling/rule.js';
import { add, type Dim, equal, product } from '../model/dim.js';
import { knownNumbers, literal } from '../model/values.js';
import { broadcast, everyZero, neverZero, someZero } from '../ops/broadcasting.js';
import { shown } from '../schema/check.js';
import { unusable } from './registration.js';
import type { AxisLength, LaneAxis, LanePrimitives, OperatorCall } from './rule.js';

const zeroLaws = { every: everyZero, some: someZero, never: neverZero } as const;

/**
 * A call as rules from outside see it: what they do with axes is carried out on those that they stand for. What is no axis of the call,
 * and lengths that do not fit, are refused.
 */
export class RuleCall {
  readonly call: OperatorCall;
  readonly #inner: Call;
  readonly #what: string;
  readonly #axes = new WeakMap<LaneAxis, Axis>();

  /** what: whose call it is, for errors. */
  constructor(inner: Call, what: string) {
    this.#inner = inner;
    this.#what = what;
    const { name, op, domain, opset, inputs, outputs } = inner.node;
    this.call = Object.freeze<OperatorCall>({
      node: Object.freeze({
        ...{ name, op, domain, opset },
        ...{ inputs: Object.freeze([...inputs]), outputs: Object.freeze([...outputs]) },
      }),
      attributes: inner.attributes,
      lanes: this.#primitives(),
      has: (index) => (inputs[index] ?? '') !== '',
      input: (index) => this.#views(inner.input(index)),
      isStored: (index) => inner.isStored(index),
      numbers: (index) => {
        const numbers = knownNumbers(inner.known(index));
        if (numbers === undefined)
          throw new Frozen('data-dependent', `its operand "${inputs[index]}" holds a length that is open`);
        return numbers;
      },
      parameter: (index) => inner.parameter(index),
      restate: (where, lengths) =>
        inner.restate(
          where,
          lengths.map((length) => (typeof length === 'number' ? literal(length) : this.#axis(length))),
        ),
      bounds: (index, low, high) => {
        if (!(low < high))
          throw this.#unusable(
            `has the bounds ${low} and ${high}`,
            'The first must be less than the second.',
          );
        inner.passes({ operand: index, steps: bounds(low, high) });
      },
      linearMap: ({ data, dataAxis, weight, weightInput, weightOutputs, outputAxis, bias }) => {
        this.#hasAxes(data, [dataAxis]);
        this.#hasAxes(weight, [weightInput, ...weightOutputs]);
        inner.mixes({
          ...{ data, axis: dataAxis, weight, input: weightInput, outputs: weightOutputs, outputAxis },
          ...(bias !== undefined && { bias: { kind: 'operand', operand: bias } }),
        });
      },
      work: (lengths) =>
        inner.work(lengths.map((length) => (typeof length === 'number' ? length : this.#axis(length)))),
      leaveWhole: (reason) => {
        throw new Frozen('operator', String(reason));
      },
    });
  }

  /** What a rule gave as the axes of the outputs. errors: EXTENSION_FAILED with the node. */
  outputsOf(given: unknown): readonly Output[] {
    const { outputs } = this.#inner.node;
    if (!Array.isArray(given) || given.length < outputs.length || !given.every(Array.isArray))
      throw this.#unusable(
        `gave ${shown(given)} for ${outputs.length} outputs`,
        'It must give at once an array of the axes of each output: [[n, c, h, w]].',
      );
    return (given as LaneAxis[][]).map((axes) => axes.map((axis) => this.#axis(axis)));
  }

  #primitives(): LanePrimitives {
    const { lanes } = this.#inner;
    const one = (axis: Axis): LaneAxis => this.#view(axis);
    return Object.freeze<LanePrimitives>({
      unify: (axes) => one(lanes.unify(this.#some(axes))),
      broadcast: (operands, zero) => {
        const law = zeroLaws[zero];
        if (law === undefined || operands.length === 0)
          throw this.#unusable(
            `broadcasts ${operands.length} operands, zero ${shown(zero)}`,
            "Give 'every', 'some' or 'never'.",
          );
        return this.#views(
          broadcast(
            lanes,
            operands.map((axes) => axes.map((axis) => this.#axis(axis))),
            law,
          ),
        );
      },
      contract: (a, b) => lanes.contract(this.#axis(a), this.#axis(b)),
      sum: (axis) => lanes.sum(this.#axis(axis)),
      join: (axes) => one(lanes.join(this.#some(axes))),
      cut: (axis, lengths) => {
        const [own, parts] = [this.#axis(axis), lengths.map((length) => this.#length(length))];
        this.#fits(own, parts.reduce(add, 0), 'parts');
        return this.#views(lanes.cut(own, parts));
      },
      merge: (axes) => one(lanes.merge(this.#some(axes))),
      factor: (axis, lengths) => {
        const [own, parts] = [this.#axis(axis), lengths.map((length) => this.#length(length))];
        this.#fits(own, product(parts), 'factors');
        return this.#views(lanes.factor(own, parts));
      },
      pick: (axis, indices) => {
        const own = this.#axis(axis);
        const length = typeof own.length === 'number' ? own.length : Number.POSITIVE_INFINITY;
        if (!indices.every((index) => Number.isInteger(index) && index >= 0 && index < length))
          throw this.#unusable(
            `picks indices that an axis of length ${own.length} does not have`,
            'They count from 0.',
          );
        return one(lanes.pick(own, indices));
      },
      fresh: (length, { zero }) => one(lanes.fresh(this.#length(length), zero)),
      plain: (length) => one(plain(this.#length(length))),
      withZero: (axis, zero) => one(withZero(this.#axis(axis), zero)),
      freeze: (axis, reason) => lanes.freeze(this.#axis(axis), 'operator', String(reason)),
      inexact: (axis, reason) => lanes.inexact(this.#axis(axis), String(reason)),
    });
  }

  #views(axes: readonly Axis[]): readonly LaneAxis[] {
    return Object.freeze(axes.map((axis) => this.#view(axis)));
  }

  #view(axis: Axis): LaneAxis {
    const view = Object.freeze<LaneAxis>({
      length: typeof axis.length === 'number' ? axis.length : undefined,
      hasLanes: isLabelled(axis),
      isZero: isZero(axis),
    });
    this.#axes.set(view, axis);
    return view;
  }

  /** One axis at least. */
  #some(axes: readonly LaneAxis[]): Axis[] {
    if (!Array.isArray(axes) || axes.length === 0)
      throw this.#unusable(`makes one axis of ${shown(axes)}`, 'It takes an array of one axis at least.');
    return axes.map((axis) => this.#axis(axis));
  }

  #axis(view: LaneAxis): Axis {
    const axis = this.#axes.get(view);
    if (axis === undefined)
      throw this.#unusable(
        `uses ${shown(view)} as an axis`,
        'Axes are those of the call: call.input(index), or what call.lanes makes of them.',
      );
    return axis;
  }

  #length(length: AxisLength): Dim {
    if (typeof length !== 'number') return this.#axis(length).length;
    if (Number.isSafeInteger(length) && length >= 0) return length;
    throw this.#unusable(`uses ${length} as a length`, 'A length is a whole number, 0 at least, or an axis.');
  }

  /** Whether an operand has these axes, each of them once. */
  #hasAxes(index: number, axes: readonly number[]): void {
    const { length } = this.#inner.input(index);
    if (
      new Set(axes).size < axes.length ||
      !axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < length)
    )
      throw this.#unusable(
        `speaks of the axes ${axes.join(', ')} of its operand ${index}, which has ${length}`,
        'They count from 0, and each is named once.',
      );
  }

  #fits(axis: Axis, length: Dim, parts: string): void {
    const areKnown = typeof axis.length === 'number' && typeof length === 'number';
    if (areKnown && !equal(axis.length, length))
      throw this.#unusable(
        `sees an axis of length ${axis.length} as ${parts} that come to ${length}`,
        'Check the lengths.',
      );
  }

  #unusable(what: string, todo: string): Error {
    const { name, op } = this.#inner.node;
    return unusable(`${this.#what} ${what}`, todo, { node: name, op });
  }
}
