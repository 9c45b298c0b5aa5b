import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadData } from '../../src/data/data.js';
import { datasetOf } from '../../src/data/dataset.js';
import { shared } from '../runtime/models.js';
import { bytes, float32, int64, npy, npz, written } from './files.js';

const read = async (path: string, name: string, from = 0, to = Number.MAX_SAFE_INTEGER) => {
  const array = (await loadData(path)).arrays.get(name)!;
  return array.read(from, Math.min(to, array.dims[0] ?? 1));
};

describe('reading', () => {
  test.each([0, 6] as const)('an .npz packed at level %i', async (level) => {
    const path = await written(
      'd.npz',
      npz({ 'a:0': float32('2, 3', 1, 2, 3, 4, 5, 6), b: int64('2,', 7n, -8n) }, level),
    );
    const { arrays } = await loadData(path);
    expect([...arrays.values()].map(({ name, type, dims }) => [name, type, dims])).toEqual([
      ['a:0', 'float32', [2, 3]],
      ['b', 'int64', [2]],
    ]);
    expect(await read(path, 'a:0')).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect(await read(path, 'a:0', 1, 2)).toEqual(new Float32Array([4, 5, 6]));
    expect(await read(path, 'b', 1, 2)).toEqual(new BigInt64Array([-8n]));
  });

  test('a folder of .npy, and one .npy', async () => {
    const path = await written('x.npy', float32('2,', 1, 2));
    await writeFile(join(dirname(path), 'y.npy'), int64('', 5n));
    await writeFile(join(dirname(path), 'notes.txt'), 'not data');
    expect([...(await loadData(dirname(path))).arrays.keys()]).toEqual(['x', 'y']);
    expect(await read(dirname(path), 'y')).toEqual(new BigInt64Array([5n]));
    expect(await read(path, 'x')).toEqual(new Float32Array([1, 2]));
  });

  test.each([
    ['<f8', new Float64Array([0.5, -1])],
    ['<f4', new Float32Array([0.5, -1])],
    ['<f2', new Uint16Array([0x3800, 0xbc00])],
    ['|i1', new Int8Array([5, -1])],
    ['<i2', new Int16Array([500, -1])],
    ['<i4', new Int32Array([500000, -1])],
    ['<i8', new BigInt64Array([5n, -1n])],
    ['|u1', new Uint8Array([5, 255])],
    ['<u2', new Uint16Array([5, 65535])],
    ['<u4', new Uint32Array([5, 4294967295])],
    ['<u8', new BigUint64Array([5n, 2n ** 63n])],
    ['|b1', new Uint8Array([1, 0])],
  ])('elements of type %s', async (descr, data) => {
    expect(await read(await written('x.npy', npy(descr, '2,', bytes(data))), 'x')).toEqual(data);
  });

  test('the other byte order, the other axis order, and later header versions', async () => {
    const big = npy('>i2', '2,', new Uint8Array([1, 2, 255, 255]), { version: 2 });
    expect(await read(await written('x.npy', big), 'x')).toEqual(new Int16Array([258, -1]));
    const columns = npy('<f4', '2, 3', bytes(new Float32Array([1, 4, 2, 5, 3, 6])), {
      fortran: true,
      version: 3,
    });
    expect(await read(await written('x.npy', columns), 'x')).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect(await read(await written('x.npz', npz({ x: columns })), 'x', 1, 2)).toEqual(
      new Float32Array([4, 5, 6]),
    );
  });

  test('text is listed, and refused only when it is read', async () => {
    const path = await written(
      'd.npz',
      npz({ label: npy('<U1', '2,', new Uint8Array(8)), x: float32('2,', 1, 2) }),
    );
    expect((await loadData(path)).arrays.get('label')).toMatchObject({
      type: undefined,
      descr: '<U1',
      dims: [2],
    });
    await expect(read(path, 'label')).rejects.toMatchObject({ code: 'DATA_MISMATCH' });
    expect(await read(path, 'x')).toHaveLength(2);
  });

  test('texts of either width and byte order, without what fills them up', async () => {
    const wide = (...points: number[]) => bytes(Uint32Array.from(points));
    const swapped = Buffer.from(wide(0x61, 0x1f600, 0x62, 0)).swap32();
    const path = await written(
      'd.npz',
      npz({
        wide: npy('<U2', '3,', wide(0x61, 0, 0xe9, 0x1f600, 0, 0)),
        big: npy('>U2', '2,', swapped),
        single: npy('|S3', '2, 2', Buffer.from('ab\0c\0\0\0\0\0\u00e9z')),
        columns: npy('<U1', '2, 2', wide(0x61, 0x62, 0x63, 0x64), { fortran: true }),
        odd: npy('<U1', '1,', wide(0xffffffff)),
      }),
    );
    const { arrays } = await loadData(path);
    const texts = (name: string, from: number, to: number) => arrays.get(name)!.texts!(from, to);
    expect(await texts('wide', 0, 3)).toEqual(['a', '\u00e9\u{1f600}', '']);
    expect(await texts('big', 0, 2)).toEqual(['a\u{1f600}', 'b']);
    expect(await texts('single', 1, 2)).toEqual(['', '\u00e9z']);
    expect(await texts('columns', 0, 2)).toEqual(['a', 'c', 'b', 'd']);
    expect(await texts('odd', 0, 1)).toEqual(['\ufffd']);
    expect(arrays.get('wide')!.type).toBeUndefined();
    const memory = datasetOf({ words: { type: 'string', data: ['a', 'b', 'c', 'd'], dims: [2, 2] } });
    expect(await memory.arrays.get('words')!.texts!(1, 2)).toEqual(['c', 'd']);
  });

  test('tensors in memory', async () => {
    const { arrays } = datasetOf({
      x: { type: 'float32', data: new Float32Array([1, 2, 3, 4]), dims: [2, 2] },
    });
    expect(await arrays.get('x')!.read(1, 2)).toEqual(new Float32Array([3, 4]));
    expect(() => datasetOf({ x: { type: 'float32', data: new Float32Array(3), dims: [2, 2] } })).toThrow(
      /3 elements/,
    );
  });

  test.skipIf(!existsSync(shared('models')))('what NumPy wrote (needs ../shared)', async () => {
    const path = shared('models/mnist.test.npz');
    expect(await read(path, 'label', 0, 10)).toHaveLength(10);
    const image = await read(path, 'input', 2999, 3000);
    expect(image).toHaveLength(784);
    expect((image as Float32Array).every(Number.isFinite)).toBe(true);
  });
});

