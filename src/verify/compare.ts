import { classesOf, largest } from '../runtime/classes.js';
import { numbersOf } from '../runtime/dtypes.js';
import type { Tensor } from '../runtime/runtime.js';
import type { OutputReport } from './types.js';

/** Adds up how alike one output of two models is, batch by batch, in double precision; holds no outputs. */
export class OutputComparison {
  readonly #name: string;
  #dtype = '';
  #dot = 0;
  #squares = { original: 0, pruned: 0, difference: 0 };
  #max = 0;
  readonly #nonFinite = { original: 0, pruned: 0 };
  #classes: number | undefined;
  #agreeing = 0;
  #samples = 0;
  readonly #hits = { original: 0, pruned: 0 };

  constructor(name: string) {
    this.#name = name;
  }

  /** Classes, where every batch so far looked like [samples, classes] of floats. */
  get classes(): number | undefined {
    return this.#classes;
  }

  /** `labels`: of these samples. The shapes of both are equal; the caller has looked. */
  add(original: Tensor, pruned: Tensor, samples: number, labels?: Int32Array): this {
    const first = this.#dtype === '';
    this.#dtype = original.type;
    const a = numbersOf(original);
    const b = numbersOf(pruned);
    this.#addNumbers(a, b);
    const width = classesOf(original, samples);
    this.#classes = first || this.#classes === width ? width : undefined;
    if (this.#classes !== undefined) this.#addClasses(a, b, samples, this.#classes, labels);
    return this;
  }

  report(): OutputReport {
    const { original, pruned, difference } = this.#squares;
    const zero = difference === 0 ? 0 : null;
    return {
      name: this.#name,
      dtype: this.#dtype,
      cosine:
        original > 0 && pruned > 0
          ? bounded(this.#dot / Math.sqrt(original * pruned))
          : zero === 0
            ? 1
            : null,
      relativeError: original > 0 ? Math.sqrt(difference / original) : zero,
      maxAbsDifference: this.#max,
      top1Agreement: this.#classes === undefined ? null : this.#agreeing / this.#samples,
      nonFinite: { ...this.#nonFinite },
    };
  }

  /** Shares of samples whose largest value lies at their label. */
  accuracy(): { readonly original: number; readonly pruned: number } {
    return { original: this.#hits.original / this.#samples, pruned: this.#hits.pruned / this.#samples };
  }

  #addNumbers(a: ArrayLike<number>, b: ArrayLike<number>): void {
    let dot = 0;
    let originals = 0;
    let pruneds = 0;
    let differences = 0;
    for (let i = 0; i < a.length; i++) {
      const x = a[i]!;
      const y = b[i]!;
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        if (!Number.isFinite(x)) this.#nonFinite.original++;
        if (!Number.isFinite(y)) this.#nonFinite.pruned++;
        continue;
      }
      const difference = x - y;
      dot += x * y;
      originals += x * x;
      pruneds += y * y;
      differences += difference * difference;
      if (Math.abs(difference) > this.#max) this.#max = Math.abs(difference);
    }
    this.#dot += dot;
    this.#squares.original += originals;
    this.#squares.pruned += pruneds;
    this.#squares.difference += differences;
  }

  #addClasses(
    a: ArrayLike<number>,
    b: ArrayLike<number>,
    samples: number,
    width: number,
    labels?: Int32Array,
  ): void {
    for (let sample = 0; sample < samples; sample++) {
      const x = largest(a, sample * width, width);
      const y = largest(b, sample * width, width);
      if (x === y) this.#agreeing++;
      if (x === labels?.[sample]) this.#hits.original++;
      if (y === labels?.[sample]) this.#hits.pruned++;
    }
    this.#samples += samples;
  }
}

/** Rounding may carry a cosine a little beyond 1. */
const bounded = (cosine: number): number => Math.max(-1, Math.min(1, cosine));
