import { describe, expect, test } from 'vitest';
import { fromBytes, halfToNumber, numbersOf, numberToHalf } from '../../src/runtime/dtypes.js';

describe('float16', () => {
  test('every bit pattern survives the way to a number and back', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToNumber(bits);
      if (Number.isNaN(value)) expect(numberToHalf(value) & 0x7e00).toBe(0x7e00);
      else if (numberToHalf(value) !== bits) expect([bits, value, numberToHalf(value)]).toEqual([bits]);
    }
  });

  test('between two neighbours the nearer wins, and of two equally near the even one', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const got = [middle, middle - (high - low) / 8, middle + (high - low) / 8].map(numberToHalf);
      if (got[0] !== even || got[1] !== bits || got[2] !== bits + 1)
        expect([bits, ...got]).toEqual([bits, even, bits, bits + 1]);
    }
  });

  test('limits', () => {
    expect([65519, 65520, 1e30, Infinity, -Infinity, -0].map(numberToHalf)).toEqual([
      0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00, 0x8000,
    ]);
  });
});

test('bytes at an odd place become elements', () => {
  const bytes = new Uint8Array([7, 0, 0, 128, 63, 0, 0, 0, 192]).subarray(1);
  expect(fromBytes('float32', bytes)).toEqual(new Float32Array([1, -2]));
});

test('elements of each type as numbers', () => {
  expect([
    ...Array.from(numbersOf({ type: 'float16', data: new Uint16Array([0x3c00]), dims: [1] })),
    ...Array.from(numbersOf({ type: 'int64', data: new BigInt64Array([-5n]), dims: [1] })),
    ...Array.from(numbersOf({ type: 'uint8', data: new Uint8Array([200]), dims: [1] })),
  ]).toEqual([1, -5, 200]);
});
