import { EspalierError } from '../base/errors.js';
import { matchInputs } from '../data/match.js';
import { part } from '../data/part.js';
import type { OpenedPlanOptions } from '../options/opened.js';
import type { Inspection, Stability } from '../options/types.js';
import type { Plan } from '../plan/plan.js';
import { GIVE_DATA } from '../schema/advice.js';

/**
 * How much the choice of lanes hangs on the calibration sample: plans on each half of the samples, and compares.
 *
 * A criterion that looks at weights alone agrees with itself entirely.
 * errors: OPTION_INVALID without data; DATA_MISMATCH for fewer than two samples; those of planning.
 */
export async function stabilityOf(
  { data, samples: most, guard: _, ...options }: OpenedPlanOptions,
  { inputs }: Inspection,
  plan: (options: OpenedPlanOptions) => Promise<Plan>,
): Promise<Stability> {
  if (data === undefined)
    throw new EspalierError(
      'OPTION_INVALID',
      'stability is that of a choice on samples, and none are given',
      {},
      GIVE_DATA,
    );
  const { samples, batch } = matchInputs(data, inputs as Parameters<typeof matchInputs>[1]);
  const step = typeof batch === 'number' ? batch : 1;
  const half = step * Math.floor(Math.min(samples, most ?? samples) / (2 * step));
  if (half === 0)
    throw new EspalierError('DATA_MISMATCH', `stability needs at least ${2 * step} samples`, {
      file: data.source,
    });
  const first = await plan({ ...options, data: part(data, samples, 0, half) });
  const second = await plan({ ...options, data: part(data, samples, half, 2 * half) });
  return { samples: [half, half], ...compared(first, second) };
}

/** How alike two plans of one model are, over the groups that either of them cuts. */
export function compared(first: Plan, second: Plan): Omit<Stability, 'samples'> {
  const lanes = new Map([...first.groups, ...second.groups].map((group) => [group.id, group.lanes]));
  const keptIn = (plan: Plan, id: string): ReadonlySet<number> =>
    new Set(plan.groups.find((group) => group.id === id)?.kept ?? Array(lanes.get(id)).keys());
  const groups = [...lanes].map(([id, of]) => {
    const [a, b] = [keptIn(first, id), keptIn(second, id)];
    const both = [...a].filter((lane) => b.has(lane)).length;
    const either = a.size + b.size - both;
    const [p, q] = [a.size / of, b.size / of];
    return {
      id,
      lanes: of,
      kept: [a.size, b.size] as const,
      jaccard: both / either,
      same: (both + of - either) / of,
      chance: p * q + (1 - p) * (1 - q),
    };
  });
  const all = groups.reduce((sum, group) => sum + group.lanes, 0);
  const shareOf = (pick: (group: (typeof groups)[number]) => number): number =>
    all === 0 ? 1 : groups.reduce((sum, group) => sum + group.lanes * pick(group), 0) / all;
  return {
    jaccard: groups.length === 0 ? 1 : groups.reduce((sum, { jaccard }) => sum + jaccard, 0) / groups.length,
    same: shareOf(({ same }) => same),
    chance: shareOf(({ chance }) => chance),
    groups: groups.map(({ chance: _, ...group }) => group),
  };
}
