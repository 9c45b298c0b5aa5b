import { HEADING } from '../options/headings.js';
import type { CallOptions, ReportOptions } from '../options/types.js';
import type { Declarations } from '../schema/declaration.js';
import { words } from '../schema/fields.js';
import type { ModelSource } from '../schema/sources.js';
import { writeOutput } from './files.js';

/** The flag of commands whose results can be looked at. */
export const reportFlag = {
  report: {
    takes: words(),
    help: 'also write a report: one HTML file that shows what became of the model, and opens anywhere',
    sign: 'FILE',
    heading: HEADING.writing,
  },
} satisfies Declarations;

/** Makes a report and writes it. The place was checked before the work began: `checkOutput`. */
export async function writeReport(
  path: string,
  original: ModelSource,
  pruned: ModelSource | undefined,
  options: Omit<ReportOptions, 'command' | keyof CallOptions>,
  call: CallOptions,
): Promise<void> {
  const { report } = await import('../findings/report.js');
  const made = await report(original, pruned, { ...options, ...call, command: typed() });
  await writeOutput(path, await made.html());
}

/** The command as it was typed, as a shell would take it again. */
const typed = (): string => ['espalier', ...process.argv.slice(2).map(quoted)].join(' ');

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
