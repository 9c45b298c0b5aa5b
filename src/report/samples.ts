import type { Dataset } from '../data/dataset.js';
import type { Warning } from '../options/types.js';
import { facts, sections } from './table.js';
import { warningLines } from './warnings.js';

/** What samples that were made of files are, in lines for people; none for arrays. */
export function samplesReport(dataset: Dataset): readonly string[] {
  const { source, preprocessing, files, warnings = [] } = dataset;
  if (preprocessing === undefined) return [];
  const labels = labelsOf(dataset);
  return [
    `Samples: ${files?.length ?? 0} of ${source}${labels === undefined ? '' : `, ${labels}`}`,
    `Preprocessing: ${preprocessing}`,
    ...warnings.map((warning) => warningLines([warning])),
  ];
}

/** The same as a table, with the shapes of all arrays. */
export function samplesTable(dataset: Dataset, warnings: readonly Warning[]): string {
  const { source, preprocessing, arrays } = dataset;
  const labels = labelsOf(dataset);
  const count = [...arrays.values()][0]?.dims[0] ?? 0;
  const rows: (readonly [string, string])[] = [['samples', `${count} of ${source}`]];
  if (preprocessing !== undefined) rows.push(['made by', preprocessing]);
  if (labels !== undefined) rows.push(['labels', labels]);
  for (const { name, descr, dims } of arrays.values())
    rows.push(['array', `${name} ${descr} [${dims.join(', ')}]`]);
  return sections(facts(rows), warningLines(warnings));
}

/** The same for programs. */
export const samplesJson = (
  { source, preprocessing, classes, arrays }: Dataset,
  warnings: readonly Warning[],
): object => ({
  source,
  ...(preprocessing !== undefined && { preprocessing }),
  ...(classes !== undefined && { classes }),
  arrays: [...arrays.values()].map(({ name, descr, dims }) => ({ name, type: descr, dims })),
  warnings,
});

function labelsOf({ classes }: Dataset): string | undefined {
  const names = classes?.filter((name) => name !== '') ?? [];
  return names.length === 0 ? undefined : `${names.length} classes (${few(names)})`;
}

const SHOWN = 5;

const few = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN - 1).join(', ')}, ... ${names.at(-1)}`;
