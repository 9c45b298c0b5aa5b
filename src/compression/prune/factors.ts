import type { Group } from '../../coupling/groups.js';

const FEW = 4;

/**
 * Where an axis is a product (heads × dims, groups × inner lanes) one factor is cut: the outer one, or the inner where
 * there are fewer than four of the outer. Cutting both by a half would leave a quarter.
 */
export function oneFactorEach(all: readonly Group[], allowed: readonly Group[]): Group[] {
  const permitted = new Set(allowed);
  const excluded = new Set<Group>();
  const chosen: Group[] = [];
  const isOuter = (group: Group): boolean => [...group.factors.values()].includes('inner');
  const outerFirst = [...allowed].sort((a, b) => Number(isOuter(b)) - Number(isOuter(a)));
  for (const group of outerFirst) {
    if (excluded.has(group)) continue;
    const partners = [...group.factors.keys()]
      .map((index) => all[index]!)
      .filter((partner) => permitted.has(partner));
    const inner = partners.filter((partner) => !excluded.has(partner) && partner.lanes.length > 1);
    if (
      isOuter(group) &&
      group.lanes.length < FEW &&
      inner.some((partner) => partner.lanes.length >= group.lanes.length)
    )
      continue;
    chosen.push(group);
    for (const partner of partners) excluded.add(partner);
  }
  const wanted = new Set(chosen);
  return allowed.filter((group) => wanted.has(group));
}
