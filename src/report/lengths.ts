import type { Length, LengthSource } from '../options/types.js';

const SOURCES: Readonly<Record<LengthSource, string>> = {
  samples: 'as the samples have it',
  shape: 'as given',
  guess: 'guessed by name: give --data or --shape',
};

/**
 * At which lengths multiply-adds were counted, and how these are known; undefined where there are none to tell of.
 * `beyond`: lengths up to this one are left out, such as a batch of one sample.
 */
export function lengthsReport(lengths: Readonly<Record<string, Length>>, beyond = 0): string | undefined {
  const all = Object.entries(lengths).filter(([, { length }]) => length > beyond);
  const parts = Object.entries(SOURCES).flatMap(([source, words]) => {
    const own = all.filter(([, { from }]) => from === source);
    const texts = own.map(([name, { length }]) => `${named(name)} = ${rounded(length)}`);
    return texts.length === 0 ? [] : [`${texts.join(', ')} (${words})`];
  });
  return parts.length === 0 ? undefined : `for the multiply-adds: ${parts.join('; ')}`;
}

/** An axis that the file gives no name is called after its input, and numbered. */
const named = (name: string): string => name.replace(/^(.+)\.(\d+)#\d+$/s, 'axis $2 of $1');

/** Numbers that data make, such as sums, are no whole ones. */
const rounded = (length: number): number => Number(length.toPrecision(Number.isInteger(length) ? 15 : 4));
