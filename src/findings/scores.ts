import { wilson } from '../guard/interval.js';
import type { GuardReport, Verification } from '../options/types.js';
import type { Score } from './types.js';

/** What is said first of how alike two models are: outputs by their fidelity, classes that agree, accuracy, and guards as they were kept. */
export function scoresOf(verification: Verification | undefined, guard: GuardReport | undefined): Score[] {
  return [
    ...(guard === undefined ? [] : guardScores(guard)),
    ...(verification === undefined ? [] : found(verification)),
  ];
}

const guardScores = ({ guards, samples }: GuardReport): Score[] =>
  guards.map(({ metric, value, interval, atLeast, atMost }) => ({
    ...{ kind: 'guard' as const, of: metric, value, interval, samples },
    limit: { ...(atLeast !== undefined && { atLeast }), ...(atMost !== undefined && { atMost }) },
  }));

function found({ outputs, accuracy, data }: Verification): Score[] {
  const { samples } = data;
  const share = (kind: Score['kind'], of: string, value: number, original?: number): Score => ({
    ...{ kind, of, value, samples },
    ...(original !== undefined && { original }),
    interval: wilson(value, samples),
  });
  return [
    ...(accuracy === undefined
      ? []
      : [share('accuracy', accuracy.output, accuracy.pruned, accuracy.original)]),
    ...outputs.flatMap(({ name, fidelity, top1Agreement, unanswered }): Score[] => {
      if (top1Agreement !== null) return [share('top1', name, top1Agreement)];
      if (fidelity === null) return [];
      return [{ kind: 'fidelity', of: name, value: fidelity, samples: samples - unanswered.samples }];
    }),
  ];
}
