import { classesOf } from '../runtime/classes.js';
import { isFloat, numbersOf } from '../runtime/dtypes.js';
import type { Feeds, Session, Tensor, ValueInfo } from '../runtime/runtime.js';
import { commonOf } from './lengths.js';
import { NO_ROLES, type OutputRoles } from './outputRoles.js';
import { type Answers, SampleAnswers } from './row.js';
import { type Both, isBoxes, Sets } from './sets.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** An output that is not compared, and why, in plain words. */
export interface Unjudged {
  readonly output: string;
  readonly why: string;
}

/** What two models answered to the same samples, output by output. */
export interface Compared {
  readonly answers: readonly Answers[];
  /** Why the pruned model's answers are none to what the original was asked: an output is gone, or of another shape. */
  readonly faults: readonly string[];
}

/** Compares what two models answer, however it has to be done: as numbers, texts, classes, sequences or sets of boxes. */
export class Outputs {
  /** The values that are compared, in the order of the outputs. */
  readonly values: readonly ValueInfo[];
  readonly unjudged: readonly Unjudged[];
  readonly #inputs: readonly ValueInfo[];
  readonly #roles: OutputRoles;
  readonly #sets = new Sets();
  readonly #codes = new Map<string, number>();

  /** @param original its session, with the stand-ins as further outputs */
  constructor({ inputs, outputs }: Pick<Session, 'inputs' | 'outputs'>, roles: OutputRoles = NO_ROLES) {
    const byName = new Map(outputs.map((value) => [value.name, value]));
    const standIns = new Map(roles.standIns.map((own) => [own.output, own]));
    const stood = new Set(roles.standIns.flatMap(({ values }) => values));
    const values: ValueInfo[] = [];
    const unjudged: Unjudged[] = [];
    const fetched = ({ dtype }: ValueInfo): boolean => dtype !== 'other';
    for (const value of outputs) {
      const { name } = value;
      if (fetched(value)) {
        if (!stood.has(name)) values.push(value);
        continue;
      }
      const own = standIns.get(name);
      const found = own?.values.flatMap((other) => byName.get(other) ?? []).filter(fetched) ?? [];
      values.push(...found.filter((other) => !values.includes(other)));
      const why = own?.why ?? 'it is no tensor, and the runtime hands over tensors alone';
      if (found.length === 0) unjudged.push({ output: name, why });
    }
    // Beside outputs these are values that are fetched in place of outputs that are no tensors.
    this.values = values;
    this.unjudged = unjudged;
    this.#inputs = inputs;
    this.#roles = roles;
  }

  /** The output that a value is, or those that it stands for. */
  outputOf(value: string): string {
    const stood = this.#roles.standIns.filter(({ values }) => values.includes(value));
    return stood.length === 0 ? value : stood.map(({ output }) => output).join(', ');
  }

  /** The classes that the columns of a value stand for, where the graph says. */
  classNamesOf(value: string): readonly (string | number)[] | undefined {
    return this.#roles.classNames.get(value);
  }

  /** The number that stands for a text, the same in all batches. */
  codeOf(text: string): number {
    const known = this.#codes.get(text) ?? this.#codes.size;
    this.#codes.set(text, known);
    return known;
  }

  /** Whether each value that varies with the samples has an axis for them: else they must be asked one at a time to be told apart. */
  separates(answers: Tensors, samples: number): boolean {
    return this.values.every(({ name }) => {
      const dims = answers[name]?.dims ?? [];
      return dims.length === 0 || dims[0] === samples || !this.#isOpen(name);
    });
  }

