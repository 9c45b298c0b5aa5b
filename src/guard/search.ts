/** What a try came to; undefined where so small an amount removes nothing. */
export interface Attempt<T> {
  readonly result: T | undefined;
  readonly holds: boolean;
}

/** The amount asked for, and halvings of what is between it and nothing: to within 1/64 of it. */
export const MOST_TRIES = 7;

/**
 * The hardest severity, of those tried, that holds: 1 first, then between the hardest that held and the gentlest that did
 * not.
 *
 * Where holding is no monotone function of the severity, what is found holds all the same: only what was tried is given,
 * and it may be gentler than another that would hold too.
 */
export async function hardest<T>(
  attempt: (severity: number) => Promise<Attempt<T>>,
  tries = MOST_TRIES,
): Promise<T | undefined> {
  let [held, failed] = [0, 2];
  let best: T | undefined;
  for (let i = 0; i < tries && held < 1; i++) {
    const severity = (held + failed) / 2;
    const { result, holds } = await attempt(severity);
    if (holds) {
      held = severity;
      best = result ?? best;
    } else failed = severity;
  }
  return best;
}
