import type { Command } from 'commander';
import { toJson } from '../report/json.js';
import type { VerifyOptions } from '../verify/types.js';
import { type Terminal, type WorkOptions, work } from './terminal.js';
import { addOptions, option, parseWhole } from './values.js';

interface Options extends WorkOptions {
  readonly data?: string;
  readonly labels?: string;
  readonly samples?: number;
  readonly runs?: number;
  readonly seed?: number;
}

/** `espalier verify ORIGINAL PRUNED`: how alike they answer, how fast, how large. Exit code 1 where one cannot replace the other. */
export function addVerify(program: Command, terminal: Terminal): void {
  const command = program
    .command('verify')
    .description('how alike two models answer, how fast they are, how large')
    .argument('<ORIGINAL>', 'an .onnx file')
    .argument('<PRUNED>', 'another')
    .option(
      '--runs <N>',
      'measured runs of each; 0 measures no time (default: about a second of them)',
      parseWhole(0),
    )
    .action(async (original: string, pruned: string, options: Options) => {
      const { json, quiet: _, ...wanted } = options;
      const { verify } = await import('../verify/verify.js');
      const checked: VerifyOptions = wanted;
      const result = await work(terminal, options, (call) =>
        verify(original, pruned, { ...checked, ...call }),
      );
      if (!result.ok) terminal.fail();
      if (json) return terminal.print(toJson(result));
      const { verificationReport } = await import('../report/verification.js');
      terminal.print(verificationReport(result, terminal.width));
    });
  addOptions(
    command,
    ...[option.data(), option.labels(), option.samples(), option.seed()],
    ...[option.threads(), option.quiet(), option.json()],
  );
}
