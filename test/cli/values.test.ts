import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { parseCriterion } from '../../src/cli/parseCriterion.js';
import { parseBytes, parseName, parseNumber } from '../../src/cli/values.js';
import { combine } from '../../src/index.js';
import { nearest } from '../../src/schema/near.js';

const refused = (parse: (text: string) => unknown, ...texts: string[]) => {
  for (const text of texts) expect(() => parse(text), text).toThrow(InvalidArgumentError);
};

test('numbers', () => {
  expect(['0.5', '.5', '1', '1e-2', '-3'].map(parseNumber)).toEqual([0.5, 0.5, 1, 0.01, -3]);
  refused(parseNumber, '', 'abc', 'NaN', 'Infinity', '0,5', '50%', '0x10', '1e999');
});

test('bytes', () => {
  expect(['2MB', '500kB', '1MiB', '1.5 mb', '2000000', '7B', '1GiB'].map(parseBytes)).toEqual([
    2_000_000,
    500_000,
    1_048_576,
    1_500_000,
    2_000_000,
    7,
    2 ** 30,
  ]);
  refused(parseBytes, '', 'MB', '2XB', '-1', '0', '1..2MB', '2MB extra', '99999999999GB');
});

describe('names', () => {
  const names = ['entropy', 'l1', 'l2', 'random'];
  test('one of those there are', () => {
    expect(parseName(names)('l1')).toBe('l1');
    expect(() => parseName(names)('entrpy')).toThrow(
      'There is entropy, l1, l2, random. Did you mean entropy?',
    );
    expect(() => parseName(names)('taylor')).toThrow(/random\.$/);
  });

  test('the nearest, if it is near', () => {
    expect(nearest('Entropy', names)).toBe('entropy');
    expect(nearest('L2', names)).toBe('l2');
    expect(nearest('magnitude', names)).toBeUndefined();
  });
});

describe('a criterion', () => {
  const parse = parseCriterion(['l1', 'l2', 'wanda', 'mine+yours']);
  test('by its name, whatever that holds', () => {
    expect(['l1', 'mine+yours'].map(parse)).toEqual(['l1', 'mine+yours']);
  });

  test('or several as one, each with its weight', () => {
    const parts = [{ criterion: 'l1', weight: 2 }, { criterion: 'wanda' }];
    expect(parse('l1:2+wanda')).toEqual(combine(parts));
    expect(parse('l1:2+wanda,by=share')).toEqual(combine(parts, 'share'));
    expect(parse('l1:0.5+l1')).toEqual(combine([{ criterion: 'l1', weight: 0.5 }, { criterion: 'l1' }]));
  });

  test('of those there are, with weights and a way to compare that there are', () => {
    refused(
      parse,
      'l3',
      'l1+',
      '+l1',
      'l1:+l2',
      'l1:0+l2',
      'l1:-1',
      'l1:2:3+l2',
      'l1+l2,by=sum',
      'l1+l2,share',
    );
    expect(() => parse('l1+wand')).toThrow('Did you mean wanda?');
  });
});
