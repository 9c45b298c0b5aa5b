import { warned } from '../base/errors.js';
import { named } from '../base/named.js';
import { option, text } from '../base/words.js';
import type { CalibrationSession } from '../loss/session.js';
import type { CallOptions, Warning } from '../options/types.js';
import { type CutModel, warnedOf } from './pruned.js';

/** The warning NOT_REFITTED: a plan that was made with a refit is applied without samples to fit to. */
export const notRefitted = (): Warning =>
  warned(
    'NOT_REFITTED',
    text`the plan was made with a refit of what is left, and without samples nothing is refitted: give ${option('data')} too`,
  );

/** The model with weights and biases solved anew for what is left, and what no refit has come to. */
export async function refitted(
  model: CutModel,
  session: CalibrationSession,
  options: CallOptions,
): Promise<CutModel> {
  const { edits, layers, samples, taken, unmatched } = await session.reconstruct(model, options);
  const beyond = session.beyond(model.cuts);
  const more = [
    ...(layers === 0 && model.plan.groups.length > 0 ? [NOTHING_REFITTED] : []),
    ...(taken.length > 0 ? [decided(taken)] : []),
    ...(unmatched.length > 0 ? [notMatched(unmatched)] : []),
    ...(beyond.length > 0 ? [partly(beyond)] : []),
  ];
  const reconstruction = { layers, samples };
  return warnedOf({ ...model, edits, after: model.measure(edits), reconstruction }, more);
}

const partly = (beyond: readonly string[]): Warning => ({
  code: 'PARTLY_REFITTED',
  text: `${beyond.length === 1 ? `node ${beyond[0]} lies` : `${beyond.length} nodes, first ${beyond[0]}, lie`} in a branch that not all samples take, in the body of a Loop or Scan, or in a function: what they multiply by is as it was cut. A branch is refitted by samples that all take it`,
});

const decided = (values: readonly string[]): Warning => ({
  code: 'DECISIONS_TAKEN',
  text: `weights were refitted with what the original decides in ${named(values)} (how long others are, or which are looked at): how often the pruned model decides the same was not judged here: verify both models to know`,
});

const notMatched = (nodes: readonly string[]): Warning => ({
  code: 'LENGTHS_DIFFER',
  text: `${named(nodes)} could not be refitted: their answers have other lengths in the pruned model on every sample, so that nothing there can be compared. They have the weights that were cut`,
});

const NOTHING_REFITTED: Warning = {
  code: 'NOTHING_REFITTED',
  text: 'no layer behind what was removed could be refitted to the samples: what stays is as it was cut. Refits need weights that are stored, as floats or as integers that stand for them, and that are not applied again to what they made',
};
