/** Rows that are alike but for the numbers in their names, as one. */
export interface Alike<T> {
  /** The names as one: `layer.{0-11}.conv`. */
  readonly name: string;
  readonly all: readonly [T, ...T[]];
}

/**
 * Folds rows that say the same: same cells, and names that differ in numbers only. Each stands where the first of them stood.
 *
 * cells: all that must be equal, beside the name; numbers in names may differ in it too, as `skeletonOf` has them
 */
export function foldAlike<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  cells: (row: T) => readonly string[],
): readonly Alike<T>[] {
  const byKey = new Map<string, [T, ...T[]]>();
  for (const row of rows) {
    const key = JSON.stringify([skeletonOf(nameOf(row)), ...cells(row)]);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [row]);
    else known.push(row);
  }
  return [...byKey.values()].map((all) => ({ name: nameOfAll(all.map(nameOf)), all }));
}

const NUMBER = /\d+/g;

/** A name without its numbers. */
export const skeletonOf = (name: string): string => name.replace(NUMBER, '#');

/** Names of one skeleton as one: where their numbers differ, all of them in braces. */
export function nameOfAll(names: readonly string[]): string {
  const numbers = names.map((name) => name.match(NUMBER) ?? []);
  let place = 0;
  return names[0]!.replace(NUMBER, (own) => {
    const found = [...new Set(numbers.map((each) => Number(each[place])))].sort((a, b) => a - b);
    place += 1;
    return found.length === 1 ? own : `{${rangesOf(found)}}`;
  });
}

/** 0, 1, 2, 5 -> '0-2,5' */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`))
    .join(',');
}
