import { Command } from 'commander';
import { VERSION } from '../platform/index.js';
import { addApply } from './apply.js';
import { addCriteria } from './criteria.js';
import { EXIT, faultOf, tell } from './faults.js';
import { addInspect } from './inspect.js';
import { addOperators } from './operators.js';
import { addPlugins, optionsOf, pluginsIn, withPlugins } from './plugins.js';
import { addPolicies } from './policies.js';
import { addPrune } from './prune.js';
import { addScore } from './score.js';
import type { Terminal } from './terminal.js';
import { addTree } from './tree.js';
import { addVerify } from './verify.js';

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
  const json = args.includes('--json');
  try {
    const plugins = pluginsIn(args);
    if (plugins.length > 0) await withPlugins(plugins, optionsOf(program(terminal)));
    await program(terminal).parseAsync([...args], { from: 'user' });
  } catch (error) {
    const fault = faultOf(error, signal.aborted);
    if (fault === undefined) return EXIT.done;
    tell(fault, json);
    return fault.exitCode;
  }
  return exitCode;
}

/** The commands with their flags. */
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
  $ espalier verify resnet50.onnx small.onnx --data samples.npz

Exit codes: 0 done, 1 could not be done as asked, 2 wrong usage, 130 interrupted.`,
    )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  addPlugins(program);
  addInspect(program, terminal);
  addPrune(program, terminal);
  addApply(program, terminal);
  addVerify(program, terminal);
  addScore(program, terminal);
  addTree(program, terminal);
  addCriteria(program, terminal);
  addPolicies(program, terminal);
  addOperators(program, terminal);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(--help tells what there is)');
  return program;
}
