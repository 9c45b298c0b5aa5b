import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModel, verify } from '../../src/index.js';

/** Trained models beside the repository; a clone elsewhere has none. */
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));
const models = ['models', 'zoo'].flatMap((folder) => {
  const path = join(shared, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => ({ name, path: join(path, name) }));
});

/** The samples that come with a model of the zoo; quantised and half-precision copies share their original's. */
function samplesOf(path: string): string | undefined {
  const data = path.replace(/(-qdq|-fp16)?\.onnx$/, '.npz');
  return existsSync(data) ? data : undefined;
}

describe.skipIf(models.length === 0)('trained models (skipped where ../shared is not there)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-zoo-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(models)(
    '$name: half of every axis leaves, and what is left answers through the same interface',
    async ({ name, path }) => {
      using model = await openModel(path);
      expect(model.inspect().shares.prunable).toBeGreaterThan(0.4);
      const pruned = await model.prune({ ratio: 0.5 });
      expect(pruned.after.params / pruned.before.params).toBeLessThan(0.85);
      const out = join(folder, name);
      await pruned.save(out);
      const data = samplesOf(path);
      const { faults, outputs } = await verify(path, out, {
        samples: 2,
        runs: 0,
        ...(data !== undefined && { data }),
      });
      expect(faults).toEqual([]);
      expect(outputs.length).toBeGreaterThan(0);
    },
  );
});
