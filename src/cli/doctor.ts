import type { Command } from 'commander';
import { toJson } from '../report/json.js';
import { addFlags, flagsOf, givenOf } from './flags.js';
import { type Terminal, terminalOptions } from './terminal.js';

const ownOptions = { json: terminalOptions.json };

/** `espalier doctor`: whether all that Espalier needs is there and works. Exit code 1 where something it cannot do without is not. */
export function declareDoctor(command: Command, terminal: Terminal): void {
  command.action(async (_, given: Command) => {
    const { checkup } = await import('./checkup.js');
    const findings = await checkup();
    if (findings.some(({ state }) => state === 'fault')) terminal.fail();
    if (givenOf(given, { all: ownOptions }).json) return terminal.print(toJson(findings));
    const { checkupReport } = await import('../report/checkup.js');
    terminal.print(checkupReport(findings));
  });
  addFlags(command, flagsOf(ownOptions));
}
