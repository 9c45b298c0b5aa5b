import type { Command, Option } from 'commander';
import { choicesOf, isPath } from './flags.js';

/** What a shell is told beside the words: bits as Cobra's completion scripts take them. */
const FILES = 0;
const NO_FILES = 4;

/** Words that may stand where somebody pressed Tab, each with what it does; and whether names of files may stand there too. */
export interface Completions {
  readonly words: readonly (readonly [word: string, does: string])[];
  readonly files: boolean;
}

/**
 * Completes the last of these words, which may be empty.
 *
 * words: what was typed behind the name of the program; program: all commands with their flags
 */
export function completionsOf(program: Command, words: readonly string[]): Completions {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const command = program.commands.find((own) => before.includes(own.name()));
  const flags = [...(command?.options ?? []), ...program.options];
  const [name, start] =
    last.startsWith('--') && last.includes('=') ? splitAt(last, '=') : [before.at(-1), last];
  const valued =
    name === undefined
      ? undefined
      : flags.find((own) => takesValue(own) && (own.long === name || own.short === name));
  if (valued !== undefined) {
    const prefix = start === last ? '' : `${name}=`;
    const found = valuesOf(valued).filter((value) => value.startsWith(start));
    return { words: found.map((value) => [prefix + value, '']), files: isPath(valued) };
  }
  if (last.startsWith('-')) {
    const found = flags.flatMap((own) =>
      own.long?.startsWith(last) ? [[own.long, own.description] as const] : [],
    );
    return { words: found, files: false };
  }
  if (command === undefined) {
    const found = program.commands.filter((own) => own.name().startsWith(last));
    return { words: found.map((own) => [own.name(), own.description()]), files: false };
  }
  return { words: [], files: command.registeredArguments.length > 0 };
}

/** As the scripts of the shells read them: a line each, the description behind a tab, then what else may stand there. */
export const completionLines = ({ words, files }: Completions): string =>
  [
    ...words.map(([word, does]) => (does === '' ? word : `${word}\t${does}`)),
    `:${files ? FILES : NO_FILES}`,
  ].join('\n');

const takesValue = (flag: Option): boolean => flag.required || flag.optional;

const valuesOf = (flag: Option): readonly string[] => choicesOf(flag) ?? [];

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return [text.slice(0, at), text.slice(at + 1)];
}
