import type { Command, Option } from 'commander';
import { EspalierError } from '../base/errors.js';
import { HEADING } from '../options/headings.js';
import { absolutePath, folderOf, moduleUrl, pathIn, readText } from '../platform/index.js';
import { argument } from '../schema/check.js';
import { nearest } from '../schema/near.js';
import { declarationOf, FROM_CONFIG, isPath } from './flags.js';
import { STREAM } from './models.js';

const NAME = 'espalier.config';
const ENDINGS = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'] as const;

/** Values of flags that a project has written down: of all commands, of single ones by their names, and the plugins that they need. */
export interface Config {
  readonly file: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** `--config FILE` and `--no-config`, before or behind the command. */
export const addConfig = (program: Command): Command =>
  program
    .option(
      '--config <FILE>',
      `values of flags (default: ${NAME}.{${ENDINGS.join(',')}} here or in a folder above)`,
    )
    .option('--no-config', 'take no values from a file');

/**
 * The configuration that holds for these arguments: of the file that they name, else the nearest one here or above; undefined where there is
 * none, or none is wanted.
 *
 * errors: FILE_NOT_FOUND, OPTION_INVALID with the file
 */
export async function configFor(args: readonly string[]): Promise<Config | undefined> {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  if (own.includes('--no-config')) return undefined;
  const at = own.findIndex((arg) => arg === '--config' || arg.startsWith('--config='));
  const named =
    at === -1 ? undefined : own[at] === '--config' ? own[at + 1] : own[at]!.slice('--config='.length);
  const file = named === undefined ? await nearestFile() : absolutePath(named);
  if (file === undefined) return undefined;
  const values = await valuesIn(file);
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw wrong(file, 'it gives no object', 'export default { prune: { macs: 0.5 } }');
  return { file, values: values as Config['values'] };
}

async function nearestFile(): Promise<string | undefined> {
  const { lilconfig } = await import('lilconfig');
  // Only the place is asked for: what a file holds is read in one way, whether it was named or found.
  const found = async (path: string): Promise<string> => path;
  const searchPlaces = ENDINGS.map((ending) => `${NAME}.${ending}`);
  const loaders = Object.fromEntries(ENDINGS.map((ending) => [`.${ending}`, found]));
  return (await lilconfig('espalier', { searchPlaces, loaders, stopDir: '/' }).search())?.filepath;
}

async function valuesIn(file: string): Promise<unknown> {
  try {
    if (file.endsWith('.json')) return JSON.parse(await readText(file));
    const module = (await import(await moduleUrl(file))) as { readonly default?: unknown };
    return module.default;
  } catch (cause) {
    const { code } = (cause ?? {}) as { readonly code?: unknown };
    const why = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw code === 'ERR_UNKNOWN_FILE_EXTENSION'
      ? wrong(
          file,
          'this Node reads no TypeScript',
          'Node 22.18 and newer do. Or call it espalier.config.js.',
        )
      : wrong(file, `it cannot be read (${why})`, 'It is a module with a default export, or JSON.');
  }
}

/** Modules that register criteria, policies and operators, by their paths. errors: OPTION_INVALID */
export function pluginsOf({ file, values }: Config): readonly string[] {
  const { plugins = [] } = values;
  if (!Array.isArray(plugins) || plugins.some((own) => typeof own !== 'string'))
    throw wrong(file, 'plugins is no list of paths', "plugins: ['./mine.mjs']");
  return (plugins as string[]).map((own) => (/^\.{1,2}[\\/]/.test(own) ? pathIn(folderOf(file), own) : own));
}

/**
 * Gives a command's flags the values that the configuration has for it, and that were not typed. A text means what it means on the command
 * line, other values what they mean in code; paths lie beside the file. Where an amount is typed, those of the file are left out.
 *
 * known: the names of all commands and of their options
 *
 * errors: OPTION_INVALID with the file and the option
 */
export async function applyConfig(
  command: Command,
  { file, values }: Config,
  known: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const flags = new Map(command.options.map((own) => [own.attributeName(), own]));
  const mine = values[command.name()] ?? {};
  if (typeof mine !== 'object' || mine === null) throw wrong(file, `${command.name()} is no object`, '');
  const others = Object.keys(values).filter((name) => name !== 'plugins' && !flags.has(name));
  const names = others.length > 0 ? await known() : new Set<string>();
  for (const name of others) if (!names.has(name)) throw unknown(file, name, [...names]);
  const general = Object.entries(values).filter(([name]) => flags.has(name));
  const given = new Map([...general, ...Object.entries(mine)]);
  const typed = [...flags.values()].filter(
    (own) => command.getOptionValueSource(own.attributeName()) === 'cli',
  );
  const isAmountTyped = typed.some(isAmount);
  for (const [name, value] of given) {
    const flag = flags.get(name);
    if (flag === undefined) throw unknown(file, name, [...flags.keys()]);
    if (typed.includes(flag) || (isAmountTyped && isAmount(flag))) continue;
    command.setOptionValueWithSource(name, meantBy(flag, value, file), FROM_CONFIG);
  }
}

/** Whether the configuration has a value for an option of a command. */
export function hasValue({ values }: Config, command: Command, option: string): boolean {
  const own = values[command.name()];
  return (
    Object.hasOwn(values, option) || (typeof own === 'object' && own !== null && Object.hasOwn(own, option))
  );
}

const isAmount = (flag: Option): boolean => declarationOf(flag)?.heading === HEADING.amount;

function meantBy(flag: Option, value: unknown, file: string): unknown {
  const declared = declarationOf(flag);
  try {
    const texts = Array.isArray(value) ? value : [value];
    const read = flag.parseArg as ((text: string, before: unknown) => unknown) | undefined;
    const meant =
      read !== undefined && texts.length > 0 && texts.every((own) => typeof own === 'string')
        ? (texts as string[]).reduce<unknown>((before, text) => read(text, before), undefined)
        : value;
    const checked = declared === undefined ? meant : argument(flag.attributeName(), declared.takes, meant);
    return isPath(flag) && typeof checked === 'string' && checked !== STREAM
      ? besideFile(file, checked)
      : checked;
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const known = cause instanceof EspalierError ? EspalierError.onCommandLine(cause) : undefined;
    throw wrong(file, known?.what ?? `${flag.attributeName()}: ${cause.message}`, known?.todo ?? '');
  }
}

const besideFile = (file: string, path: string): string =>
  absolutePath(path) === path ? path : pathIn(folderOf(file), path);

const unknown = (file: string, name: string, names: readonly string[]): EspalierError => {
  const meant = nearest(name, names);
  return wrong(
    file,
    `"${name}" is neither a command nor an option that it takes`,
    meant === undefined
      ? 'Options have the names that they have in code: docs/options.md.'
      : `Did you mean ${meant}?`,
  );
};

const wrong = (file: string, what: string, todo: string): EspalierError =>
  new EspalierError('OPTION_INVALID', `the configuration: ${what}`, { file }, todo);
