import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { EspalierError } from '../base/errors.js';
import { type NumericType, numberToHalf, zeros } from '../runtime/dtypes.js';
import type { Feeds, Tensor, ValueInfo } from '../runtime/runtime.js';

/** What a model leaves open, and random data have to settle. */
export interface Guess {
  /** Every open length that is no batch axis. */
  readonly length: number;
  /** Integers are drawn from 0 to this, exclusive: they may be ids, masks or indices, and small ones fit most. */
  readonly below: number;
}

/** Guesses from the most telling to the most careful; one only, where nothing is open. */
export function guesses(inputs: readonly ValueInfo[]): readonly Guess[] {
  const open = inputs.some(({ shape }) => shape.some((dim, axis) => axis > 0 && typeof dim === 'string'));
  const ints = inputs.some(({ dtype }) => /int(16|32|64)/.test(dtype));
  const lengths = open ? [16, 64, 32, 224, 8, 128, 1, 256, 512] : [16];
  const belows = ints ? [10, 2, 1] : [10];
  return lengths.flatMap((length) => belows.map((below) => ({ length, below })));
}

/** Whether the number of samples is left open: an input's first axis has a name, or none, instead of a length. */
export const takesAnyBatch = (inputs: readonly ValueInfo[]): boolean =>
  inputs.some(({ shape }) => typeof shape[0] === 'string');

/** Random inputs, the same for the same seed: floats of a normal distribution, bytes and Booleans uniform, texts of a digit. */
export class RandomInputs {
  readonly #generator: RandomGenerator;
  readonly #inputs: readonly ValueInfo[];
  readonly #guess: Guess;
  readonly #batchNames: ReadonlySet<number | string>;

  constructor(inputs: readonly ValueInfo[], guess: Guess, seed: number) {
    this.#generator = xoroshiro128plus(seed);
    this.#inputs = inputs;
    this.#guess = guess;
    this.#batchNames = new Set(
      inputs.map(({ shape }) => shape[0]).filter((dim) => typeof dim === 'string' && dim !== '') as string[],
    );
  }

  next(samples: number): Feeds {
    return Object.fromEntries(this.#inputs.map((input) => [input.name, this.#tensor(input, samples)]));
  }

  #tensor({ name, dtype, shape }: ValueInfo, samples: number): Tensor {
    if (dtype === 'other')
      throw new EspalierError(
        'DATA_MISMATCH',
        `the input "${name}" takes no numbers: it is a sequence, a map or an optional, or of a type that JavaScript lacks, and the runtime takes tensors alone, so that the model cannot be run here`,
        { tensor: name },
        'Export the model with tensors in its place.',
      );
    const dims = shape.map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      return axis === 0 || this.#batchNames.has(dim) ? samples : this.#guess.length;
    });
    const length = dims.reduce((product, dim) => product * dim, 1);
    if (dtype === 'string') return { type: dtype, data: this.#words(length), dims };
    const data = zeros(dtype, length);
    for (let i = 0; i < data.length; i++) data[i] = this.#draw(dtype);
    return { type: dtype, data, dims };
  }

  /** Texts of one digit. */
  #words(length: number): string[] {
    return Array.from({ length }, () => String(uniformInt(this.#generator, 0, 9)));
  }

  #draw(type: NumericType): number | bigint {
    switch (type) {
      case 'float32':
      case 'float64':
        return this.#normal();
      case 'float16':
        return numberToHalf(this.#normal());
      case 'uint8':
        return uniformInt(this.#generator, 0, 255);
      case 'int8':
        return uniformInt(this.#generator, -128, 127);
      case 'bool':
        return uniformInt(this.#generator, 0, 1);
      case 'int64':
      case 'uint64':
        return BigInt(uniformInt(this.#generator, 0, this.#guess.below - 1));
      default:
        return uniformInt(this.#generator, 0, this.#guess.below - 1);
    }
  }

  /** Box and Muller 1958; the second value of each pair is not used. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(this.#generator)));
    return radius * Math.cos(2 * Math.PI * uniformFloat64(this.#generator));
  }
}
