import { describe, expect, test } from 'vitest';
import { loadData } from '../../src/index.js';
import { bytes, written } from './files.js';

function safetensors(header: unknown, data: Uint8Array, length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([head, Buffer.from(text), data]);
}

const open = async (header: unknown, data: Uint8Array = new Uint8Array(), length?: bigint) =>
  loadData(await written('s.safetensors', safetensors(header, data, length)));

test('arrays of a .safetensors are read in parts', async () => {
  const floats = Float32Array.of(1, 2, 3, 4, 5, 6);
  const data = Buffer.concat([
    bytes(floats),
    bytes(BigInt64Array.of(-7n, 8n)),
    Buffer.from([0x80, 0x3f, 0, 0xc0]),
  ]);
  const { arrays } = await open(
    {
      __metadata__: { made: 'here' },
      x: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      y: { dtype: 'I64', shape: [2], data_offsets: [24, 40] },
      z: { dtype: 'BF16', shape: [2], data_offsets: [40, 44] },
    },
    data,
  );
  expect([...arrays.keys()]).toEqual(['x', 'y', 'z']);
  expect(arrays.get('x')).toMatchObject({ type: 'float32', dims: [2, 3] });
  expect(await arrays.get('x')!.read(1, 2)).toEqual(Float32Array.of(4, 5, 6));
  expect(await arrays.get('y')!.read(0, 2)).toEqual(BigInt64Array.of(-7n, 8n));
  expect(await arrays.get('z')!.read(0, 2)).toEqual(Float32Array.of(1, -2));
});

describe('what contradicts itself is refused', () => {
  const x = (more: object) => ({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...more } });
  const four = new Uint8Array(4);
  test.each<[string, unknown, Uint8Array, bigint | undefined]>([
    ['a header beyond the file', x({}), four, 1000n],
    ['a header beyond all bounds', x({}), four, 2n ** 40n],
    ['no JSON', '{"x": ', four, undefined],
    ['an element type that is not known', x({ dtype: 'F3' }), four, undefined],
    ['a shape of another length', x({ shape: [2] }), four, undefined],
    ['a negative length', x({ shape: [-1] }), four, undefined],
    ['a place beyond the file', x({ data_offsets: [4, 8] }), four, undefined],
    ['no place', x({ data_offsets: null }), four, undefined],
    ['no entry', { x: 3 }, four, undefined],
    ['no arrays', {}, four, undefined],
  ])('%s', async (_, header, data, length) => {
    await expect(open(header, data, length)).rejects.toMatchObject({ code: 'DATA_MALFORMED' });
  });
});
