import { zeros } from '../runtime/dtypes.js';
import type { NumericData } from '../runtime/runtime.js';
import type { DataArray, Dataset } from './dataset.js';

/**
 * Some samples of a dataset of `samples`, in this order, as a dataset: a view that reads nothing by itself. Arrays that are not of that many
 * samples (constants, names of classes) stay as they are.
 */
export function picked(dataset: Dataset, samples: number, chosen: readonly number[]): Dataset {
  const view = (array: DataArray): DataArray => {
    if (array.dims[0] !== samples) return array;
    return {
      ...array,
      dims: [chosen.length, ...array.dims.slice(1)],
      read: (from, to, signal) => gathered(array, chosen.slice(from, to), signal),
      ...(array.picture && { picture: (index, signal) => array.picture!(chosen[index]!, signal) }),
      ...(array.texts && {
        texts: async (from, to, signal) => {
          const runs = runsOf(chosen.slice(from, to));
          return (await Promise.all(runs.map(([first, end]) => array.texts!(first, end, signal)))).flat();
        },
      }),
    };
  };
  const arrays = [...dataset.arrays].map(([name, array]): [string, DataArray] => [name, view(array)]);
  const files = dataset.files && chosen.map((index) => dataset.files![index]!);
  return { ...dataset, arrays: new Map(arrays), ...(files && { files }) };
}

async function gathered(
  array: DataArray,
  chosen: readonly number[],
  signal: AbortSignal | undefined,
): Promise<NumericData> {
  const each = array.dims.slice(1).reduce((product, length) => product * length, 1);
  const all = zeros(array.type!, chosen.length * each);
  let at = 0;
  for (const [from, to] of runsOf(chosen)) {
    const part = await array.read(from, to, signal);
    all.set(part as never, at);
    at += part.length;
  }
  return all;
}

/** Numbers that follow each other, as ranges whose end is exclusive: what lies together is read at once. */
function runsOf(chosen: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const index of chosen) {
    const last = runs.at(-1);
    if (last !== undefined && index === last[1]) last[1] += 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}
