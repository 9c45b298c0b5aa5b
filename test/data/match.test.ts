import { describe, expect, test } from 'vitest';
import { convert } from '../../src/data/convert.js';
import { datasetOf } from '../../src/data/dataset.js';
import { batches, matchInputs, readLabels } from '../../src/data/match.js';
import { type NumericType, zeros } from '../../src/runtime/dtypes.js';
import type { ValueInfo } from '../../src/runtime/runtime.js';

const array = (type: NumericType, ...dims: number[]) => {
  const data = zeros(
    type,
    dims.reduce((a, b) => a * b, 1),
  );
  for (let i = 0; i < data.length; i++) data[i] = data instanceof BigInt64Array ? BigInt(i % 100) : i % 100;
  return { type, data, dims };
};
const input = (name: string, dtype: ValueInfo['dtype'], ...shape: (number | string)[]): ValueInfo => ({
  name,
  dtype,
  shape,
});
const fed = async (
  tensors: Parameters<typeof datasetOf>[0],
  inputs: ValueInfo[],
  options: Parameters<typeof batches>[1],
) => {
  const shapes = [];
  for await (const { feeds, from, samples } of batches(matchInputs(datasetOf(tensors), inputs), options))
    shapes.push([from, samples, ...Object.values(feeds).map(({ dims }) => dims.join('x'))]);
  return shapes;
};

describe('batches', () => {
  test('a free batch axis takes what is asked for, and the rest', async () => {
    const x = array('float32', 5, 2);
    expect(await fed({ x }, [input('x', 'float32', 'N', 2)], { size: 2 })).toEqual([
      [0, 2, '2x2'],
      [2, 2, '2x2'],
      [4, 1, '1x2'],
    ]);
    expect(await fed({ x }, [input('x', 'float32', '', 2)], { size: 9, samples: 3 })).toEqual([
      [0, 3, '3x2'],
    ]);
  });

  test('a fixed one takes its own length, and leaves out what does not fill it', async () => {
    expect(await fed({ x: array('float32', 5, 2) }, [input('x', 'float32', 2, 2)], { size: 64 })).toEqual([
      [0, 2, '2x2'],
      [2, 2, '2x2'],
    ]);
  });

  test('an input without a sample axis takes one sample at a time, and so do the others', async () => {
    const tensors = { x: array('float32', 2, 8), state: array('float32', 2, 3, 1, 4), sr: array('int64', 2) };
    const inputs = [
      input('x', 'float32', 'batch', 's'),
      input('state', 'float32', 3, 'batch', 4),
      input('sr', 'int64'),
    ];
    expect(await fed(tensors, inputs, { size: 64 })).toEqual([
      [0, 1, '1x8', '3x1x4', ''],
      [1, 1, '1x8', '3x1x4', ''],
    ]);
  });

  test('an array without axes is the same for every batch', async () => {
    const tensors = { x: array('float32', 3, 2), rate: array('int64') };
    expect(await fed(tensors, [input('x', 'float32', 'n', 2), input('rate', 'int64')], { size: 2 })).toEqual([
      [0, 2, '2x2', ''],
      [2, 1, '1x2', ''],
    ]);
  });

  test('elements become what the input takes', async () => {
    const match = matchInputs(datasetOf({ x: array('uint8', 2, 2) }), [input('x', 'float32', 'n', 2)]);
    for await (const { feeds } of batches(match, { size: 2 }))
      expect(feeds.x).toEqual({ type: 'float32', data: new Float32Array([0, 1, 2, 3]), dims: [2, 2] });
  });
});

