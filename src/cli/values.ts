import { InvalidArgumentError } from 'commander';
import { nearest } from '../schema/near.js';

/** What stands on the command line, as what it means; what means nothing is refused before any file is opened. */

/**
 * A decimal number such as `0.5`, `-3` or `1e-4`. Throws InvalidArgumentError for anything else, `Infinity` and
 * hexadecimals included.
 */
export function parseNumber(text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

/** How far apart the numbers of a range are where nothing else is said. */
const STEP = 0.1;
const MOST_NUMBERS = 1000;

/** Numbers with commas between them, and ranges: `0.9..0.2` goes in steps of a tenth, `0.9..0.8..0.05` in those of a twentieth. */
export function parseNumbers(text: string): readonly number[] {
  return text.split(',').flatMap((part) => {
    const [from, to, by, ...more] = part.split('..').map((own) => parseNumber(own));
    if (to === undefined) return [from!];
    const step = Math.abs(by ?? STEP);
    const count = Math.floor(Math.abs(to - from!) / step + 1e-9) + 1;
    if (more.length > 0 || !(step > 0) || count > MOST_NUMBERS)
      throw new InvalidArgumentError('Give a range like 0.9..0.2, or 0.9..0.2..0.05 with its step.');
    const sign = to < from! ? -1 : 1;
    return Array.from({ length: count }, (_, index) => Number((from! + sign * index * step).toPrecision(12)));
  });
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** '2MB', '500kB', '1MiB', '1.5 MB', '2000000'. */
export function parseBytes(text: string): number {
  const [, amount = '', unit = ''] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const value = amount === '' || factor === undefined ? Number.NaN : Math.floor(Number(amount) * factor);
  if (!(value > 0 && Number.isSafeInteger(value)))
    throw new InvalidArgumentError('Give it like 2MB, 500kB, 1MiB, or plainly in bytes.');
  return value;
}

/** One of some names; the nearest one is offered when it is none of them. */
export const parseName =
  (names: readonly string[]) =>
  (text: string): string => {
    if (names.includes(text)) return text;
    const near = nearest(text, names);
    const guess = near === undefined ? '' : ` Did you mean ${near}?`;
    throw new InvalidArgumentError(`There is ${names.join(', ')}.${guess}`);
  };

/** Appends the value of a flag that may be repeated to the values of its earlier occurrences. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** `NAME=1x3x640x640`, of several inputs one after the other. Names may hold any character. */
export function collectShape(
  text: string,
  before: Readonly<Record<string, readonly number[]>> = {},
): Readonly<Record<string, readonly number[]>> {
  const [, name = '', list = ''] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
  const lengths = list.split(/[x,]/i).map((length) => (/^\d+$/.test(length) ? Number(length) : 0));
  if (name === '' || !lengths.every((length) => Number.isSafeInteger(length) && length >= 1))
    throw new InvalidArgumentError('Give an input and its lengths, like input=1x3x640x640.');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`It is the second one for "${name}".`);
  return { ...before, [name]: lengths };
}
