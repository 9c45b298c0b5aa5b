import { warned } from '../base/errors.js';
import { option, text } from '../base/words.js';
import type { Decided } from '../compression/decided.js';
import type { CalibrationSession } from '../loss/session.js';
import type { CallOptions, Warning } from '../options/types.js';
import type { PrunedModel } from './pruned.js';

/** The warning NOT_REFITTED: a plan that was made with a refit is applied without samples to fit to. */
export const notRefitted = (): Warning =>
  warned(
    'NOT_REFITTED',
    text`the plan was made with a refit of what is left, and without samples nothing is refitted: give ${option('data')} too`,
  );

/** Refits what is left, and says what no refit has come to. */
export async function refitted(
  pruned: PrunedModel,
  session: CalibrationSession,
  { cuts }: Decided,
  options: CallOptions,
): Promise<void> {
  await pruned.refit((removed) => session.reconstruct(removed, options));
  const beyond = session.beyond(cuts);
  if (beyond.length === 0) return;
  const text = `${beyond.length === 1 ? `node ${beyond[0]} lies` : `${beyond.length} nodes, first ${beyond[0]}, lie`} in a branch that not all samples take, in the body of a Loop or Scan, or in a function: what they multiply by is as it was cut. A branch is refitted by samples that all take it`;
  pruned.warnings.push({ code: 'PARTLY_REFITTED', text });
}
