import type { DataArray, Dataset } from './dataset.js';

/**
 * Samples `from` to `to`, exclusive, of a dataset of `samples`, as a dataset: a view that reads nothing by itself.
 * Arrays that are not of that many samples (constants, names of classes) stay as they are.
 */
export function part(dataset: Dataset, samples: number, from: number, to: number): Dataset {
  const view = (array: DataArray): DataArray => {
    if (array.dims[0] !== samples) return array;
    return {
      ...array,
      dims: [to - from, ...array.dims.slice(1)],
      read: (first, end, signal) => array.read(from + first, from + end, signal),
      ...(array.picture && {
        picture: (index, signal) => array.picture!(from + index, signal),
      }),
      ...(array.texts && {
        texts: (first, end, signal) => array.texts!(from + first, from + end, signal),
      }),
    };
  };
  const arrays = [...dataset.arrays].map(([name, array]): [string, DataArray] => [name, view(array)]);
  return { source: dataset.source, arrays: new Map(arrays) };
}
