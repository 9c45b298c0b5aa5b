import type { Warning } from '../options/types.js';

/** One line each. */
export const warningLines = (warnings: readonly Warning[], word = 'warning'): string =>
  warnings.map(({ code, text }) => `${word}: ${text} [${code}]`).join('\n');
