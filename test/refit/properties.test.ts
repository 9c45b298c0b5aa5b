import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { encodeModel, type ModelSpec } from '../support/onnx.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';
import { datasetFor, error, feedsFor, prune } from './refits.js';

const CASES = Number(process.env.ESPALIER_REFITS ?? 12);
const SAMPLES = 24;

const step = <K extends string>(kinds: readonly K[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(11), size: fc.nat(11) });

/** What is lost on the samples that were fitted to, refitted and not. Undefined where there is nothing to prune. */
async function losses(spec: ModelSpec): Promise<readonly [refitted: number, cut: number] | undefined> {
  const data = datasetFor(spec, SAMPLES);
  {
    using opened = await openModel(encodeModel(spec));
    if (!opened.inspect().groups.some(({ lanes }) => lanes > 1)) return undefined;
  }
  const feeds = feedsFor(spec, SAMPLES, 1);
  const options = { data, ratio: 0.4, criterion: 'random', roundTo: 1 };
  const [refitted, cut] = await Promise.all(
    [true, false].map((reconstruct) => prune(spec, { ...options, reconstruct })),
  );
  expect(refitted!.plan.groups).toEqual(cut!.plan.groups);
  return [await error(spec, refitted!.bytes, feeds), await error(spec, cut!.bytes, feeds)];
}

async function better(
  grow: (seed: number) => ModelSpec | undefined,
  seed: number,
  found: number[],
): Promise<void> {
  const spec = grow(seed);
  const own = spec && (await losses(spec));
  if (own === undefined) return;
  const [refitted, cut] = own;
  expect(refitted).toBeLessThan(cut + 1e-3);
  found.push(refitted / Math.max(cut, 1e-12));
}

describe('refitted models are no worse on what they were fitted to', () => {
  test('convolutional networks', async () => {
    const ratios: number[] = [];
    const steps = fc.array(step(KINDS), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(1_000_000), (grown, seed) =>
        better(() => growConvnet(grown, seed), seed, ratios),
      ),
      { numRuns: CASES },
    );
    expect(ratios.length).toBeGreaterThan(CASES / 2);
  }, 600_000);

  test('networks over sequences', async () => {
    const ratios: number[] = [];
    const steps = fc.array(step(SEQUENCE_KINDS), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(1_000_000), (grown, seed) =>
        better(() => growSequenceNet(grown, seed), seed, ratios),
      ),
      { numRuns: CASES },
    );
    expect(ratios.length).toBeGreaterThan(CASES / 2);
  }, 600_000);
});
