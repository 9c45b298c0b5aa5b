import { command, EspalierError, text } from '../base/errors.js';
import type { Analysis } from '../coupling/analysis.js';
import type { Group } from '../coupling/groups.js';
import { Removal } from '../coupling/survivors.js';
import type { PlannedAxes, PlannedGroup, PruneSection } from '../plan/plan.js';
import type { Cuts } from './cuts.js';
import { cutsOf } from './cuts.js';
import { leafTables } from './folding.js';
import { interfaceOf } from './shrunkInterface.js';

/** Which lanes leave, when each group keeps these positions. */
export function removalOf(analysis: Analysis, kept: ReadonlyMap<Group, readonly number[]>): Removal {
  const removed = new Set<number>();
  for (const [group, positions] of kept) {
    const stay = new Set(positions);
    for (const [position, lane] of group.lanes.entries()) if (!stay.has(position)) removed.add(lane);
  }
  return new Removal(analysis.equations, removed);
}

type PlanTables = Pick<PruneSection, 'tensors' | 'derived' | 'copies' | 'interface'>;

/** The tables of a plan that follow from what is cut. */
export function planTables(analysis: Analysis, { kept, copies }: Cuts, removal: Removal): PlanTables {
  const { graph } = analysis;
  const tensors: Record<string, Record<string, readonly number[]>> = {};
  const derived: Record<string, Record<string, readonly number[]>> = {};
  for (const [tensor, axes] of kept) {
    const table = graph.document.tensors[tensor]!.derived === undefined ? tensors : derived;
    table[graph.nameOf(tensor)] = Object.fromEntries([...axes].sort(([a], [b]) => a - b));
  }
  for (const [name, axes] of Object.entries(leafTables(graph, { kept, copies })))
    tensors[name] = { ...tensors[name], ...axes };
  const isDerived = Object.keys(derived).length > 0;
  const changed = interfaceOf(analysis, removal);
  return {
    tensors,
    ...(isDerived && { derived }),
    ...(copies.length > 0 && { copies: copies.map(({ id: _, ...copy }) => copy) }),
    ...(changed !== undefined && { interface: changed }),
  };
}

/**
 * Which lanes a plan removes from a model. Its `tensors` decide; without them its groups do.
 *
 * errors: PLAN_STALE where the plan names what the model does not have; PLAN_MALFORMED where what it keeps does not fit
 * together.
 */
export function removalOfPlan(
  analysis: Analysis,
  plan: PruneSection,
): { readonly removal: Removal; readonly cuts: Cuts } {
  const byTensors = Object.keys({ ...plan.tensors, ...plan.derived }).length > 0;
  const removal = byTensors ? removalByTensors(analysis, plan) : removalByGroups(analysis, plan);
  const cuts = cutsOf(analysis, removal);
  if (byTensors) {
    agree(analysis, plan, planTables(analysis, cuts, removal));
    groupsAgree(analysis, plan, removal);
  }
  return { removal, cuts };
}

function stale(
  analysis: Analysis,
  what: string,
  where: { tensor?: string; axis?: number } = {},
): EspalierError {
  return new EspalierError(
    'PLAN_STALE',
    what,
    { file: analysis.graph.file, ...where },
    text`The model changed after the plan was made. Make the plan again: ${command.plan}`,
  );
}

function removalByGroups(analysis: Analysis, plan: PruneSection): Removal {
  const byId = new Map(analysis.groups.map((group) => [group.id, group]));
  const kept = new Map<Group, readonly number[]>();
  for (const planned of plan.groups) {
    const group = byId.get(planned.id);
    if (group === undefined)
      throw stale(analysis, `the plan has a group "${planned.id}", the model has none of that name`);
    fits(analysis, planned, group);
    kept.set(group, planned.kept);
  }
  return removalOf(analysis, kept);
}

function fits(analysis: Analysis, planned: PlannedGroup, group: Group): void {
  const last = planned.kept.at(-1)!;
  if (planned.lanes !== group.lanes.length || last >= group.lanes.length) {
    throw stale(
      analysis,
      `the plan keeps lane ${last} of ${planned.lanes} in group "${planned.id}", which has ${group.lanes.length} lanes`,
    );
  }
}

