import { Command } from 'commander';
import { VERSION } from '../platform/index.js';
import { commands } from './commands.js';
import { addConfig, applyConfig, type Config, configFor, hasValue, pluginsOf } from './config.js';
import { EXIT, faultOf, tell } from './faults.js';
import { addPlugins, optionsOf, pluginsIn, withPlugins } from './plugins.js';
import type { Terminal } from './terminal.js';

/** The whole command line: gives the exit code. */
export async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  let exitCode: number = EXIT.done;
  const terminal: Terminal = {
    signal,
    width: process.stdout.isTTY ? process.stdout.columns : undefined,
    print: (text) => {
      process.stdout.write(`${text}\n`);
    },
    hint: (text, { quiet }) => {
      if (quiet !== true) process.stderr.write(`${text}\n`);
    },
    fail: () => {
      exitCode = EXIT.failed;
    },
  };
  if (args[0] === 'complete' && args[1] === '--') {
    const { completionLines, completionsOf } = await import('./completions.js');
    terminal.print(completionLines(completionsOf(await wholeProgram(terminal), args.slice(2))));
    return EXIT.done;
  }
  const json = args.includes('--json');
  try {
    const isTold = args.some((arg) => ['--version', '-V', '--help', '-h'].includes(arg));
    const config = isTold ? undefined : await configFor(args);
    const plugins = [...new Set([...(config === undefined ? [] : pluginsOf(config)), ...pluginsIn(args)])];
    if (plugins.length > 0) await withPlugins(plugins, optionsOf(await wholeProgram(terminal)));
    await configured(program(terminal), config).parseAsync([...args], { from: 'user' });
  } catch (error) {
    const fault = faultOf(error, signal.aborted);
    if (fault === undefined) return EXIT.done;
    tell(fault, json);
    return fault.exitCode;
  }
  return exitCode;
}

/** The commands, by name; each gets its flags when it is run. */
export function program(terminal: Terminal): Command {
  const program = new Command('espalier')
    .description('Structured pruning of ONNX models: smaller, faster models that still do their job.')
    .version(VERSION)
    .showHelpAfterError('(--help tells what there is)')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Examples:
  $ espalier inspect resnet50.onnx
  $ espalier prune resnet50.onnx -o small.onnx --ratio 0.5
  $ espalier prune resnet50.onnx -o small.onnx --macs 0.5 --data samples.npz --labels label
  $ espalier prune resnet50.onnx -o small.onnx --macs 0.5 --data photos/ --preprocess imagenet
  $ espalier verify resnet50.onnx small.onnx --data samples.npz

Exit codes: 0 done, 1 could not be done as asked, 2 wrong usage, 130 interrupted.`,
    )
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) =>
        [
          command.name(),
          '[options]',
          ...command.registeredArguments.map(
            (argument) => `<${argument.name()}${argument.variadic ? '...' : ''}>`,
          ),
        ].join(' '),
    })
    .exitOverride();
  addConfig(addPlugins(program));
  for (const { name, does, takes } of commands) {
    const command = program.command(name).description(does);
    for (const [argument, what] of takes) command.argument(argument, what);
    command.exitOverride().showHelpAfterError('(--help tells what there is)');
  }
  // What flags are made of (criteria, policies, checks) is loaded for the one command that was named.
  return program.hook('preSubcommand', (_, command) => declareIn(command, terminal));
}

/** What a command must be given may stand in the configuration too: it is put in before, and all of it once it is known what was typed. */
function configured(program: Command, config: Config | undefined): Command {
  if (config === undefined) return program;
  return program
    .hook('preSubcommand', (_, command) => {
      for (const flag of command.options) flag.mandatory &&= !hasValue(config, command, flag.attributeName());
    })
    .hook('preAction', (_, command) => applyConfig(command, config, namesKnown));
}

/** The names of all commands and of their options. */
const namesKnown = async (): Promise<ReadonlySet<string>> =>
  new Set([...commands.map(({ name }) => name), ...optionsOf(await wholeProgram(SILENT))]);

/** Where flags are declared and nothing is run. */
const SILENT: Terminal = {
  signal: new AbortController().signal,
  width: undefined,
  print: () => undefined,
  hint: () => undefined,
  fail: () => undefined,
};

/** The commands with all of their flags. */
export async function wholeProgram(terminal: Terminal): Promise<Command> {
  const whole = program(terminal);
  for (const command of whole.commands) await declareIn(command, terminal);
  return whole;
}

async function declareIn(command: Command, terminal: Terminal): Promise<void> {
  const named = commands.find(({ name }) => name === command.name())!;
  (await named.declare())(command, terminal);
}
