import Table from 'cli-table3';

/** A column of a table on the terminal: its heading, alignment, and whether long texts in it are wrapped. */
export interface Column {
  readonly head: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** May be wrapped where the terminal is narrow; other columns never are. */
  readonly wraps?: boolean;
}

/** Without colours and lines, so that it reads alike on a terminal, in a file and in a mail. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const text = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ right }) => (right ? 'right' : 'left')),
    colWidths: columns.map((_, column) => widthOf(columns, rows, column, width)),
    wordWrap: true,
    wrapOnWordBoundary: true,
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '' },
      ...{ right: '', 'right-mid': '', middle: '  ' },
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  text.push(...rows.map((row) => [...row]));
  return text
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** What its contents take; a column that wraps gets what the others leave, and no less than is readable. */
function widthOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  column: number,
  width: number | undefined,
): number {
  const natural = (c: number) =>
    Math.max(columns[c]!.head.length, ...rows.map((row) => row[c]?.length ?? 0), 1);
  if (width === undefined || !columns[column]!.wraps) return natural(column);
  const others = columns.reduce((sum, _, c) => sum + (c === column ? 0 : natural(c) + 2), 0);
  return Math.min(natural(column), Math.max(24, width - others));
}

/** Words and what they say, as two columns. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([word]) => word.length));
  return pairs.map(([word, text]) => `${word.padEnd(width)}  ${text}`.trimEnd()).join('\n');
}

/** Sections that say something, a blank line apart. */
export const sections = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('\n\n');
