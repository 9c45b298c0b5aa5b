import { expect, test } from 'vitest';
import * as numbers from '../../src/report/numbers.js';

test('counts, multiply-adds and bytes', () => {
  expect([0, 999, 1000, 25_557_032, 999_949, 999_950, 4.1e9].map(numbers.count)).toEqual([
    '0',
    '999',
    '1.0 k',
    '25.6 M',
    '999.9 k',
    '1.0 M',
    '4.1 G',
  ]);
  expect([500, 4_089_284_608].map(numbers.macs)).toEqual(['500 MACs', '4.1 GMACs']);
  expect([999, 97_800_000, 2_500].map(numbers.bytes)).toEqual(['999 B', '97.8 MB', '2.5 kB']);
});

test('shares', () => {
  expect([0.4981, 1, null, Number.NaN].map(numbers.percent)).toEqual(['49.8 %', '100.0 %', '-', '-']);
  expect(numbers.share(1, 0)).toBe('-');
});

test('times and small numbers', () => {
  expect([0.0456, 0.5, 1.2345, 123.4, 2500].map(numbers.milliseconds)).toEqual([
    '0.046 ms',
    '0.50 ms',
    '1.23 ms',
    '123 ms',
    '2500 ms',
  ]);
  expect([0, 0.12345, 1.2e-7, 12.345, 2e7, null, Infinity].map((n) => numbers.decimal(n))).toEqual([
    '0',
    '0.123',
    '1.20e-7',
    '12.3',
    '2.00e+7',
    '-',
    '-',
  ]);
});

test('cosines show how far they are from one', () => {
  expect([1, 0.9, 0.99987, 0.99999987, -1, 0, null].map(numbers.cosine)).toEqual([
    '1.0000',
    '0.9000',
    '0.99987',
    '0.99999987',
    '-1.0000',
    '0.0000',
    '-',
  ]);
});
