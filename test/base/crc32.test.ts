import { expect, test } from 'vitest';
import { crc32 } from '../../src/base/crc32.js';
import { crc32 as ofPlatform } from '../../src/platform/index.js';

const bytes = (text: string) => new TextEncoder().encode(text);

test('is what the standard says of its own example', () => {
  expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
  expect(crc32(bytes(''))).toBe(0);
});

test('is what the platform computes, of bytes of every value', () => {
  const all = Uint8Array.from({ length: 1000 }, (_, i) => (i * 167) & 255);
  expect(crc32(all)).toBe(ofPlatform(all));
  expect(crc32(all.subarray(1))).toBe(ofPlatform(all.subarray(1)));
});
