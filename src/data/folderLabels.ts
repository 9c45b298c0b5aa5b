import type { SampleFile } from './sampleFiles.js';

/** Samples with the class of each. */
export interface LabelledFiles {
  readonly files: readonly SampleFile[];
  /** For each file, the number of its class. */
  readonly numbers: Int32Array;
  /** Names by their numbers; empty where a table gives numbers alone. */
  readonly classes: readonly string[];
}

/**
 * Classes by the folder that each file lies in: the outermost one below what was given. Numbers follow the names in the order of their
 * code units, as torchvision's ImageFolder has them; where the model names all of them, they are the model's.
 *
 * Classes alternate in proportion, so that the first samples, and the last, have all of them.
 *
 * returns: undefined where files lie in no folder, or all in one
 */
export function labelsOfFolders(
  files: readonly SampleFile[],
  own: ReadonlyMap<string, number>,
): (LabelledFiles & { readonly byModel: boolean }) | undefined {
  if (files.some(({ folders }) => folders.length === 0)) return undefined;
  const byFolder = new Map<string, SampleFile[]>();
  for (const file of files) {
    const name = file.folders[0]!;
    const before = byFolder.get(name);
    if (before === undefined) byFolder.set(name, [file]);
    else before.push(file);
  }
  if (byFolder.size < 2) return undefined;
  const names = [...byFolder.keys()].sort();
  const numbers = numbersOf(names, own);
  const placed = names.flatMap((name, index) =>
    byFolder
      .get(name)!
      .map((file, i, { length }) => ({ file, number: numbers.of[index]!, at: (i + 0.5) / length })),
  );
  placed.sort((a, b) => a.at - b.at || a.number - b.number);
  return {
    files: placed.map(({ file }) => file),
    numbers: Int32Array.from(placed, ({ number }) => number),
    classes: numbers.classes,
    byModel: numbers.byModel,
  };
}

/** Numbers of classes by their names: the model's where it has all of them, else by their order. */
export function numbersOf(
  names: readonly string[],
  own: ReadonlyMap<string, number>,
): { readonly of: readonly number[]; readonly classes: readonly string[]; readonly byModel: boolean } {
  const found = names.map((name) => own.get(name.toLowerCase()));
  if (names.length === 0 || found.some((number) => number === undefined))
    return { of: names.map((_, index) => index), classes: names, byModel: false };
  const classes: string[] = Array(Math.max(...(found as number[])) + 1).fill('');
  for (const [index, name] of names.entries()) classes[found[index]!] = name;
  return { of: found as number[], classes, byModel: true };
}
