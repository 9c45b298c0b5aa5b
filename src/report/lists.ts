import { table } from './table.js';

/** Criteria, policies or operators: what there is to choose from. */
export function listReport(list: readonly object[], width?: number): string {
  const rows = list as readonly Readonly<Record<string, unknown>>[];
  const keys = Object.keys(rows[0] ?? {});
  return table(
    keys.map((head) => ({ head, wraps: head === 'summary' || head === 'source' })),
    rows.map((row) => keys.map((key) => cell(row[key]))),
    width,
  );
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(String).join(', ');
  if (typeof value === 'object')
    return (
      Object.entries(value)
        .map(([key, inner]) => `${key} = ${Array.isArray(inner) ? inner.join(' | ') : String(inner)}`)
        .join(', ') || '-'
    );
  return String(value);
}
