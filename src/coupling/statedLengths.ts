import type { Dim } from '../model/dim.js';
import type { Node } from '../model/graph.js';
import type { Element } from '../model/values.js';
import { isLiteral, knownNumbers, literal } from '../model/values.js';
import type { AbstractTensor } from './abstractTensor.js';
import type { Axes, Axis } from './axis.js';
import { axisOf, lengthOf } from './axis.js';
import { Frozen } from './frozen.js';
import type { Lanes } from './lanes.js';
import { isReachable } from './reachable.js';
import type { Call, Omission, Restatement, RestateOptions, Work } from './rule.js';
import type { Store } from './store.js';

/** The lengths that one node states, in attributes and operands, by what its rule says of them. */
export class StatedLengths {
  readonly restatements: Restatement[] = [];
  readonly omissions: Omission[] = [];
  readonly work: Work[] = [];

  constructor(
    readonly node: Node,
    readonly operands: readonly (AbstractTensor | undefined)[],
    readonly lanes: Lanes,
    readonly store: Store,
  ) {}

  /** An attribute or an operand states these lengths; where it cannot be written, they stay. */
  restate(
    where: Parameters<Call['restate']>[0],
    wanted: readonly (Axis | Element)[],
    options: RestateOptions = {},
  ): void {
    if (!this.#canWrite(where)) this.#freezeInstead(wanted);
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
      raw: operand?.values === undefined ? undefined : knownNumbers(operand.values),
      labels: options.labels,
      replaces: options.replaces ?? [],
    });
  }

  /** An operand that leaves where its lengths are not those wanted. False where the body that the node lies in cannot be written. */
  omit(index: number, axes: Axes, wanted: Axes): boolean {
    if (axes.length !== wanted.length || !this.#canWrite({})) return false;
    for (const { factors } of axes) {
      const stored = factors.filter((factor) => factor.stored !== undefined);
      this.lanes.freeze(axisOf(stored), 'operator', 'is left out where lanes leave');
    }
    const own = axes.map(lengthOf);
    this.omissions.push({ node: this.node, operand: index, own, wanted: wanted.map(lengthOf) });
    return true;
  }

  /** The node's multiply-accumulates are the product of these lengths. */
  addWork(lengths: readonly (Axis | Dim)[]): void {
    this.work.push({
      node: this.node,
      lengths: lengths.map((length) => (isAxis(length) ? lengthOf(length) : literal(length))),
    });
  }

  /** What an operand says of lengths stays what it was, whatever becomes of the axes that it was computed from. */
  keepContent(index: number): void {
    const values = this.operands[index]?.values;
    if (values === undefined || values.elements.every(isLiteral)) return;
    const kept = values.elements.map(({ before }) => literal(before));
    // A length that is open could only be written as arithmetic on what it becomes, so the lanes that it depends on stay.
    const open = values.elements.filter(({ before }) => typeof before !== 'number');
    this.lanes.freezeContent(
      { dims: [open.length], elements: open },
      'unknown-shape',
      'an open length is computed with it',
    );
    if (this.#canWrite(index)) this.restate(index, kept);
    else this.lanes.freezeContent(values, 'control-flow', 'its length is read in the body of a function');
  }

  /** The node cannot be followed: what was said of it does not hold. */
  clear(): void {
    for (const list of [this.restatements, this.omissions, this.work]) list.length = 0;
  }

  /** In the body of a function only what a single call reads can be written, and only where it stands. */
  #canWrite(where: number | object): boolean {
    const { body, inputs } = this.node;
    if (body === undefined) return true;
    return body.calls === 1 && (typeof where !== 'number' || this.store.isOwnConstant(inputs[where] ?? ''));
  }

  #freezeInstead(wanted: readonly (Axis | Element)[]): void {
    for (const want of wanted) {
      if (isAxis(want))
        this.lanes.freeze(want, 'control-flow', 'its length is stated in the body of a function');
      else if (!isLiteral(want))
        throw new Frozen('control-flow', 'a length is stated in the body of a function');
    }
  }
}

const isAxis = (length: Axis | Dim | Element): length is Axis =>
  typeof length === 'object' && 'factors' in length;
const elementOf = (length: Axis | Element): Element => (isAxis(length) ? lengthOf(length) : length);
