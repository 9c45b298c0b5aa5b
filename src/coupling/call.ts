import type { Dim } from '../model/dim.js';
import { symbol } from '../model/dim.js';
import type { TensorDocument } from '../model/document.js';
import type { Node } from '../model/graph.js';
import type { Values } from '../model/values.js';
import { knownNumbers } from '../model/values.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { StatedActivationProduct } from './activationProduct.js';
import type { Axes, Axis, Quantisation } from './axis.js';
import { isLabelled } from './axis.js';
import { Frozen } from './frozen.js';
import type { Lanes } from './lanes.js';
import { LayerFacts, storedAxesOf } from './layerFacts.js';
import type { Scales, StatedLinearMap } from './linearMap.js';
import type { Passing } from './passage.js';
import { type Cause, sinceText } from './reason.js';
import type { Recurring } from './recurrence.js';
import type { Call, Reading } from './rule.js';
import { Attributes } from './rule.js';
import { StatedLengths } from './statedLengths.js';
import type { Store } from './store.js';

/** One node with its operands, and what its rule says of it. */
export class NodeCall implements Call {
  readonly attributes: Attributes;
  readonly lengths: StatedLengths;
  readonly layer: LayerFacts;
  readonly #taken = new Set<number>();
  /** Operands that the rule read as lengths or indices: it has said itself what becomes of them. */
  readonly #read = new Set<number>();
  #isOpen = false;

  constructor(
    readonly node: Node,
    readonly lanes: Lanes,
    readonly operands: readonly (AbstractTensor | undefined)[],
    readonly store: Store,
  ) {
    this.attributes = new Attributes(node);
    this.lengths = new StatedLengths(node, operands, lanes, store);
    this.layer = new LayerFacts(node, operands, store, lanes.roles);
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

  optional(index: number): AbstractTensor | undefined {
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
    if (values !== undefined) return knownNumbers(values)?.every((value) => value === 0) ?? false;
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
    for (const own of storedAxesOf(this.operands[index], this.#stored(index)?.id))
      this.lanes.roles.quantised(own, by);
  }

  parameter(index: number): void {
    for (const axis of storedAxesOf(this.operands[index], this.#stored(index)?.id))
      this.lanes.roles.parameter(axis);
  }

  #stored(index: number): TensorDocument | undefined {
    return this.operands[index] === undefined ? undefined : this.store.storedAs(this.node.inputs[index]!);
  }

  attributeValues(name: string): Values | undefined {
    const attribute = this.node.attributes[name];
    return attribute?.type === 'tensor' ? this.store.contentOf(attribute.value) : undefined;
  }

  restate(...stated: Parameters<Call['restate']>): void {
    this.lengths.restate(...stated);
  }

  omit(index: number, wanted: Axes): boolean {
    if (this.isStored(index) && this.store.isReadOnce(this.node.inputs[index]!)) return false;
    return this.lengths.omit(index, this.input(index), wanted);
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
    return this.store.outputName(this.node, output);
  }

  lost(text: string): AbstractTensor {
    return { axes: undefined, lost: this.#cause(text) };
  }

  #cause(text: string): Cause {
    return { node: this.node.name, op: this.node.op, text };
  }

  mixes(linearMap: StatedLinearMap): void {
    this.layer.addLinearMap(linearMap);
  }

  recurs(recurring: Recurring): void {
    this.layer.addRecurrence(recurring);
  }

  scales(scales: Scales): void {
    this.layer.addScaling(scales);
  }

  passes(passing: Passing): void {
    this.layer.addPassage(passing);
  }

  normalises(axes: readonly number[]): void {
    this.layer.normalised.push(...axes);
  }

  contracts(product: StatedActivationProduct): void {
    this.layer.addActivationProduct(product);
  }

  work(lengths: readonly (Axis | Dim)[]): void {
    this.lengths.addWork(lengths);
  }

  /** Operands that the rule did not ask for are not followed. */
  freezeUntaken(): void {
    for (const [index, operand] of this.operands.entries()) {
      if (this.#taken.has(index)) continue;
      this.lengths.keepContent(index);
      for (const axis of operand?.axes ?? [])
        this.lanes.freeze(axis, 'operator', `operand ${index} of ${this.node.op} is not followed`);
    }
  }

  /**
   * Small known numbers that the rule took for data, and whose result is not known as numbers: they enter the data with their
   * values in the original, also where these were computed from lengths that change.
   */
  keepLost(): void {
    const restated = new Set(
      this.lengths.restatements.flatMap(({ where }) => ('operand' in where ? [where.operand] : [])),
    );
    for (const index of this.#taken)
      if (!this.#read.has(index) && !restated.has(index)) this.lengths.keepContent(index);
  }

  /** Nothing of the node changes: what its rule had begun to say is dropped. */
  freezeAll({ why, text, since }: Frozen): void {
    this.lengths.clear();
    this.layer.clear();
    for (const index of this.operands.keys()) this.lengths.keepContent(index);
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
