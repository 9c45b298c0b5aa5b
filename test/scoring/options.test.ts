import { describe, expect, expectTypeOf, test } from 'vitest';
import { meaningOf } from '../../src/schema/fields.js';
import { criteria } from '../../src/scoring/criteria.js';
import { defaultsOf, fieldOf, optionsFor } from '../../src/scoring/options.js';
import type { CriterionOptions, ValuesOf } from '../../src/scoring/optionTypes.js';

const options = {
  damping: { default: 0.01, above: 0, most: 1, help: 'share of the mean that is added' },
  steps: { default: 8, whole: true, least: 1, help: 'steps' },
  norm: { default: 'l1', choices: ['l1', 'l2'], help: 'norm' },
  signed: { default: false, help: 'keep signs' },
  array: { default: 'weights', help: 'name of an array' },
} as const satisfies CriterionOptions;

const criterion = { name: 'own', options };

describe('options of a criterion', () => {
  test('values are of the types of the declarations', () => {
    expectTypeOf<ValuesOf<typeof options>>().toEqualTypeOf<{
      readonly damping: number;
      readonly steps: number;
      readonly norm: 'l1' | 'l2';
      readonly signed: boolean;
      readonly array: string;
    }>();
  });

  test('what is given lies over the defaults', () => {
    expect(optionsFor(criterion)).toEqual(defaultsOf(options));
    expect(optionsFor(criterion, { damping: 0.5, norm: 'l2', array: 'w' })).toEqual({
      ...defaultsOf(options),
      damping: 0.5,
      norm: 'l2',
      array: 'w',
    });
  });

  test.each([
    [{ damping: 0 }, 'criterionOptions.damping must be a number above 0 and up to 1, not 0'],
    [{ damping: 1.5 }, 'must be a number above 0 and up to 1, not 1.5'],
    [{ steps: 1.5 }, 'criterionOptions.steps must be a whole number from 1 on, not 1.5'],
    [{ steps: Number.NaN }, 'must be a whole number from 1 on, not NaN'],
    [{ steps: '8' }, 'must be a whole number from 1 on, not "8"'],
    [{ norm: 'l3' }, "criterionOptions.norm must be one of 'l1', 'l2', not \"l3\""],
    [{ signed: 1 as unknown as boolean }, 'criterionOptions.signed must be true or false, not 1'],
    [{ array: '' }, 'criterionOptions.array must be a string, not ""'],
    [{ step: 8 }, 'the criterion own has no option "step"'],
    [{ toString: 8 }, 'the criterion own has no option "toString"'],
  ])('%o is refused', (given, words) => {
    expect(() => optionsFor(criterion, given)).toThrow(words);
  });

  test('a refusal says the default, or the nearest name', () => {
    expect(() => optionsFor(criterion, { steps: 0 })).toThrow('Its default is 8.');
    expect(() => optionsFor(criterion, { step: 8 })).toThrow(
      'Did you mean steps? Its options: damping, steps',
    );
  });

  test.each([
    [{ default: 1, help: '' }, 'a number'],
    [{ default: 1, whole: true, help: '' }, 'a whole number'],
    [{ default: 1, least: 0, most: 2, help: '' }, 'a number from 0 to 2'],
    [{ default: 1, above: 0, below: 2, help: '' }, 'a number between 0 and 2, both exclusive'],
    [{ default: 1, least: 0, below: 2, help: '' }, 'a number from 0 on and below 2'],
    [{ default: 1, below: 2, help: '' }, 'a number below 2'],
    [{ default: 1, most: 2, help: '' }, 'a number up to 2'],
  ])('%o takes %s', (own, words) => {
    expect(meaningOf(fieldOf(own)).says).toBe(words);
  });
});

test.each(criteria.map((own) => [own.name, own] as const))(
  'the defaults of %s pass its own checks',
  (_, own) => {
    const defaults = defaultsOf(own.options);
    expect(optionsFor(own, defaults)).toEqual(defaults);
  },
);
