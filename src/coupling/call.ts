import type { Dim } from '../model/dim.js';
import { symbol } from '../model/dim.js';
import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { Element, Values } from '../model/values.js';
import { isLiteral, literal, numbersNow } from '../model/values.js';
import type {
  ActivationProduct,
  ContractingSide,
  Side,
  StatedActivationProduct,
} from './activationProduct.js';
import type { Axes, Axis, ParameterAxis, Quantisation } from './axis.js';
import { axisOf, isLabelled, lengthOf } from './axis.js';
import { FloatView } from './floatView.js';
import { Frozen } from './frozen.js';
import type { IntegerProduct } from './integerProducts.js';
import type { Lanes } from './lanes.js';
import type { Bias, LinearMap, Scale, Scales, StatedLinearMap } from './linearMap.js';
import { storedAxes } from './linearMap.js';
import type { Passage, Passing } from './passage.js';
import { isReachable } from './reachable.js';
import { type Cause, sinceText } from './reason.js';
import type { Recurrence, Recurring } from './recurrence.js';
import type { Call, Omission, Reading, Restatement, RestateOptions, Work } from './rule.js';
import { Attributes } from './rule.js';
import type { Store } from './store.js';
import type { Tensor } from './tensor.js';

/** One node with its operands, and what its rule says of it. */
export class NodeCall implements Call {
  readonly attributes: Attributes;
  readonly restatements: Restatement[] = [];
  readonly omissions: Omission[] = [];
  readonly pieces: Work[] = [];
  readonly mixings: LinearMap[] = [];
  readonly scalings: Scale[] = [];
  readonly passages: Passage[] = [];
  /** Axes of operand 0 that the node divides along by what it makes of all that lies there. */
  readonly normalised: number[] = [];
  readonly recurrences: Recurrence[] = [];
  readonly activationProducts: ActivationProduct[] = [];
  /** Operands that would be weights if they were stored, by name. */
  readonly wanted: string[] = [];
  readonly #taken = new Set<number>();
  /** Operands that the rule read as lengths or indices, and answers for. */
  readonly #read = new Set<number>();
  #isOpen = false;

  constructor(
    readonly node: Node,
    readonly lanes: Lanes,
    readonly operands: readonly (Tensor | undefined)[],
    readonly store: Store,
  ) {
    this.attributes = new Attributes(node);
  }

