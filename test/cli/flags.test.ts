import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addFlags, flagsOf, givenOf } from '../../src/cli/flags.js';
import type { Declarations } from '../../src/schema/declaration.js';
import { flag, number, oneOf, signal, textsOf, whole, words } from '../../src/schema/fields.js';

const options = {
  file: { takes: words(), help: 'what to read', needed: true, sign: 'FILE', letter: 'f' },
  damping: {
    takes: number({ above: 0, most: 1 }),
    help: 'damping',
    defaults: [{ is: 0.01 }, { when: { api: 'with `data`', cli: 'with --data' }, is: 0.1 }],
    sign: 'X',
    heading: 'Samples',
  },
  steps: { takes: whole(1), help: 'steps', sign: 'N' },
  meanNorm: { takes: oneOf(['l1', 'l2']), help: 'norm', defaults: [{ is: 'l1' }], sign: 'WORD' },
  keep: { takes: textsOf('an array'), help: 'what stays', sign: 'GLOB' },
  refit: { takes: flag(), help: 'refit', off: 'do not refit', defaults: [{ is: true }], heading: 'Checking' },
  signal: { takes: signal(), help: 'abort' },
} satisfies Declarations;

const command = (): Command => {
  const own = new Command('own').exitOverride().configureOutput({ writeErr: () => {} });
  return addFlags(own, flagsOf(options), true);
};

const given = (...args: string[]) =>
  givenOf(command().parse(['-f', 'a', ...args], { from: 'user' }), { all: options });

describe('flags of declarations', () => {
  test('their names, what they do, what there is to choose from, and their defaults', () => {
    const shown = command().options.map(({ flags, description }) => [flags, description]);
    expect(Object.fromEntries(shown)).toEqual({
      '-f, --file <FILE>': 'what to read',
      '--damping <X>': 'damping (default: 0.01; with --data: 0.1)',
      '--steps <N>': 'steps',
      '--mean-norm <WORD>': 'norm: l1, l2 (default: l1)',
      '--keep <GLOB>': 'what stays; may be repeated',
      '--no-refit': 'do not refit',
    });
  });

  test('stand under their headings, in the order of these', () => {
    const headings = command().options.map(({ helpGroupHeading }) => helpGroupHeading);
    expect(headings).toEqual([undefined, undefined, undefined, undefined, 'Samples:', 'Checking:']);
    const plain = addFlags(new Command(), flagsOf(options));
    expect(plain.options.every(({ helpGroupHeading }) => helpGroupHeading === undefined)).toBe(true);
  });

  test('what is given is read, fractions too; what is not is left out', () => {
    expect(given()).toEqual({ file: 'a' });
    expect(given('--damping', '.5', '--mean-norm', 'l2', '--keep', 'a', '--keep', 'b', '--no-refit')).toEqual(
      {
        file: 'a',
        damping: 0.5,
        meanNorm: 'l2',
        keep: ['a', 'b'],
        refit: false,
      },
    );
  });

  test('what must be given, and what means nothing', () => {
    expect(() => command().parse([], { from: 'user' })).toThrow("'-f, --file <FILE>' not specified");
    expect(() => given('--steps', 'few')).toThrow('"few" is not a number.');
    expect(() => given('--mean-norm', 'l3')).toThrow('There is l1, l2.');
  });
});
