import type { Dataset } from '../data/data.js';

/** What samples that were made of files are, in lines for people; none for arrays. */
export function samplesReport({
  source,
  preprocessing,
  files,
  classes,
  warnings,
}: Dataset): readonly string[] {
  if (preprocessing === undefined) return [];
  const names = classes?.filter((name) => name !== '') ?? [];
  const labels = names.length === 0 ? '' : `, ${names.length} classes (${few(names)})`;
  return [
    `Samples: ${files?.length ?? 0} of ${source}${labels}`,
    `Preprocessing: ${preprocessing}`,
    ...(warnings ?? []).map(({ text }) => `Note: ${text}`),
  ];
}

const SHOWN = 5;

const few = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN - 1).join(', ')}, ... ${names.at(-1)}`;