  #isOpen(name: string): boolean {
    const { shape = [] } = this.values.find((value) => value.name === name) ?? {};
    return shape.length === 0 || shape.some((length) => typeof length === 'string');
  }

  compare(original: Tensors, pruned: Tensors, feeds: Feeds, samples: number): Compared {
    const faults: string[] = [];
    const both: Both[] = [];
    for (const value of this.values) {
      const [a, b] = [original[value.name], pruned[value.name]];
      if (a === undefined) continue;
      const fault = this.#faultOf(value, a, b, feeds);
      if (fault === undefined) both.push(this.#both(value.name, a, b!));
      else faults.push(fault);
    }
    if (faults.length > 0) return { answers: [], faults };
    const { suppressed, chosen } = this.#roles;
    const sets = [
      ...this.#sets.compare(
        both.filter(({ output }) => suppressed.has(output)),
        samples,
      ),
      ...this.#sets.compareChosen(
        both.filter(({ output }) => chosen.has(output) && !suppressed.has(output)),
        samples,
      ),
    ];
    const byName = new Map(sets.map((answers) => [answers.output, answers]));
    const answers = both.map(
      (one) => byName.get(one.output) ?? this.#answers(one, original, pruned, samples),
    );
    return { answers, faults };
  }

  /** Lengths may differ where the file leaves them to the data: not the number of axes, nor a length that it states or takes from an input. */
  #faultOf(value: ValueInfo, a: Tensor, b: Tensor | undefined, feeds: Feeds): string | undefined {
    const { name, shape } = value;
    if (b === undefined) return `the pruned model has no "${name}"`;
    const text = (dims: readonly number[]): string => `[${dims.join(', ')}]`;
    const known = shape.length === a.dims.length;
    const fixed = a.dims.some((length, axis) => {
      if (length === b.dims[axis]) return false;
      const stated = known ? shape[axis]! : '';
      return typeof stated === 'number' || this.#given(stated, feeds) === length;
    });
    if (a.dims.length === b.dims.length && !fixed) return undefined;
    return `the output "${name}" of the original has the shape ${text(a.dims)}, of the pruned model ${text(b.dims)}`;
  }

  /** The length that an input gives to a name. */
  #given(symbol: string, feeds: Feeds): number | undefined {
    if (symbol === '') return undefined;
    for (const { name, shape } of this.#inputs) {
      const axis = shape.indexOf(symbol);
      if (axis >= 0) return feeds[name]?.dims[axis];
    }
    return undefined;
  }

  #both(output: string, a: Tensor, b: Tensor): Both {
    const numbers = (tensor: Tensor): ArrayLike<number> =>
      tensor.type === 'string'
        ? Float64Array.from(tensor.data as readonly string[], (text) => this.codeOf(text))
        : numbersOf(tensor);
    return {
      ...{ output, dtype: a.type, discrete: !isFloat(a.type) },
      original: { values: numbers(a), dims: a.dims },
      pruned: { values: numbers(b), dims: b.dims },
    };
  }

  #answers(one: Both, original: Tensors, pruned: Tensors, samples: number): Answers {
    const { output, dtype, discrete } = one;
    const [a, b] = [original[output]!, pruned[output]!];
    const common = commonOf(a, b)!;
    const same = common.original === a && common.pruned === b;
    const own = same ? one : this.#both(output, common.original, common.pruned);
    const split =
      [a, b].every(({ dims }) => dims[0] === samples) && own.original.values.length % samples === 0;
    const width = split ? own.original.values.length / samples : own.original.values.length;
    const part = (values: ArrayLike<number>, row: number): ArrayLike<number> =>
      (values as Float64Array).subarray(row * width, (row + 1) * width);
    const rows = Array.from(
      { length: split ? samples : 1 },
      (_, row) =>
        new SampleAnswers(part(own.original.values, row), part(own.pruned.values, row), common.share),
    );
    return {
      ...{ output, dtype, discrete, manner: this.#manner(one, same, samples) },
      rows: split ? rows : Array<SampleAnswers>(samples).fill(rows[0]!),
      classes: same ? this.#classes(a, output, samples) : undefined,
      ...(!same && { lengths: lengthsOf(a, b) }),
    };
  }

  /** Boxes that are not finite are boxes all the same. */
  #manner(one: Both, same: boolean, samples: number): Answers['manner'] {
    if (this.#roles.suppressed.has(one.output) && isBoxes(one, samples)) return 'boxes';
    return same ? 'values' : 'sequences';
  }

  #classes(tensor: Tensor, output: string, samples: number): Answers['classes'] {
    const { shape = [] } = this.values.find(({ name }) => name === output) ?? {};
    // A first axis whose length data decide counts samples only in a model that takes any number of them.
    const counts =
      typeof shape[0] !== 'string' || this.#inputs.some((input) => typeof input.shape[0] === 'string');
    if (!counts || this.#roles.suppressed.has(output)) return undefined;
    if (classesOf(tensor, samples) !== undefined) return 'scores';
    const { type, dims } = tensor;
    const single = dims[0] === samples && dims.length <= 2 && (dims[1] ?? 1) === 1;
    return single && !isFloat(type) && type !== 'bool' ? 'names' : undefined;
  }
}

/** Along the axes whose lengths differ. */
function lengthsOf(a: Tensor, b: Tensor): { readonly original: number; readonly pruned: number } {
  const axes = a.dims.flatMap((length, axis) => (length === b.dims[axis] ? [] : [axis]));
  const product = ({ dims }: Tensor): number => axes.reduce((all, axis) => all * dims[axis]!, 1);
  return { original: product(a), pruned: product(b) };
}
