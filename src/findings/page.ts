import { viewerPage } from '../platform/index.js';
import type { ReportData } from './types.js';

/** Where the built viewer (viewer/page.html) has the data, and the title of the page. */
const DATA = '{"espalier":"data"}';
const TITLE = '<title>Espalier</title>';

/** The page that shows a report: the built viewer, with the data in it. Nothing in the data can end the element that holds them. */
export async function pageOf(data: ReportData): Promise<string> {
  const page = await viewerPage();
  const title = `<title>${escaped(data.pruned?.file ?? data.original.file)} · Espalier</title>`;
  // Replacements are given as functions, as texts may hold what stands for something in a replacement.
  return page.replace(TITLE, () => title).replace(DATA, () => embedded(data));
}

/** JSON that no HTML parser takes for more than text, and no script for more than data. */
function embedded(data: ReportData): string {
  const plain = (_: string, value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, rounded);
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'number' ? rounded(value) : value;
  };
  return JSON.stringify(data, plain).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Six digits are more than can be seen, and half the bytes. What is no number is null. */
const rounded = (value: number): number | null => {
  if (!Number.isFinite(value)) return null;
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
};

const escaped = (text: string): string =>
  text.slice(0, 200).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
