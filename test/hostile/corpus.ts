/**
 * Writes the corpora that the Rust fuzzers begin with, fuzz/corpus/<target>/: small models that the tests build.
 *
 *   npx tsx test/hostile/corpus.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { draws } from '../support/random.js';
import { seeds } from './seeds.js';

const root = fileURLToPath(new URL('../../fuzz/corpus/', import.meta.url));
const next = draws(1);
const random = (length: number) => Uint8Array.from({ length }, () => next(256));

for (const target of ['document', 'surgery', 'external']) mkdirSync(join(root, target), { recursive: true });
for (const [name, bytes] of seeds()) {
  writeFileSync(join(root, 'document', name), bytes);
  // A model, what its edits are made of, and how long that is.
  for (const length of [16, 120])
    writeFileSync(
      join(root, 'surgery', `${name}-${length}`),
      Buffer.concat([bytes, random(length), Uint8Array.of(length, 0)]),
    );
}
for (let i = 0; i < 20; i++) writeFileSync(join(root, 'external', `${i}`), random(20 + 10 * i));