/** A lane leaves where no index that stays has it. */
function removalByTensors(analysis: Analysis, plan: PruneSection): Removal {
  const { equations } = analysis;
  const lengths = new Map<string, number>();
  const shared = new Set<string>();
  for (const { tensor, axis, labels, use } of analysis.parameterAxes) {
    const place = `${analysis.graph.nameOf(tensor)}/${axis}`;
    if (use === undefined) lengths.set(place, labels.length);
    else shared.add(place);
  }
  const leaves = new Set(
    (analysis.graph.folds ?? []).flatMap(({ leaves }) => leaves.map(analysis.graph.nameOf)),
  );
  const planned = { ...plan.tensors, ...plan.derived };
  for (const [tensor, axes] of Object.entries(planned)) {
    for (const [axis, kept] of Object.entries(axes)) {
      const length = lengths.get(`${tensor}/${axis}`);
      // Vectors that are copied for each use, and tensors that others are derived of, are checked by what becomes of the
      // copies and of the derived ones.
      if (shared.has(`${tensor}/${axis}`) || leaves.has(tensor)) continue;
      if (length === undefined)
        throw stale(
          analysis,
          `the plan cuts tensor "${tensor}", which the model does not have or which cannot be cut there`,
          { tensor, axis: Number(axis) },
        );
      const last = kept.at(-1)!;
      if (last >= length)
        throw stale(analysis, `the plan keeps index ${last}, but the axis has ${length}`, {
          tensor,
          axis: Number(axis),
        });
    }
  }
  const all = new Set<number>();
  const stay = new Set<number>();
  for (const { tensor, axis, labels, use } of analysis.parameterAxes) {
    if (use !== undefined) continue;
    const own = planned[analysis.graph.nameOf(tensor)]?.[axis];
    const kept = own === undefined ? undefined : new Set(own);
    for (const [index, label] of labels.entries()) {
      for (const lane of equations.atoms(label)) {
        all.add(lane);
        if (kept === undefined || kept.has(index)) stay.add(lane);
      }
    }
  }
  return new Removal(equations, new Set([...all].filter((lane) => !stay.has(lane))));
}

/** The plan must be exactly what its lanes come to: a slice kept or dropped beside its lane would break the model. */
function agree(analysis: Analysis, plan: PruneSection, wanted: PlanTables): void {
  const [all, needs] = [plan, wanted].map(({ tensors, derived }) => ({ ...tensors, ...derived }));
  for (const tensor of new Set([...Object.keys(all!), ...Object.keys(needs!)])) {
    const [given, needed] = [all![tensor] ?? {}, needs![tensor] ?? {}];
    for (const axis of new Set([...Object.keys(given), ...Object.keys(needed)])) {
      const [a, b] = [given[axis], needed[axis]];
      if (
        a !== undefined &&
        b !== undefined &&
        a.length === b.length &&
        a.every((index, i) => index === b[i])
      )
        continue;
      throw new EspalierError(
        'PLAN_MALFORMED',
        `the plan keeps ${a === undefined ? 'all' : a.length} indices here, but what it keeps of coupled tensors leaves ${b === undefined ? 'all' : b.length}`,
        { file: analysis.graph.file, tensor, axis: Number(axis) },
        'Edit "kept" in "groups" and remove "tensors", "derived" and "copies": they are then derived again.',
      );
    }
  }
  if (plan.interface === undefined || sameInterface(plan.interface, wanted.interface)) return;
  throw new EspalierError(
    'PLAN_MALFORMED',
    'the plan\'s "interface" keeps other indices of inputs or outputs than its "tensors" come to',
    { file: analysis.graph.file },
    'Remove "interface": it is then derived again.',
  );
}

/** Two interfaces that keep the same. */
const sameInterface = (a: PruneSection['interface'], b: PruneSection['interface']): boolean =>
  (['inputs', 'outputs'] as const).every((kind) => {
    const [own, other] = [textOf(a?.[kind]), textOf(b?.[kind])];
    return own.length === other.length && own.every((text, i) => text === other[i]);
  });

const textOf = (values: Readonly<Record<string, PlannedAxes>> = {}): readonly string[] =>
  Object.entries(values)
    .flatMap(([name, axes]) =>
      Object.entries(axes).map(([axis, { length, kept }]) => JSON.stringify([name, axis, length, kept])),
    )
    .sort();

function groupsAgree(analysis: Analysis, plan: PruneSection, removal: Removal): void {
  const byId = new Map(analysis.groups.map((group) => [group.id, group]));
  for (const planned of plan.groups) {
    const group = byId.get(planned.id);
    if (group === undefined || group.lanes.length !== planned.lanes) continue;
    const kept = new Set(planned.kept);
    const wrong = group.lanes.findIndex((lane, position) => kept.has(position) === removal.removes(lane));
    if (wrong < 0) continue;
    throw new EspalierError(
      'PLAN_MALFORMED',
      `group "${planned.id}" ${kept.has(wrong) ? 'keeps' : 'drops'} lane ${wrong}, the plan's "tensors" do not`,
      { file: analysis.graph.file },
      'Edit "kept" in "groups" and remove "tensors", "derived" and "copies": they are then derived again.',
    );
  }
}
