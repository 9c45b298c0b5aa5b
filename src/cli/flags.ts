import { type Command, Option } from 'commander';
import { option, spokenIn } from '../base/words.js';
import { HEADING } from '../options/headings.js';
import { type AnyDeclaration, type Declarations, defaultText } from '../schema/declaration.js';
import { type Field, type Form, meaningOf } from '../schema/fields.js';
import { readers } from './readers.js';

/** What a command declares for itself is typed by what it takes. */
export type FlagValues<D extends Declarations> = {
  readonly [K in keyof D as D[K] extends { readonly needed: true } ? K : never]: Taken<D[K]>;
} & {
  readonly [K in keyof D as D[K] extends { readonly needed: true } ? never : K]?: Taken<D[K]>;
};

type Taken<D> = D extends { readonly takes: Field<infer T> } ? T : never;

/** A flag of a command, and where it stands in the help. */
export interface Flag {
  readonly heading: string | undefined;
  readonly option: Option;
}

/** The flags of the options that a person can give. */
export const flagsOf = (declarations: Declarations): readonly Flag[] =>
  Object.entries(declarations).flatMap(([name, own]) => {
    const { form } = meaningOf(own.takes);
    return form === undefined ? [] : [{ heading: own.heading, option: flagOf(name, own, form) }];
  });

/** Adds flags to a command; `headed`: by their headings. */
export function addFlags(command: Command, flags: readonly Flag[], headed = false): Command {
  const headings: readonly (string | undefined)[] = [undefined, ...Object.values(HEADING)];
  const place = ({ heading }: Flag): number => headings.indexOf(heading);
  const sorted = headed ? flags.toSorted((a, b) => place(a) - place(b)) : flags;
  for (const { heading, option: own } of sorted)
    command.addOption(headed && heading !== undefined ? own.helpGroup(`${heading}:`) : own);
  return command;
}

const DECLARED = new WeakMap<Option, AnyDeclaration>();

/** How the option of a flag is declared; nothing of those of criteria. */
export const declarationOf = (flag: Option): AnyDeclaration | undefined => DECLARED.get(flag);

/** What there is to choose from for a flag; nothing where its value is free. */
export function choicesOf(flag: Option): readonly string[] | undefined {
  const declared = declarationOf(flag);
  return declared && meaningOf(declared.takes).choices?.();
}

/** What stands for a file or a folder in the help. */
const PATHS = /<(FILE|OUT|DIR|SOURCE|MODEL|PLAN)>/;

/** Whether a flag takes the name of a file or folder. */
export const isPath = (flag: Option): boolean => choicesOf(flag) === undefined && PATHS.test(flag.flags);

function flagOf(name: string, own: AnyDeclaration, form: Form): Option {
  // Of what is on by itself, the flag switches it off.
  const off = own.off !== undefined;
  const { cli } = off ? option(name, false) : option(name);
  const long = form === 'switch' ? cli : `${cli} <${own.sign ?? 'X'}>`;
  const flag = new Option(own.letter === undefined ? long : `-${own.letter}, ${long}`, helpOf(own, form));
  if (own.needed === true) flag.makeOptionMandatory();
  DECLARED.set(flag, own);
  const read = readers[form];
  return read === undefined
    ? flag
    : flag.argParser(read(meaningOf(own.takes).choices?.()) as (text: string, before: unknown) => unknown);
}

const MAY_BE_REPEATED = '; may be repeated';
/** What can be given in the form beside one value of it. */
const MORE: Readonly<Partial<Record<Form, string>>> = {
  texts: MAY_BE_REPEATED,
  lengths: MAY_BE_REPEATED,
  guard: MAY_BE_REPEATED,
  criterion: '; or several as one, with weights: l1:2+wanda',
};

/** What a flag does, what there is to choose from, and what holds without it. */
function helpOf(own: AnyDeclaration, form: Form): string {
  const words = meaningOf(own.takes).choices?.().join(', ');
  const standard = own.off === undefined ? defaultText(own, 'cli') : undefined;
  return [
    spokenIn(own.off ?? own.help, 'cli'),
    words === undefined ? '' : `: ${words}`,
    MORE[form] ?? '',
    standard === undefined ? '' : ` (default: ${standard})`,
  ].join('');
}

/** Where a flag's value comes from that was written in the configuration, and not typed. */
export const FROM_CONFIG = 'config';

/** Whether an option was given: typed, or written in the configuration. */
export const isGiven = (command: Command, name: string): boolean =>
  ['cli', FROM_CONFIG].includes(command.getOptionValueSource(name) ?? '');

/** Those of these options that were given: what was not is left to its default. */
export function givenOf<D extends Declarations>(command: Command, set: { readonly all: D }): FlagValues<D> {
  const given = Object.keys(set.all).filter((name) => isGiven(command, name));
  return Object.fromEntries(given.map((name) => [name, command.getOptionValue(name)])) as FlagValues<D>;
}