  /** Operands that were read as lengths or indices, and whether data decides how long an output is. */
  get reading(): Reading {
    return { operands: [...this.#read], isOpen: this.#isOpen };
  }

  get count(): number {
    return this.operands.length;
  }

  following(name: string): number | undefined {
    return this.store.following(name);
  }

  follow(name: string, how: number): void {
    this.store.follow(name, how);
  }

  branch(): number | undefined {
    return this.store.branchOf(this.node);
  }

  neverRuns(): boolean {
    return this.store.neverRuns(this.node);
  }

  optional(index: number): Tensor | undefined {
    this.#taken.add(index);
    return this.operands[index];
  }

  input(index: number): Axes {
    const tensor = this.optional(index);
    if (tensor === undefined) throw new Frozen('unknown-shape', `its operand ${index} is absent`);
    if (tensor.axes === undefined) throw unknownRank(tensor.lost, this.node.inputs[index]!);
    return tensor.axes;
  }

  values(index: number): Values | undefined {
    const tensor = this.operands[index];
    for (const axis of tensor?.axes ?? [])
      this.lanes.freeze(axis, 'operator', 'is read as lengths or indices');
    this.#taken.add(index);
    this.#read.add(index);
    return tensor?.values;
  }

  known(index: number): Values {
    const values = this.values(index);
    if (values === undefined)
      throw new Frozen('data-dependent', `its operand "${this.node.inputs[index]}" depends on data`);
    return values;
  }

  isZeroConstant(index: number): boolean {
    if (this.operands[index]?.zeros === true) return true;
    const values = this.operands[index]?.values;
    if (values !== undefined) return numbersNow(values)?.every((value) => value === 0) ?? false;
    const stored = this.#stored(index);
    return stored !== undefined && this.store.isZero(stored);
  }

  isStored(index: number): boolean {
    return this.#stored(index) !== undefined;
  }

  quantised(index: number, { scale, zeroPoint, axis, block }: Parameters<Call['quantised']>[1]): void {
    const given = [scale, zeroPoint].filter((own) => own !== undefined && this.operands[own] !== undefined);
    const tensorOf = (own: number | undefined): number | undefined =>
      own === undefined ? undefined : this.#stored(own)?.id;
    if (given.some((own) => tensorOf(own) === undefined)) return;
    const by: Quantisation = {
      ...(tensorOf(scale) !== undefined && { scale: tensorOf(scale)! }),
      ...(tensorOf(zeroPoint) !== undefined && { zeroPoint: tensorOf(zeroPoint)! }),
      axis,
      ...(block !== undefined && { block }),
    };
    for (const slot of this.#slotsOf(index)) slot.quantised = by;
  }

  parameter(index: number): void {
    for (const slot of this.#slotsOf(index)) slot.parameter = true;
  }

  #stored(index: number): TensorDocument | undefined {
    return this.operands[index] === undefined ? undefined : this.store.storedAs(this.node.inputs[index]!);
  }

  /** The axes that an operand has as a stored tensor. */
  #slotsOf(index: number): ParameterAxis[] {
    const id = this.#stored(index)?.id;
    const slots = (this.operands[index]?.axes ?? []).flatMap(({ factors }) =>
      factors.flatMap(({ slot }) => slot ?? []),
    );
    return slots.filter(({ tensor }) => tensor === id);
  }

  attributeValues(name: string): Values | undefined {
    const attribute = this.node.attributes[name];
    return attribute?.type === 'tensor' ? this.store.contentOf(attribute.value) : undefined;
  }

  restate(
    where: number | { readonly attribute: string; readonly kind: 'int' | 'ints' | 'float' },
    wanted: readonly (Axis | Element)[],
    options: RestateOptions = {},
  ): void {
    if (!this.#canWrite(where)) this.#wholeInstead(wanted);
    const operand = typeof where === 'number' ? this.operands[where] : undefined;
    const stated =
      options.stated ?? operand?.values?.elements ?? wanted.map((want) => literal(elementOf(want).before));
    for (const [i, want] of wanted.entries()) {
      const said = elementOf(stated[i] ?? want);
      if (isReachable(elementOf(want), said)) continue;
      const content = { dims: [2], elements: [elementOf(want), said] };
      this.lanes.freezeContent(content, 'unknown-shape', 'an open length is computed with it');
    }
    this.restatements.push({
      node: this.node,
      where: typeof where === 'number' ? { operand: where } : where,
      wanted: wanted.map(elementOf),
      stated: stated.map(elementOf),
      raw: operand?.values === undefined ? undefined : numbersNow(operand.values),
      labels: options.labels,
      replaces: options.replaces ?? [],
    });
  }

  /** In the body of a function only what a single call reads can be written, and only where it stands. */
  #canWrite(where: number | object): boolean {
    const { body, inputs } = this.node;
    if (body === undefined) return true;
    return body.calls === 1 && (typeof where !== 'number' || this.store.isOwnConstant(inputs[where] ?? ''));
  }

  #wholeInstead(wanted: readonly (Axis | Element)[]): void {
    for (const want of wanted) {
      if (isAxis(want))
        this.lanes.freeze(want, 'control-flow', 'its length is stated in the body of a function');
      else if (!isLiteral(want))
        throw new Frozen('control-flow', 'a length is stated in the body of a function');
    }
  }

  omit(index: number, wanted: Axes): boolean {
    if (this.isStored(index) && this.store.isReadOnce(this.node.inputs[index]!)) return false;
    const axes = this.input(index);
    if (axes.length !== wanted.length || !this.#canWrite({})) return false;
    for (const { factors } of axes) {
      const stored = factors.filter((factor) => factor.slot !== undefined);
      this.lanes.freeze(axisOf(stored), 'operator', 'is left out where lanes leave');
    }
    const own = axes.map(lengthOf);
    this.omissions.push({ node: this.node, operand: index, own, wanted: wanted.map(lengthOf) });
    return true;
  }

  openLength(name: string): Dim {
    this.#isOpen = true;
    this.lanes.opens(name, this.#cause('data decides how long it is'));
    return symbol(name, undefined, 'count');
  }

  rankOf(output: number): number | undefined {
    const name = this.node.outputs[output] ?? '';
    return name === '' ? undefined : this.store.rankOf(name);
  }

  shown(output: number): string {
    return this.node.outputs[output] || this.store.nameFor(this.node, output);
  }

  lost(text: string): Tensor {
    return { axes: undefined, lost: this.#cause(text) };
  }

  #cause(text: string): Cause {
    return { node: this.node.name, op: this.node.op, text };
  }

  mixes(mixing: StatedLinearMap): void {
    const { data, weight, outputs, input, taps = [], fixed, instead, ...rest } = mixing;
    const operand = this.operands[weight]?.axes;
    const view = new FloatView(this.node, this.operands, this.store);
    const seen = view.seenAsFloats(mixing);
    if (seen === undefined) return;
    const value = instead ?? seen.data;
    if (operand === undefined || value === undefined || this.node.body !== undefined) return;
    const stored = storedAxes(operand, (tensor) => this.store.dimsOf(tensor));
    this.#wants(stored === undefined ? weight : undefined, operandOf(mixing.bias));
    if (stored === undefined) return;
    const axisOf = (axis: number): number => stored.axes[axis]!;
    const { output } = seen;
    const integers = view.integersOf(mixing, seen.product, axisOf(outputs[0]!));
    if (integers === undefined && mixing.integers !== undefined) return;
    if (integers !== undefined) {
      const { scale, zeroPoint, axis } = integers;
      const by = { scale: scale.id, ...(zeroPoint && { zeroPoint: zeroPoint.id }), axis };
      for (const slot of this.#slotsOf(weight)) slot.quantised = by;
    }
    this.mixings.push({
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

  recurs(recurring: Recurring): void {
    this.#wants(recurring.operands.input, recurring.operands.recurrent);
    if (this.node.body !== undefined) return;
    const states = this.shown(0);
    this.recurrences.push({ node: this.node, data: this.node.inputs[0]!, states, ...recurring });
  }

  /** Operands that are computed. */
  #wants(...operands: readonly (number | undefined)[]): void {
    for (const operand of operands) {
      const name = this.node.inputs[operand ?? -1] ?? '';
      const axes = this.operands[operand ?? -1]?.axes;
      const isSeen =
        axes !== undefined && storedAxes(axes, (tensor) => this.store.dimsOf(tensor)) !== undefined;
      if (name !== '' && !isSeen) this.wanted.push(name);
    }
  }

  scales({ axis, scale, shift }: Scales): void {
    const [value] = this.node.outputs;
    this.#wants(scale, shift);
    if (this.node.body !== undefined || value === undefined || !this.isStored(scale)) return;
    const output = { value, axis };
    this.scalings.push({ node: this.node, output, scale, ...(shift !== undefined && { shift }) });
  }

  passes(passing: Passing): void {
    if (this.node.body === undefined) this.passages.push({ node: this.node, ...passing });
  }

  normalises(axes: readonly number[]): void {
    this.normalised.push(...axes);
  }

  contracts({ summed, lengths = {}, sides }: StatedActivationProduct): void {
    const computed = sides.every(
      ({ operand, projected }) => projected !== undefined || !this.isStored(operand),
    );
    if (!computed || this.node.body !== undefined) return;
    const [left, right] = sides.map((side) => this.#side(side)) as [Side, Side];
    this.activationProducts.push({
      ...{ node: this.node, summed, sides: [left, right] },
      lengths: new Map(Object.entries(lengths)),
    });
  }

  #side({ operand, axes, projected, bias }: ContractingSide): Side {
    const own = { operand, axes, from: projected ?? 0, ...(bias && { bias }) };
    return projected === undefined ? { ...own, value: this.node.inputs[operand]! } : own;
  }

  work(lengths: readonly (Axis | Dim)[]): void {
    this.pieces.push({
      node: this.node,
      lengths: lengths.map((length) => (isAxis(length) ? lengthOf(length) : literal(length))),
    });
  }

  /** Operands that the rule never looked at are not followed. */
  freezeUntaken(): void {
    for (const [index, operand] of this.operands.entries()) {
      if (this.#taken.has(index)) continue;
      this.#keepContent(index);
      for (const axis of operand?.axes ?? [])
        this.lanes.freeze(axis, 'operator', `operand ${index} of ${this.node.op} is not followed`);
    }
  }

  /** Content that the rule took for data, and that goes no further as content: it enters the data as it was. */
  keepLost(): void {
    const restated = new Set(
      this.restatements.flatMap(({ where }) => ('operand' in where ? [where.operand] : [])),
    );
    for (const index of this.#taken)
      if (!this.#read.has(index) && !restated.has(index)) this.#keepContent(index);
  }

  /** What an operand says of lengths stays what it was, whatever becomes of the axes that it was computed from. */
  #keepContent(index: number): void {
    const values = this.operands[index]?.values;
    if (values === undefined || values.elements.every(isLiteral)) return;
    const kept = values.elements.map(({ before }) => literal(before));
    // A length that is open could only be written as arithmetic on what it becomes: what it depends on stays.
    const open = values.elements.filter(({ before }) => typeof before !== 'number');
    this.lanes.freezeContent(
      { dims: [open.length], elements: open },
      'unknown-shape',
      'an open length is computed with it',
    );
    if (this.#canWrite(index)) this.restate(index, kept);
    else this.lanes.freezeContent(values, 'control-flow', 'its length is read in the body of a function');
  }

  /** Nothing of the node changes: what its rule had begun to say is dropped. */
  freezeAll({ why, text, since }: Frozen): void {
    const said = [
      this.restatements,
      this.omissions,
      this.pieces,
      this.mixings,
      this.scalings,
      this.passages,
      this.normalised,
      this.recurrences,
      this.activationProducts,
    ];
    for (const list of said) list.length = 0;
    for (const index of this.operands.keys()) this.#keepContent(index);
    for (const operand of this.operands) {
      for (const axis of operand?.axes ?? []) if (isLabelled(axis)) this.lanes.freeze(axis, why, text, since);
    }
  }
}

/** A node cannot be followed, as the rank of what it reads is not known. */
function unknownRank(since: Cause | undefined, operand: string): Frozen {
  const text =
    since === undefined
      ? `the rank of its operand "${operand}" is not known`
      : `reads a value of unknown rank${sinceText(since)}`;
  return new Frozen('unknown-rank', text, [], since);
}

/** Where a product of integers has a bias of its own. */
const biasOf = (product: IntegerProduct | undefined): Bias | undefined =>
  product?.bias && { kind: 'operand', operand: product.bias.operand, at: product.bias.node };
const operandOf = (bias: Bias | undefined): number | undefined =>
  bias?.kind === 'operand' || bias?.kind === 'part' ? bias.operand : undefined;

const isAxis = (length: Axis | Dim | Element): length is Axis =>
  typeof length === 'object' && 'factors' in length;
const elementOf = (length: Axis | Element): Element => (isAxis(length) ? lengthOf(length) : length);
