const MOST_LETTERS = 200;

/** The name that is nearly this one, if one is. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  // What is longer than any name is none of them, and would take long to compare.
  if (text.length > MOST_LETTERS) return undefined;
  const wanted = text.toLowerCase();
  const distances = names.map((name) => ({ name, distance: editDistance(wanted, name.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 3))
    ? best.name
    : undefined;
}

/** Names that this one may have been meant as: those that hold it first, then by how much they differ. */
export function near(text: string, names: readonly string[], most: number): readonly string[] {
  const wanted = text.toLowerCase();
  return names
    .map((name) => {
      const own = name.toLowerCase();
      return { name, holds: own.includes(wanted), distance: editDistance(wanted, own) };
    })
    .sort((a, b) => Number(b.holds) - Number(a.holds) || a.distance - b.distance)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Levenshtein 1966. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
