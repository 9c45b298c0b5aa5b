import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/index.js';
import { prunesExactly } from '../support/exact.js';
import { encodeModel } from '../support/onnx.js';
import { FRONTS, openLengthNet } from '../support/openLengths.js';

const groupsOf = async (kind: string): Promise<readonly number[]> => {
  using model = await openModel(encodeModel(openLengthNet(kind)));
  return model.inspect().groups.map(({ lanes }) => lanes);
};

describe('lengths that data decides leave the channels free', () => {
  test.each(Object.keys(FRONTS))('%s', async (kind) => {
    expect(await groupsOf(kind)).toContain(6);
    const pruned = await Promise.all([1, 2, 3].map((seed) => prunesExactly(openLengthNet(kind, seed), seed)));
    expect(pruned).toContain(true);
  });
});
