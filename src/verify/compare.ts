import { addSums, cosineOf, noSums, relativeErrorOf } from '../compare/elements.js';
import { fidelity, hits, sameClass } from '../compare/measures.js';
import type { Answers, Manner, SampleAnswers } from '../compare/row.js';
import type { OutputReport } from './types.js';

/** Adds up how alike one output of two models is, batch by batch, in double precision; holds no outputs. */
export class OutputComparison {
  readonly #name: string;
  readonly #standIn: string | undefined;
  #dtype = '';
  #manner: Manner | undefined;
  /** Over rows that are not lost. */
  readonly #alike = noSums();
  /** Over all rows. */
  readonly #all = noSums();
  /** Rows that were answered, the sum of how much of each was compared (nothing of what is lost), and those that are lost. */
  readonly #rows = { answered: 0, share: 0, lost: 0 };
  readonly #samples = { all: 0, answered: 0, kept: 0, plain: 0, agreeing: 0 };
  readonly #lengths = { original: 0, pruned: 0, differ: false };
  readonly #hits = { original: 0, pruned: 0 };
  #classes: boolean | undefined;

  /** @param standIn the value that was compared in the output's stead */
  constructor(name: string, standIn?: string) {
    this.#name = name;
    this.#standIn = standIn;
  }

  /** Is there an answer to compare, and is every one of them finite in one of the models only? */
  get lost(): boolean {
    const { lost, answered } = this.#rows;
    return answered > 0 && lost === answered;
  }

  /** `labels`: of these samples, in the output's own terms. */
  add(answers: Answers, labels?: ArrayLike<number>): this {
    const { rows, dtype, manner, lengths, classes } = answers;
    this.#dtype = dtype;
    // A batch may be compared value by value before another shows that lengths vary: the more general manner is reported.
    if (this.#manner === undefined || manner !== 'values') this.#manner = manner;
    this.#classes = classes !== undefined && this.#classes !== false;
    for (const row of new Set(rows)) this.#addRow(row);
    for (const [sample, row] of rows.entries()) {
      this.#addSample(row, answers);
      const hit = labels && hits(row, answers, labels[sample]!);
      if (hit?.original) this.#hits.original += 1;
      if (hit?.pruned) this.#hits.pruned += 1;
    }
    this.#lengths.original += lengths?.original ?? 0;
    this.#lengths.pruned += lengths?.pruned ?? 0;
    this.#lengths.differ ||= lengths !== undefined;
    return this;
  }

  report(): OutputReport {
    const { answered, share } = this.#rows;
    const mean = answered === 0 ? 0 : share / answered;
    const text = this.#dtype === 'string';
    const sums = this.#alike;
    const numbers = answered > 0 && !text;
    const { nonFinite, unanswered, max } = this.#all;
    const classes = this.#classes === true;
    const { all, answered: judged, kept, plain, agreeing } = this.#samples;
    return {
      name: this.#name,
      ...(this.#standIn !== undefined && { value: this.#standIn }),
      dtype: this.#dtype,
      compared: this.#manner ?? 'values',
      fidelity: judged === 0 ? null : (classes ? kept : plain) / judged,
      cosine: numbers ? (cosineOf(sums, mean) ?? null) : null,
      relativeError: numbers ? (relativeErrorOf(sums, mean) ?? null) : null,
      maxAbsDifference: numbers ? max : null,
      top1Agreement: classes && judged > 0 ? agreeing / judged : null,
      ...(this.#lengths.differ && {
        lengths: { original: this.#lengths.original, pruned: this.#lengths.pruned, share: mean },
      }),
      nonFinite: { ...nonFinite },
      unanswered: { elements: unanswered, samples: all - judged },
    };
  }

  /** Shares of samples whose class is their label. */
  accuracy(): { readonly original: number; readonly pruned: number } {
    const { all } = this.#samples;
    return { original: this.#hits.original / all, pruned: this.#hits.pruned / all };
  }

  #addRow(row: SampleAnswers): void {
    addSums(this.#all, row.sums);
    if (!row.answered) return;
    this.#rows.answered += 1;
    if (row.lost) this.#rows.lost += 1;
    else {
      this.#rows.share += row.share;
      addSums(this.#alike, row.sums);
    }
  }

  #addSample(row: SampleAnswers, answers: Answers): void {
    const samples = this.#samples;
    samples.all += 1;
    if (!row.answered) return;
    samples.answered += 1;
    samples.kept += fidelity(row, answers);
    samples.plain += fidelity(row, { ...answers, classes: undefined });
    if (answers.classes !== undefined) samples.agreeing += sameClass(row, answers);
  }
}
