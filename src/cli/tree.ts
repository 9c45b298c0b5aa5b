import { type Command, Option } from 'commander';
import { checkTreeOptions } from '../options/treeOptions.js';
import type { TreeOptions } from '../options/types.js';
import { toJson } from '../report/json.js';
import { readData } from './check.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option, parseName, parseWhole } from './values.js';

interface Options extends WorkOptions, Omit<TreeOptions, 'data' | 'threads'> {
  readonly data: string;
  readonly all?: boolean;
}

const word = (flag: string, text: string, words: readonly string[]): Option =>
  new Option(`${flag} <WORD>`, `${text}: ${words.join(', ')} (default: ${words[0]})`).argParser(
    parseName(words),
  );

/** `espalier tree MODEL --group G --data D`: the pruning tree of one group. */
export function addTree(program: Command, terminal: Terminal): void {
  const command = program
    .command('tree')
    .description('the pruning tree of one group: which lanes share most, which of two says less')
    .argument('<MODEL>', 'an .onnx file')
    .requiredOption('--group <ID>', 'the group, as espalier inspect names it')
    .requiredOption('--data <FILE>', option.data().description)
    .addOption(word('--variant', 'what lanes are judged by', ['pairs', 'consumers', 'output']))
    .addOption(word('--estimator', 'of what two lanes share', ['histogram', 'gaussian']))
    .addOption(
      new Option('--bins <N>', 'bins of a lane (default: 6); steps of a Gaussian (default: 4096)').argParser(
        parseWhole(2, 65536),
      ),
    )
    .addOption(word('--binning', 'bins of equal width, or of equally many values', ['equal', 'quantile']))
    .addOption(word('--range', 'the same bins for all lanes, or for each its own', ['group', 'lane']))
    .option('--miller-madow', 'correct entropies for the number of samples')
    .addOption(
      new Option('--rows <N>', 'rows drawn of all positions of all samples (default: 4096)').argParser(
        parseWhole(2, 2 ** 20),
      ),
    )
    .option('--pairs', 'with --json: what all pairs share, also of more than 256 lanes')
    .option('--all', 'print every pair and lane')
    .action((file: string, options: Options) => tree(file, options, terminal));
  addOptions(
    command,
    option.samples(),
    option.free(),
    option.seed(),
    option.threads(),
    option.quiet(),
    option.json(),
  );
}

async function tree(file: string, options: Options, terminal: Terminal): Promise<void> {
  const { threads: _, quiet, json, all, ...wanted } = options;
  checkTreeOptions(wanted);
  const data = await readData(options.data, undefined);
  const { openModel } = await import('../api/open.js');
  const result = await work(terminal, options, async (call) => {
    const model = await openModel(file, call);
    try {
      return await model.tree({ ...wanted, data, ...call });
    } finally {
      model.dispose();
    }
  });
  if (json) return terminal.print(toJson(result));
  const { treeReport } = await import('../report/tree.js');
  terminal.print(treeReport(result, { width: terminal.width, all: all === true }));
  if (all !== true && result.lanes > 32)
    terminal.hint('--all prints the rest, --json all numbers.', { quiet });
}
