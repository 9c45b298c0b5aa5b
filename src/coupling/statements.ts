import type { Dim } from '../model/dim.js';
import type { Values } from '../model/values.js';
import { isLiteral } from '../model/values.js';
import type { Axis } from './axis.js';
import { axisOf, isLabelled } from './axis.js';
import type { Equations } from './equations.js';
import { Labelling } from './labelling.js';
import { type Cause, type Reason, sinceText, type Why } from './reason.js';
import type { Roles } from './roles.js';

/** What one node states of the labels of axes: the node goes into every reason. */
export class Statements {
  /**
   * @param labelling of the whole model: all nodes state into one
   * @param node the name of the node that states; empty where the model itself does
   */
  constructor(
    protected readonly labelling = new Labelling(),
    readonly node = '',
  ) {}

  /** Of the whole model. */
  get equations(): Equations {
    return this.labelling.equations;
  }

  /** What is said of the axes of stored tensors of the whole model. */
  get roles(): Roles {
    return this.labelling.roles;
  }

  /** A reason that names the node. */
  reason(why: Why, text: string, since?: Cause): Reason {
    return { why, node: this.node, text, ...(since !== undefined && { since }) };
  }

  /** Notes why the length of this symbol is open; the first cause counts. */
  opens(symbol: string, cause: Cause): void {
    this.labelling.opens(symbol, cause);
  }

  /** The axis keeps all of its indices. */
  freeze(axis: Axis, why: Why, text: string, since?: Cause): void {
    const reason = this.reason(why, text, since);
    for (const { labels } of axis.factors) {
      if (labels !== undefined) this.labelling.freeze(labels, reason);
    }
  }

  /** What is computed from lengths stays as it is: lanes that any of them counts are frozen. */
  freezeContent({ elements }: Values, why: Why, text: string): void {
    const reason = this.reason(why, text);
    const count = (labels: Int32Array): number => {
      for (const label of labels) this.equations.freeze(label, reason);
      return labels.length;
    };
    for (const element of elements) if (!isLiteral(element)) element.after({ count });
  }

  /** What is computed over these lanes changes when one is removed instead of zeroed. */
  inexact(axis: Axis, text: string): void {
    const reason = this.reason('operator', text);
    for (const { labels } of axis.factors) {
      if (labels === undefined) continue;
      for (const label of labels) this.equations.inexact(label, reason);
    }
  }

  /** Frozen, as these lengths do not tell where its lanes lie. */
  freezeUnknown(axis: Axis, why: Why, text: string, lengths: readonly Dim[] = [axis.length]): void {
    const since = isLabelled(axis) ? this.labelling.openedBy(lengths) : undefined;
    this.freeze(axis, why, since === undefined ? text : text + sinceText(since), since);
  }

  /** Two axes with a label for each index are one, index by index. */
  equateAll(a: Int32Array, b: Int32Array): void {
    const reason = this.reason('mismatch', 'is always kept on one side');
    for (let i = 0; i < a.length; i++) this.equations.equate(a[i]!, b[i]!, reason);
  }

  /** One label for each index. `axis.length` must be known. */
  labelsOf(axis: Axis): Int32Array {
    const { factors } = axis;
    if (factors.length === 1 && factors[0]!.labels !== undefined) return factors[0]!.labels;
    let labels: Int32Array = Int32Array.of(0);
    for (const factor of factors) {
      const inner = factor.labels;
      const length = factor.length as number;
      this.labelling.make(labels.length * length);
      const next = new Int32Array(labels.length * length);
      for (let i = 0, at = 0; i < labels.length; i++) {
        for (let j = 0; j < length; j++, at++) {
          const outer = labels[i]!;
          const own = inner === undefined ? 0 : inner[j]!;
          next[at] = outer === 0 ? own : own === 0 ? outer : this.equations.conjunction([outer, own]);
        }
      }
      labels = next;
    }
    return labels;
  }

  /** An axis out of one label for each index. */
  labelled(labels: Int32Array, zero: boolean): Axis {
    return axisOf([
      labels.every((label) => label === 0)
        ? { length: labels.length, zero }
        : { length: labels.length, labels, zero },
    ]);
  }
}