describe('hostile files', () => {
  const good = npz({ x: float32('4, 250', ...Array<number>(1000).fill(0)) });
  const patched = (find: number[], offset: number, value: number, source = good): Uint8Array => {
    const copy = Buffer.from(source);
    const at = copy.lastIndexOf(Buffer.from(find));
    copy.writeUInt32LE(value, at + offset);
    return copy;
  };
  const ENTRY = [0x50, 0x4b, 1, 2];
  const END = [0x50, 0x4b, 5, 6];

  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /cut off/],
    ['no archive at all', Buffer.from('this is not data, just words'), /not a zip archive/],
    ['end missing', good.subarray(0, good.length - 30), /not a zip archive/],
    ['beginning missing', good.subarray(20), /directory lists 1 files, but holds 0/],
    ['claims more than deflate can hold', patched(ENTRY, 24, 0x7fffffff), /claims to hold 2147483647 bytes/],
    ['reaches beyond the end', patched(ENTRY, 20, 0x00ffffff), /beyond the end/],
    ['local header elsewhere', patched(ENTRY, 42, 7), /not where the directory says/],
    ['local header beyond the end', patched(ENTRY, 42, 0x7fffffff), /cut off/],
    ['sizes that need 64 bits and lack them', patched(ENTRY, 24, 0xffffffff), /lacks its 64-bit sizes/],
    ['directory outside of the file', patched(END, 16, 0x7fffffff), /outside of the file/],
    ['more files listed than held', patched(END, 10, 0x0000ffff & 9), /lists 9 files|directory/],
    ['another method', patched(ENTRY, 10, 14), /method 14/],
    ['encrypted', patched(ENTRY, 8, 1 | (8 << 16)), /encrypted/],
    ['a truncated .npy inside', npz({ x: float32('4,', 1, 2) }), /takes 16 bytes, but 8 are there/],
    ['an .npy with more than its shape', npz({ x: float32('1,', 1, 2) }), /takes 4 bytes, but 8/],
    ['no .npy inside', npz({}), /no .npy arrays/],
    ['rubbish as .npy', npz({ x: Buffer.from('hello, this is no array') }), /does not begin as an .npy/],
    [
      'a header beyond the file',
      npz({ x: Buffer.from('\x93NUMPY\x01\x00\xff\x00{}', 'latin1') }),
      /claims 265 bytes/,
    ],
    [
      'a header of a gigabyte',
      npz({ x: Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\x3f', 'latin1') }),
      /claims 10737/,
    ],
    [
      'a version from the future',
      npz({ x: npy('<f4', '1,', new Uint8Array(4), { version: 9 }) }),
      /version 9/,
    ],
    [
      'a shape beyond all bounds',
      npz({ x: npy('<f4', '99999999999, 99999999999', new Uint8Array(4)) }),
      /beyond all bounds/,
    ],
    [
      'texts of no letters without end',
      npz({ x: npy('<U0', '99999999,', new Uint8Array(0)) }),
      /hold nothing/,
    ],
    ['texts that are cut off', npz({ x: npy('<U4', '2,', new Uint8Array(16)) }), /takes 32 bytes, but 16/],
    ['a shape that is no shape', npz({ x: npy('<f4', '-1, 4', new Uint8Array(4)) }), /header cannot be read/],
    [
      'a huge shape over few bytes',
      npz({ x: npy('<f4', '4000000000,', new Uint8Array(4)) }),
      /takes 16000000000 bytes/,
    ],
  ])('%s', async (_, data, words) => {
    const path = await written('d.npz', data);
    await expect(loadData(path)).rejects.toMatchObject({
      code: 'DATA_MALFORMED',
      what: expect.stringMatching(words),
      where: { file: path },
    });
  });

  test('damaged contents are found by their checksum or by inflate', async () => {
    const source = npz({ x: float32('500,', ...Array.from({ length: 500 }, (_, i) => Math.sin(i))) });
    for (const at of [300, 700, 1200]) {
      const copy = Buffer.from(source);
      copy[at]! ^= 0x55;
      await expect(read(await written('d.npz', copy), 'x')).rejects.toMatchObject({ code: 'DATA_MALFORMED' });
    }
  });

  test('an entry that unpacks to more than it claims is stopped there', async () => {
    const data = float32('4, 250', ...Array<number>(1000).fill(0));
    const short = patched(ENTRY, 24, data.length - 4000 + 40, npz({ x: data }));
    await expect(read(await written('d.npz', short), 'x')).rejects.toMatchObject({ code: 'DATA_MALFORMED' });
  });

  test('one name twice', async () => {
    const one = Buffer.from(npz({ xy: float32('1,', 1), xz: float32('1,', 2) }));
    const twice = Buffer.from(one.toString('latin1').replaceAll('xz.npy', 'xy.npy'), 'latin1');
    await expect(loadData(await written('d.npz', twice))).rejects.toThrow(/twice/);
  });

  test('a path that does not exist, and an empty folder', async () => {
    await expect(loadData('/nowhere/at/all.npz')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(loadData(dirname(await written('notes.txt', new Uint8Array(1))))).rejects.toMatchObject({
      code: 'DATA_MALFORMED',
    });
  });
});
