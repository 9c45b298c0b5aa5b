import type { Curve } from '../allocation/curve.js';
import { policyNamed } from '../allocation/policies.js';
import { EspalierError, option, text } from '../base/errors.js';
import type { Offer, OfferInputs } from '../compression/compression.js';
import { compressionsFor } from '../compression/compressions.js';
import { type Decided, decidedBy } from '../compression/decided.js';
import { sectionsIn } from '../compression/sections.js';
import { CostModel } from '../cost/model.js';
import type { Analysis } from '../coupling/analysis.js';
import type { CalibrationSession } from '../loss/session.js';
import type { NativeModel } from '../native/index.js';
import type { OpenedPlanOptions } from '../options/opened.js';
import { policyFor } from '../options/policyFor.js';
import type { ChosenCurve, LatencyPrediction, Warning } from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { turnOfLoop } from '../platform/index.js';
import { budgetOf } from './budget.js';
import { type Latencies, predictionOf } from './latency.js';
import { madeWith } from './made.js';
import { Offers } from './offers.js';
import type { GroupScores } from './scores.js';

/** A plan just made, and what it comes to. */
export interface MadePlan {
  readonly analysis: Analysis;
  readonly plan: Plan;
  readonly decided: Decided;
  readonly latency?: LatencyPrediction;
  /** What is left is to be refitted in this session. */
  readonly session?: CalibrationSession;
  readonly warnings: readonly Warning[];
  readonly curves: readonly ChosenCurve[];
}

/** What the steps work with. */
export interface DecisionInputs {
  readonly native: NativeModel;
  readonly analysis: Analysis;
  /** What is known from samples, where there are some. */
  readonly session: CalibrationSession | undefined;
  readonly scores: GroupScores;
  readonly latencies: Latencies;
  /** Of the model's file, computed beside the other steps. */
  readonly sha256: Promise<string>;
}

/** The steps from an analysed model to a plan: calibrate, offer, budget, allocate, write down. */
export async function decide(setting: DecisionInputs, options: OpenedPlanOptions): Promise<MadePlan> {
  const { analysis, session, latencies } = setting;
  const policy = policyNamed(options.policy ?? policyFor(options));
  const refits = session !== undefined && options.reconstruct !== false;
  if (refits) await session.prepare(options);
  if (refits || policy.needsLoss === true) session?.expect();
  const offers = await offersOf(setting, options, refits, policy.needsLoss === true);
  const { curves } = offers;
  const sha256 = await setting.sha256;
  const costs = new CostModel(analysis);
  const latency =
    options.latency === undefined ? undefined : await latencies.of(analysis, costs, sha256, options);
  const budget = budgetOf(analysis, costs, offers, options, latency, refits ? session.added : 0);
  await turnOfLoop();
  const { ratio } = options;
  const choices = await policy.allocate({
    curves,
    ...(ratio !== undefined && { ratio }),
    ...(budget !== undefined && { budget }),
    ...(options.signal !== undefined && { signal: options.signal }),
  });
  if (ratio !== undefined && choices.every((choice) => choice === 0))
    throw tooCoarse(analysis, curves, ratio);
  await turnOfLoop();
  const decisions = offers.decisions(choices);
  const decided = decidedBy(analysis, [...decisions.values()]);
  await turnOfLoop();
  const { version, ...sections } = sectionsIn(decisions);
  const plan: Plan = {
    format: 'espalier-plan',
    version,
    model: { sha256, file: analysis.graph.file },
    made: madeWith(options, policy.name, refits, costs),
    ...sections,
  };
  const predicted = latency && { latency: predictionOf(latency, decided.removal, analysis) };
  const warnings = offers.all.flatMap(({ warnings = [] }) => warnings);
  const chosen = curves.map((curve, index) => chosenOf(curve, choices[index]!));
  return { analysis, plan, decided, warnings, curves: chosen, ...(refits && { session }), ...predicted };
}

const chosenOf = ({ unit, amounts, loss, isLossMeasured }: Curve, chosen: number): ChosenCurve => ({
  ...{ unit, amounts, chosen },
  loss: Array.from(loss),
  isLossMeasured: isLossMeasured === true,
});

/** errors: the reason of the first compression where none of them offers anything */
async function offersOf(
  { native, analysis, session, scores }: DecisionInputs,
  options: OpenedPlanOptions,
  refits: boolean,
  needsLoss: boolean,
): Promise<Offers> {
  const situation: Omit<OfferInputs, 'own'> = {
    native,
    analysis,
    options,
    session,
    refits,
    needsLoss,
    scores: (groups) => scores.of(analysis, groups, options),
  };
  const all = new Map<string, Offer>();
  for (const { compression, own } of compressionsFor(options.compress))
    all.set(compression.name, await compression.offer({ ...situation, own }));
  const offers = new Offers(analysis, all);
  if (offers.curves.length > 0) return offers;
  const why = offers.all.find(({ none }) => none !== undefined)?.none;
  throw why ?? nothingAsked();
}

const nothingAsked = (): EspalierError =>
  new EspalierError(
    'NOTHING_PRUNABLE',
    text`there is nothing to do: ${option('compress')} asks for no compression that finds anything in this model`,
  );

function tooCoarse({ graph }: Analysis, curves: readonly Curve[], ratio: number): EspalierError {
  const widest = curves.reduce((a, b) => (b.amounts[0]! > a.amounts[0]! ? b : a));
  return new EspalierError(
    'NOTHING_PRUNABLE',
    `a ratio of ${ratio} removes nothing: the widest of ${curves.length} groups, "${widest.unit}", has ${widest.amounts[0]} lanes`,
    { file: graph.file },
    text`Ask for a larger ratio, or for ${option('roundTo', 1)}.`,
  );
}
