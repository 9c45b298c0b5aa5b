import { Readable } from 'node:stream';
import zlib, { createInflateRaw } from 'node:zlib';
import { crc32 as computed } from '../../base/crc32.js';

/**
 * Unpacks deflated bytes (RFC 1951, without a header) piece by piece, and reads no further than it is asked to. Whoever leaves early
 * leaves nothing open.
 *
 * errors: what `packed` throws, and an Error in words where the bytes are damaged or end too soon.
 */
export async function* inflated(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(packed);
  const target = createInflateRaw();
  source.on('error', (error) => target.destroy(error));
  try {
    yield* source.pipe(target) as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
    target.destroy();
  }
}

/** CRC-32 as in zip archives. Node computes it from 20.15 on. */
export const crc32 = (bytes: Uint8Array): number => zlib.crc32?.(bytes) ?? computed(bytes);
