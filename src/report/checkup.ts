import { sections } from './table.js';

/** One thing that was looked at: what was found, and what to do where it is not well. */
export interface Finding {
  readonly name: string;
  /** 'fault': nothing works without it; 'warning': something does not. */
  readonly state: 'ok' | 'warning' | 'fault';
  readonly text: string;
  readonly todo?: string;
}

const SIGNS = { ok: 'ok', warning: '! ', fault: 'NO' } as const;

/** A line for each thing that was looked at, and what to do about those that are not well. */
export function checkupReport(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, text, todo }) => [
    `${SIGNS[state]}  ${name.padEnd(width)}  ${text}`,
    ...(todo === undefined ? [] : [`    ${''.padEnd(width)}  ${todo}`]),
  ]);
  const faults = findings.filter(({ state }) => state === 'fault').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  return sections(
    lines.join('\n'),
    faults > 0
      ? 'Espalier cannot work here yet.'
      : warnings > 0
        ? 'Espalier works here; what is marked by ! does not.'
        : 'All is well.',
  );
}
