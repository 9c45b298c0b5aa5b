import type { Command } from 'commander';
import { EspalierError } from '../base/errors.js';
import type { Terminal } from './terminal.js';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

/** `espalier complete SHELL`: the script that a shell reads once, so that it asks for completions when Tab is pressed. */
export function declareComplete(command: Command, terminal: Terminal): void {
  command.addHelpText(
    'after',
    `
For bash: add to ~/.bashrc    source <(espalier complete bash)
For zsh:  add to ~/.zshrc     source <(espalier complete zsh)
For fish: once                espalier complete fish > ~/.config/fish/completions/espalier.fish
PowerShell: add to $PROFILE   espalier complete powershell | Out-String | Invoke-Expression`,
  );
  command.action(async (shell: string) => {
    if (!SHELLS.includes(shell as never))
      throw new EspalierError(
        'OPTION_INVALID',
        `"${shell}" is no shell that is known`,
        {},
        `There is ${SHELLS.join(', ')}.`,
      );
    terminal.print(await scriptFor(shell));
  });
}

/** The library prints its script; what it prints is taken, and given back. */
async function scriptFor(shell: string): Promise<string> {
  const { script } = await import('@bomb.sh/tab');
  const { log } = console;
  const lines: string[] = [];
  try {
    console.log = (text: string) => lines.push(text);
    script(shell, 'espalier', 'espalier');
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}
