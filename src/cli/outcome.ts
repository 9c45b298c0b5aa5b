import { warningIn } from '../base/errors.js';
import type {
  GuardReport,
  LatencyPrediction,
  Length,
  ReconstructionReport,
  Size,
  Stability,
  Warning,
} from '../options/types.js';
import type { PlannedInterface } from '../plan/plan.js';
import { toJson } from '../report/json.js';
import type { Verification } from '../verify/types.js';
import { STREAM } from './models.js';
import type { Terminal, WorkOptions } from './terminal.js';

/** What `prune` and `apply` have to tell; with --json, the document that they print. */
export interface PruningOutcome {
  readonly file: string;
  /** The file that was written, if one was. */
  readonly output: string | null;
  /** The file of its external data, where it has some. */
  readonly data: string | null;
  readonly plan: string | null;
  /** With --report: the page that was written. */
  readonly report?: string;
  readonly before: Size;
  readonly after: Size;
  /** Groups that lost lanes, and how many stay. */
  readonly groups: readonly {
    readonly id: string;
    readonly lanes: number;
    readonly kept: number;
    readonly exact: boolean;
  }[];
  /** With --free: inputs and outputs that shrank. */
  readonly interface?: PlannedInterface;
  /** With --latency. */
  readonly latency?: LatencyPrediction;
  /** How the guards were kept, where some were given. */
  readonly guard?: GuardReport;
  /** With --stability. */
  readonly stability?: Stability;
  /** What was refitted on --data. */
  readonly reconstruction?: ReconstructionReport;
  /** Open lengths that multiply-adds are counted at, and how each is known. */
  readonly lengths: Readonly<Record<string, Length>>;
  readonly warnings: readonly Warning[];
  readonly verification?: Verification;
}

/** The outcome as `--json` prints it: its warnings name command-line flags. */
export const jsonOf = (found: PruningOutcome): PruningOutcome => ({
  ...found,
  warnings: found.warnings.map((warning) => warningIn(warning, 'cli')),
});

/** What `printOutcome` needs: the second call costs nothing. */
export const loadReports = () =>
  Promise.all([
    import('../report/sizes.js'),
    import('../report/table.js'),
    import('../report/warnings.js'),
    import('../report/verification.js'),
    import('../report/guardReport.js'),
    import('../report/latency.js'),
    import('../report/stability.js'),
    import('../report/lengths.js'),
    import('../report/interfaceReport.js'),
  ]);

/**
 * Prints the result of `prune` or `apply`: the tables of its report, or with `--json` one JSON object; warnings name
 * command-line flags.
 */
export async function printOutcome(
  terminal: Terminal,
  found: PruningOutcome,
  { json }: WorkOptions,
): Promise<void> {
  const outcome = jsonOf(found);
  if (json) return terminal.print(toJson(outcome));
  const [
    { sizesReport },
    { sections },
    { warningLines },
    { answersReport },
    { guardReport },
    { latencyReport },
    { stabilityReport },
    { lengthsReport },
    { interfaceReport },
  ] = await loadReports();
  const { before, after, groups, guard, latency, stability, verification } = outcome;
  const reported = new Set(verification?.warnings.map(({ code }) => code));
  const lanes = groups.reduce((sum, group) => sum + group.lanes - group.kept, 0);
  const written = [outcome.output, outcome.data, outcome.plan, outcome.report].flatMap((path) =>
    path === STREAM ? 'standard output' : (path ?? []),
  );
  terminal.print(
    sections(
      sizesReport(before, after, verification),
      lengthsReport(outcome.lengths, 1),
      outcome.reconstruction &&
        `${counted(outcome.reconstruction.layers, 'layer')} refitted on ${counted(outcome.reconstruction.samples, 'sample')}`,
      `${counted(lanes, 'lane')} of ${counted(groups.length, 'group')} removed${written.length > 0 ? `; written: ${written.join(', ')}` : ''}`,
      outcome.interface && interfaceReport(outcome.interface),
      latency && latencyReport(latency),
      guard && guardReport(guard, terminal.width),
      stability && stabilityReport(stability),
      verification && answersReport(verification, terminal.width),
      warningLines(outcome.warnings.filter(({ code }) => !reported.has(code))),
    ),
  );
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
