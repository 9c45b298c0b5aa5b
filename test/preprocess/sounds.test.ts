import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetFor } from '../../src/data/samples.js';
import cases from './fixtures/sounds.json' with { type: 'json' };

const fixtures = join(import.meta.dirname, 'fixtures');

describe('what a model hears is what the reference makes', () => {
  test.each(
    cases.map((one) => [one.sound, one.preprocess.sampling_rate, one.preprocess.do_normalize, one] as const),
  )(
    '%s at %i Hz, normalised: %s',
    async (_name, _rate, _normalises, { sound, preprocess, length, values }) => {
      const dataset = await datasetFor(join(fixtures, sound), {
        inputs: [{ name: 'input_values', dtype: 'float32', shape: ['n', 'samples'] }],
        preprocess,
      });
      const array = dataset.arrays.get('input_values')!;
      expect(array.dims).toEqual([1, length]);
      const found = ((await array.read(0, 1)) as Float32Array).filter((_, i) => i % 7 === 0);
      expect(found).toHaveLength(values.length);
      // float32, and the six digits of the fixtures; the reference was computed in double precision.
      const most = Math.max(...values.map(Math.abs));
      for (const [i, value] of values.entries())
        expect(Math.abs(found[i]! - value)).toBeLessThan(4e-6 * most);
    },
  );
});
