import type { Command } from 'commander';
import type { CriterionInfo } from '../api/lists.js';
import { EspalierError, option as spoken } from '../base/errors.js';
import { FileProblem, moduleUrl } from '../platform/index.js';
import { collect } from './values.js';

/** `--plugin FILE`, before or behind the command: modules that register criteria, policies and operators. */
export const addPlugins = (program: Command): Command =>
  program.option(
    '--plugin <FILE>',
    'a module that registers criteria, policies or operators: a file, or a package; may be repeated',
    collect,
  );

/** The plugins that are asked for. They say which criteria and options there are: they are looked for before anything else is read. */
export function pluginsIn(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  const named = own.flatMap((arg, place) => {
    if (arg === '--plugin') return own[place + 1] ?? [];
    return arg.startsWith('--plugin=') ? arg.slice('--plugin='.length) : [];
  });
  return [...new Set(named)];
}

/**
 * Loads plugins, one after the other. One whose default export is a function is called with all that this copy of the package exports:
 * it need not import the package, of which there may be several copies.
 *
 * errors: EXTENSION_FAILED with the plugin where it is not found, throws, or registers nothing here.
 */
async function loadPlugins(plugins: readonly string[]): Promise<void> {
  for (const plugin of plugins) {
    const before = await registered();
    try {
      const { default: register } = (await import(await moduleUrl(plugin))) as { readonly default?: unknown };
      if (typeof register === 'function') await register(await import('../index.js'));
    } catch (cause) {
      throw failed(plugin, cause);
    }
    if ((await registered()) === before)
      throw new EspalierError(
        'EXTENSION_FAILED',
        'the plugin registers nothing here',
        { file: plugin },
        'It may have imported another copy of the package. Let it export a function: export default ({ registerCriterion }) => { … }.',
      );
  }
}

/** How much is registered. */
async function registered(): Promise<number> {
  const { criteria, operators, policies } = await import('../api/lists.js');
  return criteria().length + policies().length + operators().length;
}

function failed(plugin: string, cause: unknown): EspalierError {
  const known = cause instanceof EspalierError ? EspalierError.onCommandLine(cause) : undefined;
  const what = known?.what ?? (cause instanceof Error ? cause.message.split('\n')[0]! : String(cause));
  return new EspalierError(
    'EXTENSION_FAILED',
    `the plugin cannot be loaded: ${what}`,
    { file: plugin },
    known?.todo || todoFor(cause),
    { cause },
  );
}

/** What to do where a module could not be imported, or threw. */
function todoFor(cause: unknown): string {
  if (cause instanceof FileProblem)
    return 'Give the path of a module, such as ./mine.mjs, or the name of a package that is installed here.';
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND')
    return 'Install what the module imports.';
  if (cause instanceof SyntaxError)
    return 'Give a module of JavaScript: an .mjs or .cjs file, or a .js file that Node takes for one. TypeScript has to be compiled first.';
  return 'Mend the module: importing it, and calling its default export with what the package exports, must not throw.';
}

/** The options of all commands, as code names them: `--no-reconstruct` is `reconstruct`. */
export const optionsOf = (program: Command): ReadonlySet<string> =>
  new Set([program, ...program.commands].flatMap(({ options }) => options.map((own) => own.attributeName())));

/**
 * Loads plugins for a program that has these options without them.
 *
 * errors: EXTENSION_FAILED, also where an option of a registered criterion cannot be a flag: the flag means something else already, or
 * takes something else for another criterion.
 */
export async function withPlugins(plugins: readonly string[], options: ReadonlySet<string>): Promise<void> {
  const { criteria } = await import('../api/lists.js');
  const types = new Map<string, string>();
  const known = typesIn(criteria());
  await loadPlugins(plugins);
  for (const { criterion, option, type } of typesIn(criteria())) {
    const flag = spoken(option).cli;
    const before = types.get(option);
    types.set(option, before ?? type);
    if (options.has(option) && !known.some((own) => own.option === option))
      throw unfit(criterion, option, `${flag} means something else already`);
    if (before !== undefined && before !== type)
      throw unfit(criterion, option, `${flag} takes a ${before} for other criteria, not a ${type}`);
  }
}

interface Typed {
  readonly criterion: string;
  readonly option: string;
  readonly type: string;
}

const typesIn = (all: readonly CriterionInfo[]): readonly Typed[] =>
  all.flatMap(({ name, defaults }) =>
    Object.entries(defaults).map(([option, value]) => ({ criterion: name, option, type: typeof value })),
  );

const unfit = (criterion: string, option: string, why: string): EspalierError =>
  new EspalierError(
    'EXTENSION_FAILED',
    `the criterion ${criterion} has an option "${option}", and ${why}`,
    {},
    'Call the option something else.',
  );