describe('what does not fit', () => {
  const x = array('float32', 4, 1, 28, 28);
  test.each<[string, Parameters<typeof datasetOf>[0], ValueInfo[], RegExp]>([
    ['no such array', { y: x }, [input('x', 'float32', 'n')], /"x" has no array; the data have "y"/],
    [
      'an axis',
      { x },
      [input('x', 'float32', 'N', 3, 28, 28)],
      /takes float32 \[N, 3, 28, 28\], the array is float32 \[4, 1, 28, 28\]: axis 1 is 1, not 3/,
    ],
    ['the rank', { x }, [input('x', 'float32', 'N', 784)], /it has 4 axes/],
    [
      'too few samples',
      { x },
      [input('x', 'float32', 8, 1, 28, 28)],
      /takes 8 samples at once, and there are 4/,
    ],
    [
      'unlike numbers of samples',
      { x, y: array('float32', 3, 2) },
      [input('x', 'float32', 'N', 1, 28, 28), input('y', 'float32', 'N', 2)],
      /"x" holds 4 samples, "y" 3/,
    ],
    [
      'unlike fixed batches',
      { x: array('float32', 4, 2), y: array('float32', 4, 2) },
      [input('x', 'float32', 1, 2), input('y', 'float32', 2, 2)],
      /unlike numbers of samples: "x" 1, "y" 2/,
    ],
    ['no samples', { x: array('float32', 0, 2) }, [input('x', 'float32', 'N', 2)], /holds no samples/],
    ['not a tensor', { x }, [input('x', 'other')], /takes no numbers/],
    [
      'text',
      { x: { type: 'string', data: ['a'], dims: [1] } },
      [input('x', 'float32', 'n')],
      /are no numbers/,
    ],
  ])('%s', (_, tensors, inputs, words) => {
    expect(() => matchInputs(datasetOf(tensors), inputs)).toThrow(words);
  });

  test('values that the input cannot hold', async () => {
    await expect(
      fed({ x: array('float32', 2, 64) }, [input('x', 'bool', 'n', 64)], { size: 2 }),
    ).rejects.toMatchObject({ code: 'DATA_MISMATCH', what: expect.stringContaining('value 2') });
  });
});

describe('elements of another type', () => {
  test.each<[NumericType, NumericType, (number | bigint)[], (number | bigint)[] | string]>([
    ['uint8', 'float32', [0, 255], [0, 255]],
    ['int64', 'int32', [-5n, 7n], [-5, 7]],
    ['int64', 'int32', [2n ** 40n], '1099511627776'],
    ['int64', 'float32', [16777217n], '16777217'],
    ['int32', 'int64', [-5], [-5n]],
    ['float32', 'int64', [2, -3], [2n, -3n]],
    ['float32', 'int64', [0.5], '0.5'],
    ['float64', 'float32', [0.1, Number.NaN, Infinity], [Math.fround(0.1), Number.NaN, Infinity]],
    ['float64', 'float32', [1e300], '1e+300'],
    ['float32', 'float16', [0.1, 1], [0x2e66, 0x3c00]],
    ['float32', 'float16', [70000], '70000'],
    ['float16', 'float32', [0x3800], [0.5]],
    ['float32', 'uint8', [Number.NaN], 'NaN'],
    ['int8', 'uint8', [-1], '-1'],
    ['uint8', 'bool', [0, 1], [0, 1]],
    ['uint8', 'bool', [2], '2'],
  ])('%s to %s of %s', (from, to, values, expected) => {
    const data = zeros(from, values.length);
    for (let i = 0; i < values.length; i++) data[i] = values[i]!;
    const result = convert(data, from, to);
    expect(typeof result === 'string' ? result : [...(result as Iterable<number | bigint>)]).toEqual(
      expected,
    );
  });
});

describe('labels', () => {
  test('whole numbers of any type, with or without an axis of one', async () => {
    expect(await readLabels(datasetOf({ y: array('int64', 3) }), 'y', 3)).toEqual(new Int32Array([0, 1, 2]));
    expect(await readLabels(datasetOf({ y: array('float32', 3, 1) }), 'y', 3)).toEqual(
      new Int32Array([0, 1, 2]),
    );
  });

  test('anything else says what it is', async () => {
    const fraction = { type: 'float32', data: new Float32Array([0.5]), dims: [1] } as const;
    await expect(readLabels(datasetOf({ y: fraction }), 'y', 1)).rejects.toThrow(/holds 0.5/);
    await expect(readLabels(datasetOf({ y: array('int64', 3, 10) }), 'y', 3)).rejects.toThrow(
      /int64 \[3, 10\]/,
    );
    await expect(readLabels(datasetOf({ y: array('int64', 3) }), 'z', 3)).rejects.toThrow(/no array "z"/);
  });
});
