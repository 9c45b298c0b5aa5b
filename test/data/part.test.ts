import { expect, test } from 'vitest';
import { datasetOf } from '../../src/data/dataset.js';
import { part } from '../../src/data/part.js';

test('a part of the samples is a dataset; what is no samples stays', async () => {
  const all = datasetOf({
    x: { type: 'float32', data: new Float32Array([0, 1, 2, 3, 4, 5, 6, 7]), dims: [4, 2] },
    labels: { type: 'int32', data: new Int32Array([5, 6, 7, 8]), dims: [4] },
    rate: { type: 'int64', data: new BigInt64Array([16000n]), dims: [] },
    names: { type: 'uint8', data: new Uint8Array([1, 2, 3]), dims: [3] },
  });
  const some = part(all, 4, 1, 3);
  const read = async (name: string, from: number, to: number) =>
    Array.from((await some.arrays.get(name)!.read(from, to)) as Float32Array);
  expect(some.arrays.get('x')?.dims).toEqual([2, 2]);
  expect(await read('x', 0, 2)).toEqual([2, 3, 4, 5]);
  expect(await read('x', 1, 2)).toEqual([4, 5]);
  expect(await read('labels', 0, 2)).toEqual([6, 7]);
  expect(some.arrays.get('rate')?.dims).toEqual([]);
  expect(some.arrays.get('names')?.dims).toEqual([3]);
  // A part of a part.
  expect(Array.from((await part(some, 2, 1, 2).arrays.get('labels')!.read(0, 1)) as Int32Array)).toEqual([7]);
});
