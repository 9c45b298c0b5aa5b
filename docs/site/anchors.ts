/** The anchor that a heading of Markdown gets where repositories are shown; the site gives it the same. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

/** The anchors of a page: of its headings, a repeated one with a number behind it, and of its own elements. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const text = page.replace(/^```[\s\S]*?^```$/gm, '');
  const found = new Set([...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id!));
  const times = new Map<string, number>();
  for (const [, heading] of text.matchAll(/^#+ (.+)$/gm)) {
    const own = anchor(heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const before = times.get(own) ?? 0;
    times.set(own, before + 1);
    found.add(before === 0 ? own : `${own}-${before}`);
  }
  return found;
}
