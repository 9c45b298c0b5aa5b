import { roundingTo } from '../../allocation/rounding.js';
import { command, EspalierError, option, text } from '../../base/errors.js';
import { named } from '../../base/named.js';
import type { Analysis } from '../../coupling/analysis.js';
import type { Group } from '../../coupling/groups.js';
import { Removal } from '../../coupling/survivors.js';
import { Widths } from '../../coupling/widths.js';
import { quietly } from '../../native/quietly.js';
import type { Warning } from '../../options/types.js';
import type { PlannedGroup, PruneSection } from '../../plan/plan.js';
import { readPruneSection } from '../../plan/read.js';
import { cutsOf } from '../../surgery/cuts.js';
import { planTables, removalOf, removalOfPlan } from '../../surgery/removal.js';
import type { Compression, Decision, Offer, OfferInputs } from '../compression.js';
import { ascending, curveOf, type GroupCurve, priorLoss } from './curves.js';
import { oneFactorEach } from './factors.js';

/** Pruning: of each group of lanes that belong together some leave, those of the lowest scores first. */
export const prune: Compression<PruneSection> = {
  name: 'prune',
  offer,
  read: readPruneSection,
  replay(analysis, section) {
    const { removal, cuts } = removalOfPlan(analysis, section);
    return { section: { ...section, ...planTables(analysis, cuts, removal) }, removal };
  },
};

async function offer(situation: OfferInputs): Promise<Offer<PruneSection>> {
  const { analysis, options } = situation;
  const allowed = analysis.groups.filter(
    (group) => group.lanes.length > 1 && (group.exact || options.exact !== true),
  );
  if (allowed.length === 0)
    return { curves: [], decide: () => decisionOf(analysis, [], []), none: nothingPrunable(situation) };
  const groups = await groupsOf(situation, allowed);
  const scores = await situation.scores(groups);
  const losses = await lossesOf(situation, groups, scores);
  const rounding = roundingTo(options.roundTo);
  const curves = groups.map((group) => curveOf(group, scores.get(group)!, rounding, losses.get(group)));
  const widths = new Widths(analysis);
  return {
    curves,
    decide: (choices) => decisionOf(analysis, curves, choices, scores),
    left: (choices) => {
      for (const [index, { group, amounts }] of curves.entries())
        widths.set(group, amounts[choices[index]!]!);
      return { kept: widths };
    },
    warnings: losses.size > 0 ? overflowsAmong(situation, groups) : [],
  };
}

/** One factor of each product of groups; both where what both cost is known once all is refitted. */
async function groupsOf(
  { analysis, session, refits, needsLoss, options }: OfferInputs,
  allowed: readonly Group[],
): Promise<readonly Group[]> {
  const single = new Set(oneFactorEach(analysis.groups, allowed));
  const known = needsLoss && refits ? await session!.rankings(allowed, options) : [];
  return allowed.filter((group, index) => single.has(group) || known[index] !== undefined);
}

/** [lanes] by group: what leaving by the scores' order is predicted to cost; none where nobody asks, or nothing can be measured. */
async function lossesOf(
  { session, needsLoss, options }: OfferInputs,
  groups: readonly Group[],
  scores: ReadonlyMap<Group, Float64Array>,
): Promise<ReadonlyMap<Group, Float64Array>> {
  const found = new Map<Group, Float64Array>();
  if (!needsLoss || session === undefined) return found;
  for (const [done, group] of groups.entries()) {
    options.onProgress?.({ phase: 'weigh', done, total: groups.length });
    const own = scores.get(group)!;
    const order = Uint32Array.from(ascending(own));
    found.set(group, await session.damage(group, order, priorLoss(own, order), quietly(options)));
  }
  session.forgetTrials();
  return found;
}

/** The section and the removal of one width for each curve, computed when they are asked for: budgets ask for many. */
function decisionOf(
  analysis: Analysis,
  curves: readonly GroupCurve[],
  choices: readonly number[],
  scores: ReadonlyMap<Group, Float64Array> = new Map(),
): Decision<PruneSection> {
  const kept = new Map(curves.map((curve, index) => [curve.group, curve.kept(choices[index]!)]));
  const removal = curves.length > 0 ? removalOf(analysis, kept) : new Removal(analysis.equations, []);
  return {
    removal,
    get section(): PruneSection {
      const groups = analysis.groups.flatMap((group): PlannedGroup[] => {
        const positions = kept.get(group);
        if (positions === undefined || positions.length === group.lanes.length) return [];
        const worth = Array.from(scores.get(group)!);
        return [
          { id: group.id, lanes: group.lanes.length, kept: positions, exact: group.exact, scores: worth },
        ];
      });
      return { groups, ...planTables(analysis, cutsOf(analysis, removal), removal) };
    },
  };
}

function overflowsAmong({ session }: OfferInputs, groups: readonly Group[]): readonly Warning[] {
  const own = new Set(groups.map(({ id }) => id));
  const found = [...(session?.overflowing ?? [])].filter((id) => own.has(id));
  if (found.length === 0) return [];
  return [
    {
      code: 'TRIAL_OVERFLOWS',
      text: `with half of the lanes of ${named(found)} gone the model gave NaN or infinite values where the original gives numbers: that counted as losing all, and less of them leaves. float16 may be too small for what the model computes`,
    },
  ];
}

function nothingPrunable({ analysis, options }: OfferInputs): EspalierError {
  const { graph, groups, frozenNodes } = analysis;
  const inexact = groups.some((group) => !group.exact);
  const [first] = frozenNodes;
  const why =
    options.exact === true && inexact
      ? text`no lane is exact; without ${option('exact')} there are lanes to cut`
      : first !== undefined
        ? `every lane is frozen, for one because ${first[1].text} (node ${first[0].name})`
        : 'every lane is frozen';
  return new EspalierError(
    'NOTHING_PRUNABLE',
    text`there is nothing to prune: ${why}`,
    { file: graph.file },
    text`${command.inspect} shows what is frozen and why.`,
  );
}
