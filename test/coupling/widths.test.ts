import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oneFactorEach } from '../../src/compression/prune/factors.js';
import { CostModel } from '../../src/cost/model.js';
import type { Analysis } from '../../src/coupling/analysis.js';
import { analyse } from '../../src/coupling/analysis.js';
import { Widths } from '../../src/coupling/widths.js';
import { registry } from '../../src/ops/registry.js';
import { removalOf } from '../../src/surgery/removal.js';
import { growConvnet, KINDS } from '../support/convnets.js';
import { graphOf } from '../support/graph.js';
import type { ModelSpec } from '../support/onnx.js';
import { draws } from '../support/random.js';
import { growSequenceNet, SEQUENCE_KINDS } from '../support/sequencenets.js';

function analysed(model: ModelSpec): Analysis {
  const { graph, read } = graphOf(model);
  return analyse(graph, registry, read);
}

/** Removes random lanes, and compares what is left with what counts alone say. Gives whether something was removed. */
function agrees(analysis: Analysis, seed: number, few: boolean): boolean {
  const draw = draws(seed);
  const costs = new CostModel(analysis);
  const widths = new Widths(analysis);
  expect(costs.of(widths)).toEqual(costs.of());
  const all = analysis.groups.filter(({ lanes }) => lanes.length > 1);
  const groups = few ? oneFactorEach(analysis.groups, all) : all;
  for (let round = 0; round < 3; round++) {
    const kept = new Map(
      groups.map((group) => {
        const own = group.lanes.map((_, lane) => lane).filter(() => draw(3) > 0);
        return [group, own.length === 0 ? [draw(group.lanes.length)] : own];
      }),
    );
    for (const [group, own] of kept) widths.set(group, own.length);
    expect(costs.of(widths)).toEqual(costs.of(removalOf(analysis, kept)));
  }
  return groups.length > 0;
}

const step = <K extends string>(kinds: readonly K[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(11), size: fc.nat(11) });

test.each([true, false])(
  'costs by numbers of lanes are those of any lanes, convolutional networks (one factor of each product: %s)',
  (few) => {
    let cut = 0;
    fc.assert(
      fc.property(
        fc.array(step(KINDS), { minLength: 1, maxLength: 12 }),
        fc.nat(1_000_000),
        (steps, seed) => {
          if (agrees(analysed(growConvnet(steps, seed)), seed, few)) cut += 1;
        },
      ),
      { numRuns: 150 },
    );
    expect(cut).toBeGreaterThan(140);
  },
);

test.each([true, false])('the same for networks over sequences (one factor of each product: %s)', (few) => {
  let cut = 0;
  const steps = fc.array(step(SEQUENCE_KINDS), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(steps, fc.nat(1_000_000), (grown, seed) => {
      if (agrees(analysed(growSequenceNet(grown, seed)), seed, few)) cut += 1;
    }),
    { numRuns: 150 },
  );
  expect(cut).toBeGreaterThan(100);
});
